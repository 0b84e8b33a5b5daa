#include "quantlens/stats/moments.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;

TEST_CASE("mean and spread by hand") {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  CHECK(mean(values) == 5.0);
  CHECK(standard_deviation(values) == Approx(std::sqrt(32.0 / 7)));
  CHECK_FALSE(all_equal(values));
  CHECK(all_equal(std::vector<double>{0.1, 0.1, 0.1}));
}

TEST_CASE("paired differences keep order and sign") {
  CHECK(paired_differences(std::vector<double>{3, 1}, std::vector<double>{1, 2}) == std::vector<double>{2, -1});
  CHECK_THROWS_AS(paired_differences(std::vector<double>{3, 1}, std::vector<double>{1}), InputError);
}

TEST_CASE("a mean or spread of nothing is an error, not zero") {
  CHECK_THROWS_AS(mean({}), InputError);
  CHECK_THROWS_AS(all_equal({}), InputError);
  CHECK_THROWS_AS(standard_deviation(std::vector<double>{1}), InputError);
}
