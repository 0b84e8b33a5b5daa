#include "quantlens/metrics/macro_average.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;

TEST_CASE("every group counts the same, however many items it has") {
  // Group 0: 3 of 4, group 2: 0 of 1, group 5: 1 of 2; the others do not occur.
  const std::vector<GroupedScore> items{{0, 1}, {2, 0}, {0, 1}, {5, 1}, {0, 0}, {0, 1}, {5, 0}};
  CHECK(macro_average(items) == Approx((0.75 + 0.0 + 0.5) / 3));
  CHECK(macro_average(std::vector<GroupedScore>{{7, 0.25}}) == 0.25);
  CHECK_THROWS_AS(macro_average({}), InputError);
}
