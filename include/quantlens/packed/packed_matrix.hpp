/// A quantized matrix in canonical form: what quantizers write, files hold and tests read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/packed/bit_pack.hpp"
#include "quantlens/packed/layout.hpp"

namespace quantlens::inline v0_1 {

/// Owns codes and groups. Shapes: codes [rows, cols], packed row by row; scales and offsets [rows, n_groups()].
/// A group is `group_size` consecutive inputs of one row: a multiple of 32 that divides cols, or the whole row.
template <Layout L, int Bits>
requires CodeWidth<Bits>
class PackedMatrix {
 public:
  using layout = L;
  static constexpr int bits = Bits;

  /// group_size 0 means the whole row. `offset_bits`: what a file spends on one group's offset (or integer zero point).
  /// Errors: InputError "group_size" where groups do not fit the row.
  PackedMatrix(std::size_t rows, std::size_t cols, std::size_t group_size, int offset_bits = 16)
      : rows_(rows), cols_(cols), group_size_(group_size == 0 ? cols : group_size), offset_bits_(offset_bits) {
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

  void set_row_codes(std::size_t row, std::span<const std::uint8_t> codes) {
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

  /// The values that the codes stand for. Shapes: out has cols() elements.
  void decode_row(std::size_t row, std::span<float> out) const {
    std::vector<std::uint8_t> codes(cols_);
    row_codes(row, codes);
    for (std::size_t c = 0; c < cols_; ++c) {
      const std::size_t group = c / group_size_;
      if constexpr (L::has_offset)
        out[c] = scale(row, group) * static_cast<float>(codes[c]) + offset(row, group);
      else
        out[c] = scale(row, group) * static_cast<float>(codes[c] - code_centre(Bits));
    }
  }

  /// Codes, f16 scales and offsets together, in bits, over the number of weights.
  [[nodiscard]] double bits_per_weight() const noexcept {
    const int group_bits = 16 + (L::has_offset ? offset_bits_ : 0);
    return Bits + static_cast<double>(group_bits) / static_cast<double>(group_size_);
  }

 private:
  static void check_group_size(std::size_t cols, std::size_t group_size) {
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
  int offset_bits_;
  std::vector<std::uint8_t> codes_;
  std::vector<float> scales_, offsets_;
};

}  // namespace quantlens::inline v0_1
