#include "quantlens/quant/grid_search.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "quantlens/core/rng.hpp"

using namespace quantlens;

namespace {

Grid exact_symmetric(WeightRange range) { return exact_grid(range, 2, true); }

float searched_scale(const std::vector<float>& group, const std::vector<float>& importance) {
  return searched_grid(range_of(group), group, importance, exact_symmetric).scale;
}

}  // namespace

// Two bits, symmetric: a group whose largest magnitude is m has a scale of 2 m / 3 and points of -2 to 1 scales.
TEST_CASE("the range shrinks as far as the error falls") {
  SECTION("to the share that meets every weight") {
    CHECK(searched_scale({-1.5f, 0.75f, 0.75f, 0.75f}, {1, 1, 1, 1}) == Approx(0.75));
  }
  SECTION("to the half where the largest weight does not matter") {
    CHECK(searched_scale({-3.0f, 0.75f, 0.75f, 0.75f}, {0, 1, 1, 1}) == Approx(1.0));
  }
  SECTION("to what suits the largest weight where only that one matters") {
    CHECK(searched_scale({-3.0f, 0.75f, 0.75f, 0.75f}, {1, 0, 0, 0}) == Approx(1.5));
  }
  SECTION("not at all where nothing is gained") {
    CHECK(searched_scale({0, 0, 0, 0}, {1, 1, 1, 1}) == Approx(2.0 / 3.0));
    CHECK(searched_scale({-1.5f, 1.0f, 1.0f, -1.0f}, {0, 0, 0, 0}) == Approx(1.0));
  }
}

TEST_CASE("errors count to the power 2.5, times their importance") {
  const std::vector<float> group{-5.0f, 0.25f}, importance{2.0f, 16.0f};
  std::vector<float> scratch(2);
  Grid grid;
  grid.bits = 2;
  grid.zero_point = 2;
  grid.scale = 0.5f;  // points -1, -0.5, 0, 0.5; a quarter is a tie, to even: 0
  CHECK(weighted_error(grid, group, importance, scratch) == Approx(2.0 * 32.0 + 16.0 / 32.0));
}

TEST_CASE("no searched grid has a larger error than the whole range's") {
  Rng rng(11);
  const int bits = GENERATE(2, 3, 4, 8);
  const bool symmetric = GENERATE(false, true);
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::vector<float> group(37), importance(37), scratch(37);
    for (float& w : group) w = static_cast<float>(rng.uniform() - 0.3);
    for (float& i : importance) i = static_cast<float>(rng.uniform());
    const auto make = [&](WeightRange range) { return stored_grid(range, bits, symmetric); };
    const WeightRange range = range_of(group);
    const Grid best = searched_grid(range, group, importance, make);
    CHECK(weighted_error(best, group, importance, scratch) <= weighted_error(make(range), group, importance, scratch));
  }
}
