/// A weight matrix ready to multiply, whatever its format: the seam between compile-time kernels and run-time models.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "quantlens/core/parallel.hpp"
#include "quantlens/packed/streamed.hpp"
#include "quantlens/runtime/activations.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What one thread needs beside its inputs and outputs.
struct LinearScratch {
  AlignedBuffer<float> sums;   ///< [panel_rows][16]
  AlignedBuffer<float> panel;  ///< [n_runs][panel_rows][32]
  Activations gathered;        ///< room for the inputs of a layer that reads them in another order

  /// Room for layers of up to `n_cols` inputs, but for gathered ones.
  void require(std::size_t n_cols) {
    sums.require(panel_rows * tile_width);
    panel.require(panel_rows * round_up(n_cols, run_length));
  }
};

/// y = x W^T + bias. Shapes: W [rows(), cols()], x [n, cols()], y [n, rows()].
class AnyLinear {
 public:
  /// No outputs.
  AnyLinear() = default;

  /// Precondition: int8_rows needs 8-bit symmetric codes.
  /// Errors: InputError "activation" where the layout's codes are no integers and activations are to be int8.
  AnyLinear(const PackedMatrix& matrix, ActivationForm form, const KernelTable& kernels)
      : rows_(matrix.rows()),
        cols_(matrix.cols()),
        bits_per_weight_(matrix.bits_per_weight()),
        packed_(kernels.packed(matrix.layout(), matrix.bits())),
        kernels_(&kernels),
        form_(form),
        input_order_(matrix.input_order()) {
    if (form_ != ActivationForm::floats && packed_.a8 == nullptr)
      throw InputError("activation", concat("codes of a codebook (", matrix.layout_info().name,
                                            ") meet float activations only; leave -a8 out"));
    StreamedCodes streamed = stream(matrix);
    bytes_ = streamed.codes.size() + sizeof(float) * (streamed.scales.size() + streamed.offsets.size());
    weights_ = std::move(streamed);
  }

  template <class T>
  AnyLinear(StreamedDense<T> dense, const KernelTable& kernels)
      : rows_(dense.view.rows), cols_(dense.view.cols), bits_per_weight_(8.0 * sizeof(T)), kernels_(&kernels) {
    bytes_ = sizeof(T) * dense.values.size();
    weights_ = std::move(dense);
  }

  void set_bias(std::vector<float> bias) { bias_ = std::move(bias); }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  [[nodiscard]] std::size_t n_tiles() const noexcept { return ceil_div(rows_, tile_width); }
  /// What the caller's activations must hold; a layer that reads its inputs in another order fills it itself.
  [[nodiscard]] ActivationForm wanted_form() const noexcept {
    return input_order_.empty() ? form_ : ActivationForm::floats;
  }
  [[nodiscard]] ActivationForm form() const noexcept { return form_; }
  [[nodiscard]] bool reorders_inputs() const noexcept { return !input_order_.empty(); }
  [[nodiscard]] bool is_packed() const noexcept { return std::holds_alternative<StreamedCodes>(weights_); }
  [[nodiscard]] double bits_per_weight() const noexcept { return bits_per_weight_; }
  /// Bytes in memory.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_ + sizeof(float) * bias_.size(); }

  /// Writes the outputs of this member's share of the tiles.
  void apply(const Team& team, const Activations& x, OutputView y, LinearScratch& scratch) const noexcept {
    const Range tiles = team.slice(n_tiles());
    if (tiles.begin == tiles.end) return;
    if (reorders_inputs()) {
      scratch.gathered.resize(x.n_rows(), cols_, forms());
      scratch.gathered.gather(x, input_order_, form_, *kernels_);
      multiply(tiles, scratch.gathered, y, scratch);
    } else {
      multiply(tiles, x, y, scratch);
    }
    add_bias(x.n_rows(), y, tiles);
  }

  /// Everything that `form()` needs.
  [[nodiscard]] ActivationForms forms() const noexcept {
    ActivationForms forms;
    forms.add(form_);
    return forms;
  }

 private:
  void multiply(Range tiles, const Activations& x, OutputView y, LinearScratch& scratch) const noexcept {
    if (const auto* codes = std::get_if<StreamedCodes>(&weights_)) {
      multiply_codes(*codes, tiles, x, y, scratch);
    } else if (const auto* f32 = std::get_if<StreamedDense<float>>(&weights_)) {
      multiply_floats(kernels_->dense_f32, f32->view, tiles, x, y, scratch);
    } else if (const auto* f16 = std::get_if<StreamedDense<Half>>(&weights_)) {
      multiply_floats(kernels_->dense_f16, f16->view, tiles, x, y, scratch);
    } else {
      multiply_floats(kernels_->dense_bf16, std::get_if<StreamedDense<BFloat16>>(&weights_)->view, tiles, x, y,
                      scratch);
    }
  }

  /// With float activations, a panel of rows after the other.
  template <class Weights>
  static void multiply_floats(MatmulA32<Weights> kernel, const Weights& weights, Range tiles, const Activations& x,
                              OutputView y, LinearScratch& scratch) noexcept {
    for (std::size_t first = 0; first < x.n_rows(); first += panel_rows) {
      const std::size_t n = std::min(panel_rows, x.n_rows() - first);
      kernel(weights, x.f32(first, n, scratch.panel.data()), {y.values + first * y.stride, y.stride}, tiles.begin,
             tiles.end, scratch.sums.data());
    }
  }

  void multiply_codes(const StreamedCodes& codes, Range tiles, const Activations& x, OutputView y,
                      LinearScratch& scratch) const noexcept {
    switch (form_) {
      case ActivationForm::floats:
        return multiply_floats(packed_.a32, codes.view, tiles, x, y, scratch);
      case ActivationForm::int8_runs:
        return packed_.a8(codes.view, x.int8_runs(), y, tiles.begin, tiles.end);
      case ActivationForm::int8_rows:
        packed_.a8(codes.view, x.int8_rows(), y, tiles.begin, tiles.end);
        for (std::size_t r = 0; r < x.n_rows(); ++r)
          kernels_->add_outlier_columns(codes.view, x.row(r), x.outliers(r).data(), x.outliers(r).size(),
                                        y.values + r * y.stride, tiles.begin, tiles.end);
    }
  }

  void add_bias(std::size_t n, OutputView y, Range tiles) const noexcept {
    if (bias_.empty()) return;
    const std::size_t end = std::min(tiles.end * tile_width, rows_);
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t o = tiles.begin * tile_width; o < end; ++o) y.values[r * y.stride + o] += bias_[o];
  }

  std::size_t rows_ = 0, cols_ = 0, bytes_ = 0;
  double bits_per_weight_ = 0;
  std::variant<StreamedCodes, StreamedDense<float>, StreamedDense<Half>, StreamedDense<BFloat16>> weights_;
  PackedKernels packed_;
  const KernelTable* kernels_ = nullptr;
  ActivationForm form_ = ActivationForm::floats;
  std::vector<std::uint32_t> input_order_;
  std::vector<float> bias_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
