/// Products of matrices in double, eight columns at a time.
#pragma once

#include <cstddef>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/isa/instructions.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// N rows of add_product_f64.
template <class Isa, std::size_t N>
QUANTLENS_ALWAYS_INLINE void add_product_rows_f64(const MatrixView<const double>& a, std::size_t row,
                                                  const double* strip, const MatrixView<double>& y) {
  using F64 = F64x8<Isa>;
  const double* from = a.data + row * a.stride;
  double* to = y.data + row * y.stride;
  F64 sums[N];
  for (std::size_t r = 0; r < N; ++r) sums[r] = F64::load(to + r * y.stride);
  for (std::size_t k = 0; k < a.cols; ++k) {
    const F64 b = F64::load(strip + k * F64::lanes);
    for (std::size_t r = 0; r < N; ++r) sums[r] = mul_add(F64::broadcast(from[r * a.stride + k]), b, sums[r]);
  }
  for (std::size_t r = 0; r < N; ++r) sums[r].store(to + r * y.stride);
}

/// y += a strip, in the order of the columns of a. Shapes: a [m, k], strip [k, 8], y [m, 8].
template <class Isa>
void add_product_f64(const MatrixView<const double>& a, const double* strip, const MatrixView<double>& y) noexcept {
  constexpr std::size_t block = 4;
  std::size_t row = 0;
  for (; row + block <= a.rows; row += block) add_product_rows_f64<Isa, block>(a, row, strip, y);
  for (; row < a.rows; ++row) add_product_rows_f64<Isa, 1>(a, row, strip, y);
}

}  // namespace quantlens::inline QUANTLENS_ABI
