/// AWQ's grid: from a group's least weight to its largest, whether or not 0 lies between them.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "quantlens/core/half.hpp"
#include "quantlens/packed/layout.hpp"
#include "quantlens/quant/grid.hpp"
#include "quantlens/quant/weight_range.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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

}  // namespace quantlens::inline QUANTLENS_ABI
