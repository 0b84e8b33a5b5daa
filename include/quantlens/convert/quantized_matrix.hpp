/// A weight matrix between file and kernels: as stored, as floats, or as codes in their canonical form.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/runtime/linear.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline v0_1 {

/// Floats that no file holds. Shape [rows, cols].
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

/// What a quantizer made of one matrix. `form`: what activations its codes meet.
struct QuantizedMatrix {
  std::variant<const WeightMatrix*, DenseMatrix, std::shared_ptr<const PackedMatrix>> weights;
  ActivationForm form = ActivationForm::floats;
};

/// f16 and bf16 stay what they are in memory, everything else becomes f32.
[[nodiscard]] inline AnyLinear dense_linear(const WeightMatrix& matrix, const KernelTable& kernels) {
  const auto as_stored = [&]<class T>() {
    return AnyLinear(stream_dense<T>(matrix.rows, matrix.cols,
                                     [&](std::size_t r, std::span<T> out) {
                                       std::memcpy(out.data(), matrix.row(r).data(), out.size_bytes());
                                     }),
                     kernels);
  };
  if (!matrix.codes && matrix.type == GgmlType::f16) return as_stored.template operator()<Half>();
  if (!matrix.codes && matrix.type == GgmlType::bf16) return as_stored.template operator()<BFloat16>();
  return {stream_dense<float>(matrix.rows, matrix.cols,
                              [&](std::size_t r, std::span<float> out) { matrix.decode_row(r, out); }),
          kernels};
}

[[nodiscard]] inline AnyLinear dense_linear(const DenseMatrix& matrix, const KernelTable& kernels) {
  return {stream_dense<float>(matrix.rows, matrix.cols,
                              [&](std::size_t r, std::span<float> out) {
                                std::memcpy(out.data(), matrix.view().row(r).data(), out.size_bytes());
                              }),
          kernels};
}

/// Packed for `kernels`.
[[nodiscard]] inline AnyLinear make_linear(const QuantizedMatrix& matrix, const KernelTable& kernels) {
  if (const auto* stored = std::get_if<const WeightMatrix*>(&matrix.weights)) return dense_linear(**stored, kernels);
  if (const auto* dense = std::get_if<DenseMatrix>(&matrix.weights)) return dense_linear(*dense, kernels);
  return {*std::get<std::shared_ptr<const PackedMatrix>>(matrix.weights), matrix.form, kernels};
}

}  // namespace quantlens::inline v0_1
