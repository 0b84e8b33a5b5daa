/// Round to nearest: every weight to the nearest point of its group's grid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/quant/grid.hpp"
#include "quantlens/quant/quantizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Shape of weights: [n_out, n_in]. Errors: those of PackedMatrix.
[[nodiscard]] inline PackedMatrix rtn(MatrixView<const float> weights, const IntegerCodes& wanted) {
  PackedMatrix packed = grid_matrix(weights.rows, weights.cols, wanted);
  std::vector<std::uint8_t> codes(weights.cols);
  for (std::size_t row = 0; row < weights.rows; ++row) {
    InterruptGuard::check();
    for (std::size_t g = 0; g < packed.n_groups(); ++g) {
      const std::size_t first = g * packed.group_size();
      const auto group = weights.row(row).subspan(first, packed.group_size());
      const Grid grid = stored_grid(range_of(group), wanted.bits, wanted.symmetric);
      for (std::size_t i = 0; i < group.size(); ++i) codes[first + i] = grid.code(group[i]);
      set_grid(packed, row, g, grid);
    }
    packed.set_row_codes(row, codes);
  }
  return packed;
}

/// Symmetric or affine by its layout. Errors: InputError "group_size" where groups do not fit the row.
template <Layout L, int Bits>
struct Rtn {
  using layout = L;
  static constexpr std::string_view name = "rtn";
  static constexpr int bits = Bits;

  std::size_t group_size = 0;  ///< 0: one group a row (per output channel)

  [[nodiscard]] PackedMatrix quantize(MatrixView<const float> weights) const {
    return rtn(weights, {Bits, group_size, !L::has_offset});
  }
};

static_assert(Quantizer<Rtn<Affine, 4>>);

}  // namespace quantlens::inline QUANTLENS_ABI
