/// A weight matrix ready to multiply, whatever its format: the seam between compile-time kernels and run-time models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "quantlens/core/parallel.hpp"
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/packed/streamed.hpp"
#include "quantlens/quant/format_spec.hpp"

namespace quantlens::inline v0_1 {

/// Rows of activations: floats, and int8 codes of those rows that somebody quantized.
class Activations {
 public:
  /// Shapes: [n_rows, n_cols]; rows are padded with zeros to a multiple of 32. What was in it is lost.
  void resize(std::size_t n_rows, std::size_t n_cols) {
    n_rows_ = n_rows;
    if (n_cols != n_cols_) {
      // A narrower row would leave old values in the padding of a wider one.
      *this = Activations();
      n_rows_ = n_rows;
      n_cols_ = n_cols;
      n_runs_ = ceil_div(n_cols, run_length);
    }
    values_.require(n_rows * n_runs_ * run_length);
    codes_.require(n_rows * n_runs_ * run_length);
    scales_.require(n_rows * n_runs_);
    sums_.require(n_rows * n_runs_);
  }

  [[nodiscard]] float* row(std::size_t r) noexcept { return values_.data() + r * n_runs_ * run_length; }

  /// Fills the int8 side of row r from its floats.
  void quantize_row(const KernelTable& kernels, std::size_t r) noexcept {
    kernels.quantize_row_q8(row(r), n_runs_, codes_.data() + r * n_runs_ * run_length, scales_.data() + r * n_runs_,
                            sums_.data() + r * n_runs_);
  }

  [[nodiscard]] F32View f32() const noexcept { return {values_.data(), n_rows_, n_runs_ * run_length}; }
  [[nodiscard]] Q8View q8() const noexcept { return {codes_.data(), scales_.data(), sums_.data(), n_rows_, n_runs_}; }

 private:
  std::size_t n_rows_ = 0, n_cols_ = 0, n_runs_ = 0;
  AlignedBuffer<float> values_;
  AlignedBuffer<std::int8_t> codes_;
  AlignedBuffer<float> scales_;
  AlignedBuffer<std::int32_t> sums_;
};

/// y = x W^T + bias. Shapes: W [rows(), cols()], x [n, cols()], y [n, rows()].
class AnyLinear {
 public:
  /// Errors: InputError "activation" where the layout's codes are no integers and activations are to be int8.
  template <Layout L, int Bits>
  AnyLinear(const PackedMatrix<L, Bits>& matrix, Activation activation, const KernelTable& kernels)
      : rows_(matrix.rows()),
        cols_(matrix.cols()),
        bits_per_weight_(matrix.bits_per_weight()),
        packed_(kernels.packed<L>(Bits)),
        activation_(activation) {
    if (wants_q8() && packed_.a8 == nullptr)
      throw InputError("activation",
                       concat("codes of a codebook (", L::name, ") meet float activations only; leave -a8 out"));
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
  /// Whether the int8 side of the activations must be filled.
  [[nodiscard]] bool wants_q8() const noexcept { return activation_ == Activation::a8; }
  [[nodiscard]] bool is_packed() const noexcept { return std::holds_alternative<StreamedCodes>(weights_); }
  [[nodiscard]] double bits_per_weight() const noexcept { return bits_per_weight_; }
  /// Bytes in memory.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_ + sizeof(float) * bias_.size(); }

  /// Writes the outputs of this member's share of the tiles. Shapes: `sums` is scratch, [n][16].
  void apply(const Team& team, const Activations& x, OutputView y, float* sums) const noexcept {
    const Range tiles = team.slice(n_tiles());
    if (tiles.begin == tiles.end) return;
    if (const auto* codes = std::get_if<StreamedCodes>(&weights_)) {
      if (wants_q8())
        packed_.a8(codes->view, x.q8(), y, tiles.begin, tiles.end);
      else
        packed_.a32(codes->view, x.f32(), y, tiles.begin, tiles.end, sums);
    } else if (const auto* f32 = std::get_if<StreamedDense<float>>(&weights_)) {
      kernels_->dense_f32(f32->view, x.f32(), y, tiles.begin, tiles.end, sums);
    } else if (const auto* f16 = std::get_if<StreamedDense<Half>>(&weights_)) {
      kernels_->dense_f16(f16->view, x.f32(), y, tiles.begin, tiles.end, sums);
    } else {
      kernels_->dense_bf16(std::get_if<StreamedDense<BFloat16>>(&weights_)->view, x.f32(), y, tiles.begin, tiles.end,
                           sums);
    }
    add_bias(x.f32().n_rows, y, tiles);
  }

 private:
  void add_bias(std::size_t n, OutputView y, Range tiles) const noexcept {
    if (bias_.empty()) return;
    const std::size_t end = std::min(tiles.end * tile_width, rows_);
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t o = tiles.begin * tile_width; o < end; ++o) y.values[r * y.stride + o] += bias_[o];
  }

  std::size_t rows_, cols_, bytes_ = 0;
  double bits_per_weight_;
  std::variant<StreamedCodes, StreamedDense<float>, StreamedDense<Half>, StreamedDense<BFloat16>> weights_;
  PackedKernels packed_;
  const KernelTable* kernels_ = nullptr;
  Activation activation_ = Activation::a32;
  std::vector<float> bias_;
};

}  // namespace quantlens::inline v0_1
