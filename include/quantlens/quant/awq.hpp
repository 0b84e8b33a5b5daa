/// Packs weights on AWQ's grid, after their scales and clipping have been searched and folded in.
///
/// The search itself: awq_scales.hpp (scales), awq_fold.hpp (where they go), awq_clip.hpp (clipping).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/quant/awq_grid.hpp"
#include "quantlens/quant/awq_matrix.hpp"
#include "quantlens/quant/grid.hpp"
#include "quantlens/quant/quantizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How codes are computed. Both store f16 scales and choose codes with them.
enum class AwqArithmetic {
  f32,  ///< range, quotient and weights in f32; only the scale is an f16
  f16   ///< weights, range and quotient are f16, too: code for code what AutoAWQ's gemm packing writes
};

/// Weights that are scaled and clipped already. Shape: [n_out, n_in]. Errors: InputError "not_finite" for weights that
/// are no numbers; those of PackedMatrix.
[[nodiscard]] inline PackedMatrix awq(MatrixView<const float> weights, const AwqGroups& groups,
                                      AwqArithmetic arithmetic = AwqArithmetic::f32) {
  check_finite({"weights", weights});
  PackedMatrix packed = grid_matrix(weights.rows, weights.cols, {groups.bits, groups.group_size, groups.symmetric});
  const auto rounded = [&](float value) { return arithmetic == AwqArithmetic::f16 ? round_to_half(value) : value; };
  std::vector<std::uint8_t> codes(weights.cols);
  std::vector<float> group(packed.group_size());
  for (std::size_t row = 0; row < weights.rows; ++row) {
    InterruptGuard::check();
    for (std::size_t g = 0; g < packed.n_groups(); ++g) {
      const std::size_t first = g * group.size();
      const auto source = weights.row(row).subspan(first, group.size());
      std::transform(source.begin(), source.end(), group.begin(), rounded);
      const Grid grid = arithmetic == AwqArithmetic::f16 ? half_awq_grid(group, groups.bits, groups.symmetric)
                                                         : stored_awq_grid(group, groups.bits, groups.symmetric);
      for (std::size_t i = 0; i < group.size(); ++i) {
        const float steps = std::nearbyint(rounded(group[i] / grid.scale)) + static_cast<float>(grid.zero_point);
        codes[first + i] = static_cast<std::uint8_t>(std::clamp(steps, 0.0f, static_cast<float>(grid.max_code())));
      }
      set_grid(packed, row, g, grid);
    }
    packed.set_row_codes(row, codes);
  }
  return packed;
}

/// awq() with layout and width as types: symmetric or affine by the layout.
template <Layout L, int Bits>
struct Awq {
  using layout = L;
  static constexpr std::string_view name = "awq";
  static constexpr int bits = Bits;

  std::size_t group_size = 0;  ///< 0: one group a row (per output channel)
  AwqArithmetic arithmetic = AwqArithmetic::f32;

  [[nodiscard]] PackedMatrix quantize(MatrixView<const float> weights) const {
    return awq(weights, {Bits, group_size, !L::has_offset}, arithmetic);
  }
};

static_assert(Quantizer<Awq<Affine, 4>>);

}  // namespace quantlens::inline QUANTLENS_ABI
