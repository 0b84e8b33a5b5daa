#include "quantlens/quant/awq_clip.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "awq_toy.hpp"
#include "quantlens/core/rng.hpp"

using namespace quantlens;
using Catch::Matchers::Contains;

namespace {

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(rng.uniform() - 0.5);
  return values;
}

/// The error of one group at one step over the given tokens, the plain way.
double plain_error(MatrixView<const float> w, MatrixView<const float> x, std::size_t row, std::size_t first,
                   const AwqGroups& groups, std::size_t step, std::size_t stride) {
  const auto source = w.row(row).subspan(first, groups.group_size);
  float largest = 0.0f;
  for (const float value : source) largest = std::max(largest, std::fabs(value));
  const float limit = largest * static_cast<float>(1.0 - static_cast<double>(step) / 20.0);
  std::vector<float> clipped;
  for (const float value : source) clipped.push_back(std::clamp(value, -limit, limit));
  const Grid grid = exact_awq_grid(clipped, groups.bits, groups.symmetric);
  double error = 0.0;
  std::size_t n = 0;
  for (std::size_t t = 0; t < x.rows; t += stride, ++n) {
    double change = 0.0;
    for (std::size_t i = 0; i < source.size(); ++i)
      change += static_cast<double>(x(t, first + i)) *
                (static_cast<double>(grid.value(grid.code(clipped[i]))) - static_cast<double>(source[i]));
    error += change * change;
  }
  return error / static_cast<double>(n);
}

}  // namespace

TEST_CASE("clipping agrees with hand-checked values") {
  const auto clips = search_awq_clips({"toy", awq_toy::w}, {"x", awq_toy::x}, awq_toy::groups, 1);
  REQUIRE(clips.size() == 3);
  const std::array<double, 3> errors{0.00389264456, 0.00390733498, 0.00638355442};
  const std::array<float, 3> limits{0.9f, 0.7125f, 0.93f};
  const std::array<std::size_t, 3> steps{0, 1, 0};
  for (std::size_t r = 0; r < 3; ++r) {
    CHECK(clips[r].error == Approx(errors[r]).epsilon(1e-5));
    CHECK(clips[r].limit == Approx(limits[r]).epsilon(1e-6));
    CHECK(clips[r].step == steps[r]);
  }
  std::vector<float> weights = awq_toy::weights;
  clip_weights({weights.data(), 3, 4}, clips, awq_toy::groups);
  std::vector<float> expected = awq_toy::weights;
  expected[5] = clips[1].limit;
  CHECK(weights == expected);
}

TEST_CASE("limits are the best of ten, from whichever matrix is smaller and any number of threads") {
  // With 32 inputs in a group, 9 tokens are fewer than half of them and 40 are not; 1100 are strided by two.
  const std::size_t n_tokens = GENERATE(9u, 40u, 1100u);
  const std::size_t stride = n_tokens == 1100 ? 2 : 1;
  const bool symmetric = GENERATE(false, true);
  const AwqGroups groups{.bits = 3, .group_size = 32, .symmetric = symmetric};
  const std::vector<float> weights = random_values(11 * 96, 21), inputs = random_values(n_tokens * 96, 22);
  const MatrixView<const float> w(weights.data(), 11, 96), x(inputs.data(), n_tokens, 96);
  const auto clips = search_awq_clips({"w", w}, {"x", x}, groups, 1);
  std::size_t clipped = 0;
  for (std::size_t r = 0; r < 11; ++r)
    for (std::size_t g = 0; g < 3; ++g) {
      const AwqClip& clip = clips[r * 3 + g];
      clipped += clip.step > 0 ? 1u : 0u;
      CHECK(clip.error == Approx(plain_error(w, x, r, g * 32, groups, clip.step, stride)).epsilon(1e-6));
      for (std::size_t step = 0; step < awq_clip_steps; ++step)
        CHECK(plain_error(w, x, r, g * 32, groups, step, stride) >= clip.error * (1 - 1e-6));
    }
  CHECK(clipped > 5);
  for (const std::size_t threads : {2u, 3u}) {
    const auto others = search_awq_clips({"w", w}, {"x", x}, groups, threads);
    for (std::size_t i = 0; i < clips.size(); ++i)
      CHECK((others[i].limit == clips[i].limit && others[i].error == clips[i].error));
  }
}

TEST_CASE("zeros, silent inputs and outliers are left alone") {
  std::vector<float> weights(2 * 8, 0.0f), inputs = random_values(5 * 8, 31);
  weights[3] = 1e6f;
  for (std::size_t t = 0; t < 5; ++t) inputs[t * 8 + 6] = 0.0f;
  const AwqGroups groups{.bits = 4, .group_size = 4};
  const auto clips = search_awq_clips({"w", {weights.data(), 2, 8}}, {"x", {inputs.data(), 5, 8}}, groups, 1);
  // A lone outlier is exact when it is the range's end; groups of zeros have no error that a limit could lessen.
  for (const AwqClip& clip : clips) CHECK(clip.step == 0);
  CHECK(clips[0].limit == 1e6f);
  const std::vector<float> before = weights;
  clip_weights({weights.data(), 2, 8}, clips, groups);
  CHECK(weights == before);
}

TEST_CASE("bad weights and inputs of clipping are named") {
  std::vector<float> weights = random_values(2 * 8, 41), inputs = random_values(3 * 8, 42);
  const NamedMatrix w{"blocks.0.attn.v", {weights.data(), 2, 8}}, x{"inputs of attn.v", {inputs.data(), 3, 8}};
  const AwqGroups groups{.bits = 4, .group_size = 4};
  CHECK_THROWS_WITH(search_awq_clips(w, x, {.bits = 4, .group_size = 5}, 1),
                    Contains("[quantlens.group_size]") && Contains("blocks.0.attn.v"));
  CHECK_THROWS_WITH(search_awq_clips(w, {"x", {inputs.data(), 6, 4}}, groups, 1), Contains("[quantlens.shape]"));
  CHECK_THROWS_WITH(search_awq_clips(w, {"x", {inputs.data(), 0, 8}}, groups, 1), Contains("[quantlens.calibration]"));
  inputs[13] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH(search_awq_clips(w, x, groups, 1), Contains("inputs of attn.v[1, 5]"));
  weights[2] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(search_awq_clips(w, x, groups, 1), Contains("blocks.0.attn.v[0, 2]"));
}
