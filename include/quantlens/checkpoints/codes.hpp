/// What formats of integer codes share: codes in 32-bit words, groups along a row, inputs in another order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// Codes of `bits` bits as they lie in 32-bit words: a little-endian bit stream.
[[nodiscard]] inline std::uint8_t code_in_words(auto&& word, std::size_t i, int bits) {
  const std::size_t bit = i * static_cast<std::size_t>(bits), at = bit / 32, shift = bit % 32;
  std::uint32_t code = std::uint32_t{word(at)} >> shift;
  if (shift + static_cast<std::size_t>(bits) > 32) code |= std::uint32_t{word(at + 1)} << (32 - shift);
  return static_cast<std::uint8_t>(code & ((1u << bits) - 1));
}

inline void add_code_to_words(auto&& word, std::size_t i, int bits, std::uint8_t code) {
  const std::size_t bit = i * static_cast<std::size_t>(bits), at = bit / 32, shift = bit % 32;
  word(at) |= std::uint32_t{code} << shift;
  if (shift + static_cast<std::size_t>(bits) > 32) word(at + 1) |= std::uint32_t{code} >> (32 - shift);
}

/// Groups of `size` inputs, of which the last may be shorter. Packed matrices have equal groups: where the last one is
/// short, each is packed as several smaller ones with the same scale.
struct RowGroups {
  std::size_t cols;
  std::size_t size;         ///< As stored, at most `cols`.
  std::size_t packed_size;  ///< Divides `size` and `cols`.

  [[nodiscard]] std::size_t n_stored() const { return (cols + size - 1) / size; }
  [[nodiscard]] std::size_t n_packed() const { return cols / packed_size; }
  /// The stored group that packed group `p` is a part of.
  [[nodiscard]] std::size_t stored(std::size_t p) const { return p * packed_size / size; }
  /// What a file spends on a packed group where it spends `bits` on a stored one.
  [[nodiscard]] double packed_bits(double bits) const {
    return bits * static_cast<double>(n_stored()) / static_cast<double>(n_packed());
  }
};

/// `group_size` 0: the whole row; `codes` is named in messages. Errors: FormatError `checkpoint` where a short last
/// group cannot be packed.
[[nodiscard]] inline RowGroups row_groups(const CheckpointTensor& codes, std::size_t cols, std::size_t group_size) {
  const std::size_t size = group_size == 0 ? cols : std::min(group_size, cols);
  const std::size_t packed_size = std::gcd(size, cols);
  if (packed_size != size && packed_size % run_length != 0)
    codes.fail(0, concat("groups of ", size, " do not divide its ", cols,
                         " inputs, which is supported only where both are multiples of ", run_length,
                         "; is group_size right?"));
  return {cols, size, packed_size};
}

/// Which input each column multiplies once columns are sorted by group, and the checks that make this possible.
/// Empty where the groups are consecutive already.
[[nodiscard]] inline std::vector<std::uint32_t> input_order(const CheckpointTensor& g_idx, const RowGroups& groups) {
  const std::size_t n = groups.n_stored();
  std::vector<std::size_t> sizes(n, 0), group_of(groups.cols);
  for (std::size_t c = 0; c < groups.cols; ++c) {
    const auto group = g_idx.at<std::int32_t>(c);
    if (group < 0 || static_cast<std::size_t>(group) >= n)
      g_idx.fail(4 * c, concat("item ", c, " is ", group, ", but there are ", n, " groups"));
    group_of[c] = static_cast<std::size_t>(group);
    ++sizes[group_of[c]];
  }
  for (std::size_t g = 0; g < n; ++g)
    if (const std::size_t expected = std::min(groups.size, groups.cols - g * groups.size); sizes[g] != expected)
      g_idx.fail(0, concat("group ", g, " has ", sizes[g], " of ", groups.cols, " inputs, but should have ", expected));
  std::vector<std::uint32_t> order(groups.cols);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return group_of[a] != group_of[b] ? group_of[a] < group_of[b] : a < b; });
  if (std::is_sorted(order.begin(), order.end())) order.clear();
  return order;
}

/// Scales and zero points as stored, and how the columns are ordered. Shapes: zeros and scales [n_stored, rows].
struct CodeGroups {
  std::size_t rows;
  RowGroups groups;
  std::vector<std::uint8_t> zeros;
  std::vector<float> scales;
  std::vector<std::uint32_t> order = {};
};

/// A symmetric or affine matrix whose value is scale * (code - zero). code(row, input) is one code as stored;
/// `scale_bits` what the file spends on a scale. Errors: InputError `group_size` for groups that cannot be packed.
[[nodiscard]] PackedMatrix matrix_of_codes(const CodeGroups& stored, int bits, bool symmetric, double scale_bits,
                                           auto&& code) {
  const RowGroups& groups = stored.groups;
  PackedMatrix matrix(symmetric ? LayoutKind::symmetric : LayoutKind::affine, bits, stored.rows, groups.cols,
                      groups.packed_size, groups.packed_bits(scale_bits + (symmetric ? 0 : bits)));
  std::vector<std::uint8_t> codes(groups.cols);
  for (std::size_t r = 0; r < stored.rows; ++r) {
    for (std::size_t c = 0; c < groups.cols; ++c) codes[c] = code(r, stored.order.empty() ? c : stored.order[c]);
    matrix.set_row_codes(r, codes);
    for (std::size_t p = 0; p < groups.n_packed(); ++p) {
      const std::size_t at = groups.stored(p) * stored.rows + r;
      matrix.scale(r, p) = stored.scales[at];
      if (!symmetric) matrix.offset(r, p) = -stored.scales[at] * static_cast<float>(stored.zeros[at]);
    }
  }
  matrix.set_input_order(stored.order);
  return matrix;
}

/// The same as a matrix of a checkpoint, whose errors name its tensor of codes.
[[nodiscard]] inline CheckpointMatrix checkpoint_matrix(const CodeGroups& stored, int bits, bool symmetric,
                                                        const CheckpointTensor& codes, double scale_bits, auto&& code) {
  CheckpointMatrix read;
  try {
    read.matrix = coded_matrix("", matrix_of_codes(stored, bits, symmetric, scale_bits, code));
  } catch (const InputError& error) {
    throw error_of(codes.name(), error);
  }
  return read;
}

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
