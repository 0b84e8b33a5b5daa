#include "quantlens/stats/corrections.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "reference.hpp"

using namespace quantlens;

TEST_CASE("Holm's adjustment of the worked example keeps the order of the input") {
  const auto adjusted = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005, 0.2});
  const std::vector<double> expected{0.04, 0.09, 0.09, 0.025, 0.2};
  REQUIRE(adjusted.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(adjusted[i] == Approx(expected[i]).epsilon(1e-12));
}

TEST_CASE("Holm's adjustment equals the reference with ties, one test and p of 0 and 1") {
  for (const auto& one : stats_reference("holm")) {
    const auto adjusted = holm(one.at("p").get<std::vector<double>>());
    const std::vector<double> expected = one.at("adjusted");
    REQUIRE(adjusted.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(adjusted[i] == Approx(expected[i]).epsilon(1e-12));
  }
}

TEST_CASE("Holm's adjustment refuses what is no probability") {
  CHECK(holm({}).empty());
  CHECK_THROWS_AS(holm(std::vector<double>{0.5, -0.1}), InputError);
  CHECK_THROWS_AS(holm(std::vector<double>{1.1}), InputError);
  CHECK_THROWS_AS(holm(std::vector<double>{std::nan("")}), InputError);
}
