#include "quantlens/quant/awq_grid.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "quantlens/core/rng.hpp"

using namespace quantlens;

namespace {

std::vector<int> codes_of(const Grid& grid, const std::vector<float>& values) {
  std::vector<int> codes;
  for (const float v : values) codes.push_back(grid.code(v));
  return codes;
}

std::vector<float> values_of(const Grid& grid, std::vector<float> values) {
  round_to_grid(grid, values);
  return values;
}

}  // namespace

TEST_CASE("AWQ's grids agree with the published rule on hand-checked values") {
  const std::vector<float> golden{-1.0f, -0.6f, -0.25f, 0.0f, 0.1f, 0.35f, 0.8f, 1.4f};
  SECTION("4 bit symmetric: codes count from -8") {
    const Grid grid = exact_awq_grid(golden, 4, true);
    CHECK(grid.scale == Approx(0.2).epsilon(1e-6));
    CHECK(grid.zero_point == 8);
    const std::vector<int> expected{-5, -3, -1, 0, 1, 2, 4, 7};
    const std::vector<int> codes = codes_of(grid, golden);
    // The fifth, 0.1, is a tie in exact arithmetic.
    for (const std::size_t i : {0u, 1u, 2u, 3u, 5u, 6u, 7u}) CHECK(codes[i] - 8 == expected[i]);
  }
  SECTION("4 bit affine: 0 lies inside, as on the other grid") {
    const Grid grid = exact_awq_grid(golden, 4, false);
    CHECK(grid.scale == Approx(0.16).epsilon(1e-6));
    CHECK(grid.zero_point == 6);
    CHECK(codes_of(grid, golden) == std::vector<int>{0, 2, 4, 6, 7, 8, 11, 15});
  }
  SECTION("a group without negative weights saturates") {
    const std::vector<float> positive{0.5f, 0.6f, 0.9f, 1.1f};
    const Grid grid = exact_awq_grid(positive, 4, false);
    CHECK(grid.scale == Approx(0.04).epsilon(1e-6));
    CHECK(grid.zero_point == 0);
    // 0.5 is 12.5 steps, a tie in exact arithmetic that the source rounds down.
    CHECK(codes_of(grid, {0.6f, 0.9f, 1.1f}) == std::vector<int>{15, 15, 15});
    const std::vector<float> values = values_of(grid, positive);
    CHECK(values[1] == Approx(0.6));
    CHECK(values[3] == Approx(0.6));
  }
  SECTION("a group without positive weights saturates at the other end") {
    const std::vector<float> negative{-0.6f, -0.9f, -1.1f};
    const Grid grid = exact_awq_grid(negative, 4, false);
    CHECK(grid.zero_point == 15);
    CHECK(codes_of(grid, negative) == std::vector<int>{0, 0, 0});
  }
}

TEST_CASE("equal weights and zeros have a grid, too") {
  const std::vector<float> zeros(5, 0.0f);
  for (const bool symmetric : {false, true}) {
    const Grid grid = exact_awq_grid(zeros, 4, symmetric);
    CHECK(grid.scale == Approx(symmetric ? 1e-5 / 7 : 1e-5 / 15));
    CHECK(values_of(grid, zeros) == zeros);
    const Grid stored = stored_awq_grid(zeros, 8, symmetric);
    CHECK(stored.scale > 0.0f);
    CHECK(stored.scale == round_to_half(stored.scale));
  }
}

TEST_CASE("a range is the least and the largest, wherever they stand") {
  for (const std::size_t n : {1u, 4u, 7u, 8u, 13u, 32u}) {
    for (std::size_t at = 0; at < n; ++at) {
      std::vector<float> group(n, 0.25f);
      group[at] = 3.0f;
      CHECK(range_of(group).high == 3.0f);
      group[at] = -3.0f;
      CHECK(range_of(group).low == -3.0f);
    }
  }
}

TEST_CASE("rounding a row of values is coding and decoding each of them") {
  Rng rng(5);
  std::vector<float> weights(96);
  for (float& w : weights) w = static_cast<float>(rng.uniform() - 0.4);
  weights[17] = 40.0f;
  for (const int bits : {2, 3, 4, 8}) {
    for (const bool symmetric : {false, true}) {
      const Grid grid = exact_awq_grid(std::span(weights).first(64), bits, symmetric);
      std::vector<float> expected;
      for (const float w : weights) expected.push_back(grid.value(grid.code(w)));
      CHECK(values_of(grid, weights) == expected);
    }
  }
  // Far beyond a narrow grid that 0 lies outside of.
  const std::vector<float> narrow{1000.0f, 1000.001f, 1000.0005f};
  const Grid grid = exact_awq_grid(narrow, 4, false);
  CHECK(values_of(grid, narrow)[0] == grid.value(15));
}

TEST_CASE("stored grids keep the scale as a half, half grids round the range first") {
  const std::vector<float> group{-0.3337f, 0.1234f, 0.7071f};
  CHECK(stored_awq_grid(group, 4, false).scale == round_to_half((0.7071f - -0.3337f) / 15.0f));
  std::vector<float> halves;
  for (const float w : group) halves.push_back(round_to_half(w));
  CHECK(half_awq_grid(halves, 4, false).scale == round_to_half(round_to_half(halves[2] - halves[0]) / 15.0f));
  const std::vector<float> huge{-3e38f, 3e38f};
  CHECK(stored_awq_grid(huge, 4, false).scale == 65504.0f);
}
