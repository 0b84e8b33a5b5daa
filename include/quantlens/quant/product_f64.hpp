/// Products of matrices in double, as GPTQ needs them: in strips of eight columns, by any kernel.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// y += a strip. Shapes: a [m, k], strip [k, 8], y [m, 8].
using AddProductF64 = void (*)(const MatrixView<const double>& a, const double* strip,
                               const MatrixView<double>& y) noexcept;

inline constexpr std::size_t product_strip = 8;

/// For any machine. (The runtime passes the kernels of the machine's own ISA, kernels/product_f64.hpp.)
inline void add_product_scalar(const MatrixView<const double>& a, const double* strip,
                               const MatrixView<double>& y) noexcept {
  for (std::size_t r = 0; r < a.rows; ++r)
    for (std::size_t k = 0; k < a.cols; ++k)
      for (std::size_t c = 0; c < product_strip; ++c) y(r, c) += a(r, k) * strip[k * product_strip + c];
}

/// Adds a B to y, where b(k, c) is an element of B. Shapes: a [m, k], B [k, n], y [m, n].
/// Numerics: each sum in the order of k, from what y holds.
template <class Element>
void add_product(MatrixView<const double> a, Element&& b, MatrixView<double> y, AddProductF64 kernel) {
  constexpr std::size_t depth = 256;  // a strip of it (16 KiB) stays in the first cache
  std::vector<double> strip(depth * product_strip), edge;
  for (std::size_t first = 0; first < a.cols; first += depth) {
    const std::size_t n_k = std::min(depth, a.cols - first);
    const MatrixView<const double> slice(a.data + first, a.rows, n_k, a.stride);
    for (std::size_t col = 0; col < y.cols; col += product_strip) {
      const std::size_t n = std::min(product_strip, y.cols - col);
      for (std::size_t k = 0; k < n_k; ++k)
        for (std::size_t c = 0; c < product_strip; ++c)
          strip[k * product_strip + c] = c < n ? b(first + k, col + c) : 0.0;
      if (n == product_strip) {
        kernel(slice, strip.data(), {y.data + col, y.rows, n, y.stride});
        continue;
      }
      edge.assign(y.rows * product_strip, 0.0);
      for (std::size_t r = 0; r < y.rows; ++r)
        for (std::size_t c = 0; c < n; ++c) edge[r * product_strip + c] = y(r, col + c);
      kernel(slice, strip.data(), {edge.data(), y.rows, product_strip});
      for (std::size_t r = 0; r < y.rows; ++r)
        for (std::size_t c = 0; c < n; ++c) y(r, col + c) = edge[r * product_strip + c];
    }
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
