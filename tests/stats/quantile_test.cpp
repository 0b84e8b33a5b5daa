#include "quantlens/stats/quantile.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

namespace {

TEST_CASE("quantiles are linear between order statistics", "[stats]") {
  // numpy.quantile([4, 1, 3, 2], [0.5, 0.95, 1])
  CHECK(quantile({4, 1, 3, 2}, 0.5) == Approx(2.5));
  CHECK(quantile({4, 1, 3, 2}, 0.95) == Approx(3.85));
  CHECK(quantile({4, 1, 3, 2}, 1) == Approx(4));
  CHECK(quantile({7}, 0.95) == Approx(7));
  CHECK_FALSE(quantile({}, 0.5));
}

}  // namespace
