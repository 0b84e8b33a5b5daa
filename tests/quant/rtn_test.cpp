#include "quantlens/quant/rtn.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "quantlens/core/rng.hpp"

using namespace quantlens;

namespace {
const std::vector<float> golden{-1.0f, -0.6f, -0.25f, 0.0f, 0.1f, 0.35f, 0.8f, 1.4f};

std::vector<int> codes_of(const Grid& grid, const std::vector<float>& values) {
  std::vector<int> codes;
  for (const float v : values) codes.push_back(grid.code(v));
  return codes;
}
}  // namespace

TEST_CASE("grids agree with the published rule on hand-checked values") {
  SECTION("4 bit symmetric") {
    const Grid grid = exact_grid(range_of(golden), 4, true);
    CHECK(grid.scale == Approx(0.186666667));
    CHECK(grid.zero_point == 8);
    CHECK(codes_of(grid, golden) == std::vector<int>{3, 5, 7, 8, 9, 10, 12, 15});
  }
  SECTION("4 bit affine") {
    const Grid grid = exact_grid(range_of(golden), 4, false);
    CHECK(grid.scale == Approx(0.16));
    CHECK(grid.zero_point == 6);
    CHECK(codes_of(grid, golden) == std::vector<int>{0, 2, 4, 6, 7, 8, 11, 15});
  }
  SECTION("8 bit symmetric") {
    const Grid grid = exact_grid(range_of(golden), 8, true);
    CHECK(grid.scale == Approx(0.010980392));
    CHECK(codes_of(grid, golden) == std::vector<int>{37, 73, 105, 128, 137, 160, 201, 255});
  }
  SECTION("8 bit affine") {
    const Grid grid = exact_grid(range_of(golden), 8, false);
    CHECK(grid.scale == Approx(0.009411765));
    CHECK(grid.zero_point == 106);
    CHECK(codes_of(grid, golden) == std::vector<int>{0, 42, 79, 106, 117, 143, 191, 255});
  }
  SECTION("a group without negative weights") {
    const std::vector<float> positive{0.5f, 0.6f, 0.9f, 1.1f};
    CHECK(codes_of(exact_grid(range_of(positive), 4, false), positive) == std::vector<int>{7, 8, 12, 15});
    CHECK(codes_of(exact_grid(range_of(positive), 4, true), positive) == std::vector<int>{15, 15, 15, 15});
  }
  SECTION("a group of zeros decodes to zeros") {
    const std::vector<float> zeros(4, 0.0f);
    const Grid grid = exact_grid(range_of(zeros), 4, false);
    CHECK(grid.value(grid.code(0.0f)) == 0.0f);
  }
}

TEST_CASE("stored scales are halves, and tiny weights do not divide by zero") {
  const Grid grid = stored_grid(range_of(golden), 4, false);
  CHECK(grid.scale == round_to_half(0.16f));
  const std::vector<float> tiny(32, 1e-12f);
  const Grid flat = stored_grid(range_of(tiny), 2, true);
  CHECK(flat.scale > 0.0f);
  CHECK(std::isfinite(flat.value(flat.code(1e-12f))));
}

TEST_CASE("the largest weight of a symmetric group takes the code that it has with the exact scale") {
  Rng rng(3);
  const int bits = GENERATE(2, 3, 4, 8);
  for (int repeat = 0; repeat < 200; ++repeat) {
    const auto largest = static_cast<float>(rng.uniform() + 0.01);
    const Grid grid = stored_grid({-largest, largest}, bits, true);
    CHECK(grid.scale == round_to_half(grid.scale));
    CHECK(int(grid.code(-largest)) == 0);
    CHECK(int(grid.code(largest)) == grid.max_code());
  }
}

TEMPLATE_TEST_CASE_SIG("every weight lands within half a step", "", ((int Bits), Bits), 2, 3, 4, 8) {
  const std::size_t group = GENERATE(0u, 32u, 64u);
  Rng rng(7);
  std::vector<float> weights(5 * 192);
  for (float& w : weights) w = static_cast<float>(rng.uniform() - 0.5);
  const auto packed = Rtn<Affine, Bits>{group}.quantize({weights.data(), 5, 192});
  std::vector<float> row(192);
  for (std::size_t r = 0; r < 5; ++r) {
    packed.decode_row(r, row);
    for (std::size_t c = 0; c < 192; ++c) {
      // Rounding the scale to a half moves the far end of the grid by up to max_code * 2^-11 steps more.
      const float step = packed.scale(r, c / packed.group_size());
      const float allowed = step * (0.5f + static_cast<float>(1 << Bits) * 0x1p-11f) * 1.001f;
      CHECK(std::fabs(row[c] - weights[r * 192 + c]) <= allowed);
    }
  }
}
