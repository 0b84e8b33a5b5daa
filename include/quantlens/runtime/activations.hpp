/// Rows of activations in the forms that linear layers multiply with: floats, and int8 codes by one of two rules.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/packed/activation_form.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Which int8 forms somebody wants besides the floats.
struct ActivationForms {
  bool int8_runs = false, int8_rows = false;

  void add(ActivationForm form) {
    int8_runs = int8_runs || form == ActivationForm::int8_runs;
    int8_rows = int8_rows || form == ActivationForm::int8_rows;
  }
  [[nodiscard]] bool any() const noexcept { return int8_runs || int8_rows; }
};

/// Shapes: [n_rows, n_cols]; rows are padded with zeros to a multiple of 32.
class Activations {
 public:
  /// What was in it is lost. Memory only grows.
  void resize(std::size_t n_rows, std::size_t n_cols, ActivationForms forms = {}) {
    n_rows_ = n_rows;
    n_cols_ = n_cols;
    n_runs_ = ceil_div(n_cols, run_length);
    values_.require(n_rows * width());
    for (std::size_t r = 0; r < n_rows; ++r)
      for (std::size_t c = n_cols; c < width(); ++c) row(r)[c] = 0.0f;
    if (forms.int8_runs) runs_.require(n_rows, n_runs_);
    if (!forms.int8_rows) return;
    rows_.require(n_rows, n_runs_);
    outliers_.require(n_rows * width());
    n_outliers_.require(n_rows);
  }

  [[nodiscard]] std::size_t n_rows() const noexcept { return n_rows_; }
  [[nodiscard]] std::size_t n_cols() const noexcept { return n_cols_; }
  [[nodiscard]] float* row(std::size_t r) noexcept { return values_.data() + r * width(); }
  [[nodiscard]] const float* row(std::size_t r) const noexcept { return values_.data() + r * width(); }

  [[nodiscard]] MatrixView<float> view() noexcept { return {values_.data(), n_rows_, n_cols_, width()}; }
  [[nodiscard]] MatrixView<const float> view() const noexcept { return {values_.data(), n_rows_, n_cols_, width()}; }

  /// Fills the wanted int8 forms of row r from its floats.
  void quantize_row(const KernelTable& kernels, std::size_t r, ActivationForms forms) noexcept {
    if (forms.int8_runs)
      kernels.quantize_row_q8(row(r), n_runs_, runs_.codes.data() + r * width(), runs_.scales.data() + r * n_runs_,
                              runs_.sums.data() + r * n_runs_);
    if (forms.int8_rows)
      kernels.quantize_row_int8(row(r), n_runs_, outlier_threshold, rows_.codes.data() + r * width(),
                                rows_.scales.data() + r * n_runs_, rows_.sums.data() + r * n_runs_,
                                outliers_.data() + r * width(), n_outliers_[r]);
  }

  /// Takes every row of `from` with its columns in another order. Shape of order: [n_cols], as is `from`.
  void gather(const Activations& from, std::span<const std::uint32_t> order, ActivationForm form,
              const KernelTable& kernels) noexcept {
    ActivationForms forms;
    forms.add(form);
    for (std::size_t r = 0; r < from.n_rows_; ++r) {
      for (std::size_t c = 0; c < order.size(); ++c) row(r)[c] = from.row(r)[order[c]];
      quantize_row(kernels, r, forms);
    }
  }

  /// Rows [first, first + n) run by run: in `panel` [n_runs][n][32], where few are not worth the copy in their place.
  /// Kernels go through the runs of all rows; so they find them side by side, whatever the width is.
  [[nodiscard]] F32View f32(std::size_t first, std::size_t n, float* panel) const noexcept {
    if (n <= rows_left_in_place) return {row(first), n, width()};
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t run = 0; run < n_runs_; ++run)
        std::copy_n(row(first + r) + run * run_length, run_length, panel + (run * n + r) * run_length);
    return {panel, n, run_length, n * run_length};
  }
  [[nodiscard]] Q8View int8_runs() const noexcept { return runs_.view(n_rows_, n_runs_); }
  [[nodiscard]] Q8View int8_rows() const noexcept { return rows_.view(n_rows_, n_runs_); }
  /// Columns of row r that int8_rows() leaves out, ascending.
  [[nodiscard]] std::span<const std::uint32_t> outliers(std::size_t r) const noexcept {
    return {outliers_.data() + r * width(), n_outliers_[r]};
  }

 private:
  static constexpr std::size_t rows_left_in_place = 8;

  /// Owns what a Q8View shows.
  struct Int8 {
    AlignedBuffer<std::int8_t> codes;
    AlignedBuffer<float> scales;
    AlignedBuffer<std::int32_t> sums;

    void require(std::size_t n_rows, std::size_t n_runs) {
      codes.require(n_rows * n_runs * run_length);
      scales.require(n_rows * n_runs);
      sums.require(n_rows * n_runs);
    }
    [[nodiscard]] Q8View view(std::size_t n_rows, std::size_t n_runs) const noexcept {
      return {codes.data(), scales.data(), sums.data(), n_rows, n_runs};
    }
  };

  [[nodiscard]] std::size_t width() const noexcept { return n_runs_ * run_length; }

  std::size_t n_rows_ = 0, n_cols_ = 0, n_runs_ = 0;
  AlignedBuffer<float> values_;
  Int8 runs_, rows_;
  AlignedBuffer<std::uint32_t> outliers_;
  AlignedBuffer<std::size_t> n_outliers_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
