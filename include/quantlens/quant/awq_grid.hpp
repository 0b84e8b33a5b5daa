/// AWQ's grid: from a group's least weight to its largest, whether or not 0 lies between them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>

#include "quantlens/core/half.hpp"
#include "quantlens/packed/layout.hpp"
#include "quantlens/quant/grid.hpp"

namespace quantlens::inline v0_1 {

/// Least and largest of a group.
struct WeightRange {
  float low = 0.0f, high = 0.0f;
};

/// Precondition: a group of at least one finite weight. Several minima side by side, so that compilers use vectors.
[[nodiscard]] inline WeightRange range_of(std::span<const float> group) {
  static constexpr std::size_t lanes = 8;
  std::array<float, lanes> low, high;
  low.fill(group[0]);
  high.fill(group[0]);
  const std::size_t whole = group.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      low[lane] = std::min(low[lane], group[i + lane]);
      high[lane] = std::max(high[lane], group[i + lane]);
    }
  for (std::size_t i = whole; i < group.size(); ++i) {
    low[0] = std::min(low[0], group[i]);
    high[0] = std::max(high[0], group[i]);
  }
  return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end())};
}

/// `step` rounds every intermediate result, `stored` makes the scale what is kept of it.
/// The zero point of an affine group that 0 lies outside of is clamped, so that such a group saturates, as in the
/// source. Symmetric codes reach one step further down than up.
/// Source: AutoAWQ 0.2.9, AwqQuantizer.pseudo_quantize_tensor.
template <class Stored, class Step>
[[nodiscard]] Grid awq_grid_over(std::span<const float> group, int bits, bool symmetric, Stored&& stored, Step&& step) {
  static constexpr float least_range = 1e-5f;
  const auto [low, high] = range_of(group);
  Grid grid;
  grid.bits = bits;
  if (symmetric) {
    const float largest = std::max(std::max(high, -low), step(least_range));
    grid.scale = stored(largest / static_cast<float>(code_centre(bits) - 1));
    grid.zero_point = code_centre(bits);
  } else {
    const auto max_code = static_cast<float>(grid.max_code());
    grid.scale = stored(std::max(step(high - low), step(least_range)) / max_code);
    grid.zero_point = static_cast<int>(std::clamp(-std::nearbyint(step(low / grid.scale)), 0.0f, max_code));
  }
  return grid;
}

namespace awq_detail {

/// A scale as a file keeps it; never one that something could not be divided by.
[[nodiscard]] inline float stored_scale(float scale) {
  static constexpr float smallest_half = 0x1p-24f, largest_half = 65504.0f;
  return std::clamp(round_to_half(scale), smallest_half, largest_half);
}

}  // namespace awq_detail

/// The grid with its exact scale: what scales and clipping are searched with.
[[nodiscard]] inline Grid exact_awq_grid(std::span<const float> group, int bits, bool symmetric) {
  const auto same = [](float value) { return value; };
  return awq_grid_over(group, bits, symmetric, same, same);
}

/// The grid with the scale that a file stores, an f16, rounded before any code is chosen.
[[nodiscard]] inline Grid stored_awq_grid(std::span<const float> group, int bits, bool symmetric) {
  return awq_grid_over(group, bits, symmetric, awq_detail::stored_scale, [](float value) { return value; });
}

/// The grid as AutoAWQ computes it when it packs: every step an f16. Precondition: the weights are f16 values.
[[nodiscard]] inline Grid half_awq_grid(std::span<const float> group, int bits, bool symmetric) {
  return awq_grid_over(group, bits, symmetric, awq_detail::stored_scale, round_to_half);
}

/// Every value becomes its nearest on the grid: grid.value(grid.code(value)), in a form that compilers vectorise.
inline void round_to_grid(const Grid& grid, std::span<float> values) {
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even, where magnitudes are below 2^22.
  // What lies more than a whole grid beyond 0 saturates whatever the zero point is.
  static constexpr float to_integer = 0x1.8p23f;
  const auto max_code = static_cast<float>(grid.max_code());
  const auto zero_point = static_cast<float>(grid.zero_point);
  const float scale = grid.scale, far = max_code + 1.0f;
  for (float& value : values) {
    const float steps = std::min(std::max(value / scale, -far), far);
    const float code = std::min(std::max(((steps + to_integer) - to_integer) + zero_point, 0.0f), max_code);
    value = scale * (code - zero_point);
  }
}

}  // namespace quantlens::inline v0_1
