/// Packed matrices whose groups are grids: integer codes with a scale and, unless symmetric, an integer zero point.
#pragma once

#include <cstddef>

#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/quant/grid.hpp"

namespace quantlens::inline v0_1 {

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

}  // namespace quantlens::inline v0_1
