/// The uniform grid that RTN, GPTQ and AWQ share: a scale and an integer zero point for one group of weights, and
/// packed matrices whose groups are such grids.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "quantlens/core/half.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/quant/weight_range.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// value = scale * (code - zero_point), code in [0, 2^bits - 1].
struct Grid {
  float scale = 1.0f;
  int zero_point = 0;
  int bits = 4;

  [[nodiscard]] int max_code() const noexcept { return (1 << bits) - 1; }

  /// Nearest code, ties to even, clamped to the grid.
  [[nodiscard]] std::uint8_t code(float value) const noexcept {
    const float steps = std::nearbyint(value / scale) + static_cast<float>(zero_point);
    return static_cast<std::uint8_t>(std::clamp(steps, 0.0f, static_cast<float>(max_code())));
  }
  [[nodiscard]] float value(std::uint8_t code) const noexcept {
    return scale * static_cast<float>(static_cast<int>(code) - zero_point);
  }
};

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

/// The grid of `bits` bits over a range, widened to include 0; `stored` makes the scale what is kept of it.
/// A symmetric range without negative weights keeps its minimum at 0 and so saturates, as in the source.
/// Source: the GPTQ authors' quantizer (arXiv 2210.17323).
template <class Stored>
[[nodiscard]] Grid grid_over(WeightRange range, int bits, bool symmetric, Stored&& stored) {
  float low = std::min(range.low, 0.0f), high = std::max(range.high, 0.0f);
  if (symmetric) {
    high = std::max(-low, high);
    if (low < 0.0f) low = -high;
  }
  if (low == 0.0f && high == 0.0f) {
    low = -1.0f;
    high = 1.0f;
  }
  Grid grid;
  grid.bits = bits;
  const auto max_code = static_cast<float>(grid.max_code());
  grid.scale = stored((high - low) / max_code);
  grid.zero_point =
      symmetric ? 1 << (bits - 1) : static_cast<int>(std::clamp(std::nearbyint(-low / grid.scale), 0.0f, max_code));
  return grid;
}

/// The grid with its exact scale.
[[nodiscard]] inline Grid exact_grid(WeightRange range, int bits, bool symmetric) {
  return grid_over(range, bits, symmetric, [](float scale) { return scale; });
}

/// The grid with the scale that a file stores, an f16, rounded before any code is chosen. A scale below the smallest
/// half stays at that, so that nothing divides by zero.
/// A symmetric scale is rounded down: the largest weight lies halfway between two codes, and with a scale that is
/// larger than the exact one would take the other one.
[[nodiscard]] inline Grid stored_grid(WeightRange range, int bits, bool symmetric) {
  static constexpr float smallest_half = 0x1p-24f, largest_half = 65504.0f;
  return grid_over(range, bits, symmetric, [symmetric](float scale) {
    return std::clamp(symmetric ? truncate_to_half(scale) : round_to_half(scale), smallest_half, largest_half);
  });
}

/// What integer codes are like.
struct IntegerCodes {
  int bits = 4;
  std::size_t group_size = 0;  ///< inputs that share a grid; 0: the whole row
  bool symmetric = false;
};

/// An empty matrix; a file spends a half on each scale and a code on each zero point. Errors: those of PackedMatrix.
[[nodiscard]] inline PackedMatrix grid_matrix(std::size_t rows, std::size_t cols, const IntegerCodes& codes) {
  return {codes.symmetric ? LayoutKind::symmetric : LayoutKind::affine, codes.bits, rows, cols, codes.group_size,
          /*group_bits=*/16.0 + (codes.symmetric ? 0 : codes.bits)};
}

/// Makes the codes of a group those of a grid. Precondition: grid and matrix are alike in bits and symmetry.
inline void set_grid(PackedMatrix& packed, std::size_t row, std::size_t group, const Grid& grid) {
  packed.scale(row, group) = grid.scale;
  if (packed.has_offset()) packed.offset(row, group) = -grid.scale * static_cast<float>(grid.zero_point);
}

}  // namespace quantlens::inline QUANTLENS_ABI
