/// A quantized matrix in canonical form: what quantizers write, files hold and tests read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/packed/bit_pack.hpp"
#include "quantlens/packed/layout.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Owns codes and groups. Shapes: codes [rows, cols], packed row by row; scales and offsets [rows, n_groups()].
/// A group is `group_size` consecutive columns of one row: a multiple of 32 that divides cols, or the whole row; in
/// layouts with two groups a run it is 16.
/// Column c multiplies input c, or input_order()[c] where there is an order.
class PackedMatrix {
 public:
  /// group_size 0 means the whole row. `group_bits`: what a file spends on one group, its scale and its offset (or
  /// integer zero point). Whoever knows layout and width at compile time has pack(), which checks them there.
  /// Errors: InputError "format" for a layout that has no codes of `bits` bits, "group_size" where groups do not fit
  /// the row, "shape" for one without columns.
  PackedMatrix(LayoutKind layout, int bits, std::size_t rows, std::size_t cols, std::size_t group_size,
               double group_bits)
      : layout_(layout),
        bits_(bits),
        rows_(rows),
        cols_(cols),
        group_size_(group_size == 0 ? cols : group_size),
        group_bits_(group_bits) {
    check_bits();
    check_group_size(group_size);
    codes_.resize(rows * row_bytes());
    scales_.resize(rows * n_groups());
    if (has_offset()) offsets_.resize(rows * n_groups());
  }

  [[nodiscard]] LayoutKind layout() const noexcept { return layout_; }
  [[nodiscard]] const LayoutInfo& layout_info() const noexcept { return info_of(layout_); }
  [[nodiscard]] bool has_offset() const noexcept { return layout_info().has_offset; }
  [[nodiscard]] bool has_codebook() const noexcept { return layout_info().has_codebook(); }
  /// Of a code.
  [[nodiscard]] int bits() const noexcept { return bits_; }
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  [[nodiscard]] std::size_t group_size() const noexcept { return group_size_; }
  [[nodiscard]] std::size_t n_groups() const noexcept { return cols_ / group_size_; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return packed_bytes(cols_, bits_); }

  /// Shape of codes: [cols()]. Errors: InputError "shape".
  void set_row_codes(std::size_t row, std::span<const std::uint8_t> codes) {
    if (row >= rows_ || codes.size() != cols_)
      throw InputError("shape",
                       concat("codes for row ", row, " of [", rows_, ", ", cols_, "]: got ", codes.size(), " of them"));
    pack_codes(codes, bits_, std::span(codes_).subspan(row * row_bytes(), row_bytes()));
  }
  void row_codes(std::size_t row, std::span<std::uint8_t> codes) const {
    unpack_codes(std::span(codes_).subspan(row * row_bytes(), row_bytes()), bits_, codes);
  }

  [[nodiscard]] float& scale(std::size_t row, std::size_t group) { return scales_[row * n_groups() + group]; }
  [[nodiscard]] float scale(std::size_t row, std::size_t group) const { return scales_[row * n_groups() + group]; }
  /// Precondition: has_offset().
  [[nodiscard]] float& offset(std::size_t row, std::size_t group) { return offsets_[row * n_groups() + group]; }
  [[nodiscard]] float offset(std::size_t row, std::size_t group) const { return offsets_[row * n_groups() + group]; }

  /// Which input each column multiplies; empty: its own. Shape [cols].
  [[nodiscard]] const std::vector<std::uint32_t>& input_order() const noexcept { return input_order_; }
  void set_input_order(std::vector<std::uint32_t> order) { input_order_ = std::move(order); }

  /// What a code of one group stands for.
  [[nodiscard]] float value(std::size_t row, std::size_t group, std::uint8_t code) const {
    float value = 0.0f;
    with_values(row, [&](auto&& value_of) { value = value_of(group, code); });
    return value;
  }

  /// The values that the codes stand for, in the order of the inputs. Shapes: out has cols() elements.
  void decode_row(std::size_t row, std::span<float> out) const {
    std::vector<std::uint8_t> codes(cols_);
    row_codes(row, codes);
    with_values(row, [&](auto&& value_of) {
      std::size_t c = 0;
      for (std::size_t group = 0; group < n_groups(); ++group)
        for (const std::size_t end = c + group_size_; c < end; ++c)
          out[input_order_.empty() ? c : input_order_[c]] = value_of(group, codes[c]);
    });
  }

  /// Codes, scales and offsets together, in bits, over the number of weights.
  [[nodiscard]] double bits_per_weight() const noexcept {
    return bits_ + group_bits_ / static_cast<double>(group_size_);
  }

 private:
  /// Calls use(value_of) with what a code stands for in this layout, value_of(group, code) of one row.
  template <class Use>
  void with_values(std::size_t row, Use&& use) const {
    const float* scales = scales_.data() + row * n_groups();
    if (has_codebook()) {
      const float* codebook = layout_info().codebook.data();
      use([=](std::size_t group, std::uint8_t code) { return scales[group] * codebook[code]; });
    } else if (has_offset()) {
      const float* offsets = offsets_.data() + row * n_groups();
      use([=](std::size_t group, std::uint8_t code) {
        return scales[group] * static_cast<float>(code) + offsets[group];
      });
    } else {
      const int centre = code_centre(bits_);
      use([=](std::size_t group, std::uint8_t code) { return scales[group] * static_cast<float>(code - centre); });
    }
  }

  void check_bits() const {
    const LayoutInfo& layout = layout_info();
    if (layout.has_width(bits_)) return;
    std::string widths;
    for (const int width : layout.widths) widths += concat(" ", width);
    throw InputError("format",
                     concat("layout ", layout.name, " has no codes of ", bits_, " bits (known:", widths, ")"));
  }

  void check_group_size(std::size_t group_size) const {
    if (cols_ == 0) throw InputError("shape", "expected a matrix with columns, got one of 0");
    if (const std::size_t per_run = layout_info().groups_per_run; per_run > 1) {
      const std::size_t only = run_length / per_run;
      if (group_size == only && cols_ % only == 0) return;
      throw InputError("group_size",
                       concat("groups of ", group_size, " do not fit rows of ", cols_, " inputs in layout ",
                              layout_info().name, "; its groups are of ", only, " and divide the row"));
    }
    if (group_size == 0 || group_size == cols_) return;
    if (group_size % run_length == 0 && cols_ % group_size == 0) return;
    std::string fitting;
    for (std::size_t g = run_length; g < cols_; g += run_length)
      if (cols_ % g == 0) fitting += concat(" ", g);
    throw InputError("group_size", concat("groups of ", group_size, " do not fit rows of ", cols_,
                                          " inputs; a group is a multiple of 32 that divides the row:",
                                          fitting.empty() ? " none here" : fitting, ", or 0 for the whole row"));
  }

  LayoutKind layout_;
  int bits_;
  std::size_t rows_, cols_, group_size_;
  double group_bits_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> scales_, offsets_;
  std::vector<std::uint32_t> input_order_;
};

/// An empty matrix of a layout and a width that are known at compile time: codes, scales and offsets are 0.
/// Errors: those of PackedMatrix.
template <Layout L, int Bits>
requires HasWidth<L, Bits>
[[nodiscard]] PackedMatrix pack(std::size_t rows, std::size_t cols, std::size_t group_size,
                                double group_bits = L::has_offset ? 32 : 16) {
  return {L::kind, Bits, rows, cols, group_size, group_bits};
}

}  // namespace quantlens::inline QUANTLENS_ABI
