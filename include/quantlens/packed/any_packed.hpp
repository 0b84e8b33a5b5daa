/// A packed matrix whose layout and bit width are known at run time only.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "quantlens/packed/packed_matrix.hpp"

namespace quantlens::inline v0_1 {

/// Every layout and bit width that a quantizer writes or a file holds.
using AnyPacked = std::variant<PackedMatrix<Symmetric, 2>, PackedMatrix<Symmetric, 3>, PackedMatrix<Symmetric, 4>,
                               PackedMatrix<Symmetric, 5>, PackedMatrix<Symmetric, 8>, PackedMatrix<Affine, 2>,
                               PackedMatrix<Affine, 3>, PackedMatrix<Affine, 4>, PackedMatrix<Affine, 5>,
                               PackedMatrix<Affine, 8>, PackedMatrix<Symmetric16, 3>, PackedMatrix<Symmetric16, 6>,
                               PackedMatrix<Affine16, 2>, PackedMatrix<Nf4, 4>, PackedMatrix<Fp4, 4>>;

/// The values of a row in the order of the inputs. Shapes: out has as many elements as the matrix has columns.
inline void decode_row(const AnyPacked& matrix, std::size_t row, std::span<float> out) {
  std::visit([&](const auto& packed) { packed.decode_row(row, out); }, matrix);
}

}  // namespace quantlens::inline v0_1
