/// The floats of a matrix while a quantizer works on them.
#pragma once

#include <cstddef>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Shape [rows, cols].
struct DenseMatrix {
  std::size_t rows = 0, cols = 0;
  AlignedBuffer<float> values;

  [[nodiscard]] MatrixView<float> view() noexcept { return {values.data(), rows, cols}; }
  [[nodiscard]] MatrixView<const float> view() const noexcept { return {values.data(), rows, cols}; }
};

/// The weights as floats.
[[nodiscard]] inline DenseMatrix decode_matrix(const WeightMatrix& matrix) {
  DenseMatrix dense{matrix.rows, matrix.cols, AlignedBuffer<float>(matrix.rows * matrix.cols)};
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    InterruptGuard::check();
    matrix.decode_row(r, dense.view().row(r));
  }
  return dense;
}

}  // namespace quantlens::inline QUANTLENS_ABI
