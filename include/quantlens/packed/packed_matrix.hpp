/// A quantized matrix in canonical form: what quantizers write, files hold and tests read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/packed/bit_pack.hpp"
#include "quantlens/packed/layout.hpp"

namespace quantlens::inline v0_1 {

/// Owns codes and groups. Shapes: codes [rows, cols], packed row by row; scales and offsets [rows, n_groups()].
/// A group is `group_size` consecutive columns of one row: a multiple of 32 that divides cols, or the whole row; in
/// layouts with two groups a run it is 16.
/// Column c multiplies input c, or input_order()[c] where there is an order.
template <Layout L, int Bits>
requires HasWidth<L, Bits>
class PackedMatrix {
 public:
  using layout = L;
  static constexpr int bits = Bits;

  /// group_size 0 means the whole row. `group_bits`: what a file spends on one group, its scale and its offset (or
  /// integer zero point). Errors: InputError "group_size" where groups do not fit the row, "shape" for one without
  /// columns.
  PackedMatrix(std::size_t rows, std::size_t cols, std::size_t group_size, double group_bits = L::has_offset ? 32 : 16)
      : rows_(rows), cols_(cols), group_size_(group_size == 0 ? cols : group_size), group_bits_(group_bits) {
    check_group_size(cols, group_size);
    codes_.resize(rows * row_bytes());
    scales_.resize(rows * n_groups());
    if (L::has_offset) offsets_.resize(rows * n_groups());
  }

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t cols() const noexcept { return cols_; }
  [[nodiscard]] std::size_t group_size() const noexcept { return group_size_; }
  [[nodiscard]] std::size_t n_groups() const noexcept { return cols_ / group_size_; }
  [[nodiscard]] std::size_t row_bytes() const noexcept { return packed_bytes(cols_, Bits); }

  /// Shape of codes: [cols()]. Errors: InputError "shape".
  void set_row_codes(std::size_t row, std::span<const std::uint8_t> codes) {
    if (row >= rows_ || codes.size() != cols_)
      throw InputError("shape",
                       concat("codes for row ", row, " of [", rows_, ", ", cols_, "]: got ", codes.size(), " of them"));
    pack_codes(codes, Bits, std::span(codes_).subspan(row * row_bytes(), row_bytes()));
  }
  void row_codes(std::size_t row, std::span<std::uint8_t> codes) const {
    unpack_codes(std::span(codes_).subspan(row * row_bytes(), row_bytes()), Bits, codes);
  }

  [[nodiscard]] float& scale(std::size_t row, std::size_t group) { return scales_[row * n_groups() + group]; }
  [[nodiscard]] float scale(std::size_t row, std::size_t group) const { return scales_[row * n_groups() + group]; }
  [[nodiscard]] float& offset(std::size_t row, std::size_t group) requires L::has_offset {
    return offsets_[row * n_groups() + group];
  }
  [[nodiscard]] float offset(std::size_t row, std::size_t group) const requires L::has_offset {
    return offsets_[row * n_groups() + group];
  }

  /// Which input each column multiplies; empty: its own. Shape [cols].
  [[nodiscard]] const std::vector<std::uint32_t>& input_order() const noexcept { return input_order_; }
  void set_input_order(std::vector<std::uint32_t> order) { input_order_ = std::move(order); }

  /// What a code of one group stands for.
  [[nodiscard]] float value(std::size_t row, std::size_t group, std::uint8_t code) const {
    if constexpr (CodebookLayout<L>)
      return scale(row, group) * L::codebook[code];
    else if constexpr (L::has_offset)
      return scale(row, group) * static_cast<float>(code) + offset(row, group);
    else
      return scale(row, group) * static_cast<float>(code - code_centre(Bits));
  }

  /// The values that the codes stand for, in the order of the inputs. Shapes: out has cols() elements.
  void decode_row(std::size_t row, std::span<float> out) const {
    std::vector<std::uint8_t> codes(cols_);
    row_codes(row, codes);
    for (std::size_t c = 0; c < cols_; ++c)
      out[input_order_.empty() ? c : input_order_[c]] = value(row, c / group_size_, codes[c]);
  }

  /// Codes, scales and offsets together, in bits, over the number of weights.
  [[nodiscard]] double bits_per_weight() const noexcept {
    return Bits + group_bits_ / static_cast<double>(group_size_);
  }

 private:
  static void check_group_size(std::size_t cols, std::size_t group_size) {
    if (cols == 0) throw InputError("shape", "expected a matrix with columns, got one of 0");
    if constexpr (L::groups_per_run > 1) {
      constexpr std::size_t only = run_length / L::groups_per_run;
      if (group_size == only && cols % only == 0) return;
      throw InputError("group_size",
                       concat("groups of ", group_size, " do not fit rows of ", cols, " inputs in layout ", L::name,
                              "; its groups are of ", only, " and divide the row"));
    }
    if (group_size == 0 || group_size == cols) return;
    if (group_size % run_length == 0 && cols % group_size == 0) return;
    std::string fitting;
    for (std::size_t g = run_length; g < cols; g += run_length)
      if (cols % g == 0) fitting += concat(" ", g);
    throw InputError("group_size", concat("groups of ", group_size, " do not fit rows of ", cols,
                                          " inputs; a group is a multiple of 32 that divides the row:",
                                          fitting.empty() ? " none here" : fitting, ", or 0 for the whole row"));
  }

  std::size_t rows_, cols_, group_size_;
  double group_bits_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> scales_, offsets_;
  std::vector<std::uint32_t> input_order_;
};

}  // namespace quantlens::inline v0_1
