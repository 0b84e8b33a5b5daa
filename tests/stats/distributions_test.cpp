#include "quantlens/stats/distributions.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("the normal distribution as tables have it") {
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-12));
  CHECK(normal_cdf(1.959963984540054) == Approx(0.975).epsilon(1e-12));
  CHECK(normal_quantile(0.5) == Approx(0.0).margin(1e-15));
}

TEST_CASE("a fair coin thrown four times, by counting") {
  CHECK(fair_coin(4, 0).at_most == Approx(1.0 / 16));
  CHECK(fair_coin(4, 1).at_most == Approx(5.0 / 16));
  CHECK(fair_coin(4, 1).exactly == Approx(4.0 / 16));
  CHECK(fair_coin(4, 4).at_most == Approx(1.0));
}
