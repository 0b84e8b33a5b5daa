/// Refuses NaN and infinity in the floats of stored tensors and in the scales of their blocks.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What in a tensor is no number.
struct NonFinite {
  std::size_t count = 0;
  std::size_t first = 0;  ///< Index of the first.
  float value = 0.0f;     ///< It.
};

namespace detail {

/// Numbers of `Bits` in memory, `stride` bytes apart, whose exponent bits are all set are no numbers.
template <class Bits>
[[nodiscard]] bool is_non_finite(const std::byte* at, Bits exponent) {
  return (load_unaligned<Bits>(at) & exponent) == exponent;
}

/// Whether one of n numbers in a row is none, without a branch: added to its lowest bit, an exponent of ones carries
/// into the sign's place. Words hold several numbers at once.
template <class Bits>
[[nodiscard]] bool any_non_finite(const std::byte* data, std::size_t n, Bits exponent) {
  constexpr std::uint64_t ones = ~std::uint64_t{0} / std::numeric_limits<Bits>::max();
  const std::uint64_t exponents = ones * exponent, lowest = ones * (exponent & (~exponent + 1u));
  const std::uint64_t signs = ones << (8 * sizeof(Bits) - 1);
  constexpr std::size_t per_word = sizeof(std::uint64_t) / sizeof(Bits);
  std::uint64_t carried = 0;
  std::size_t i = 0;
  for (; i + per_word <= n; i += per_word)
    carried |= (load_unaligned<std::uint64_t>(data + i * sizeof(Bits)) & exponents) + lowest;
  bool any = (carried & signs) != 0;
  for (; i < n; ++i) any = any || is_non_finite<Bits>(data + i * sizeof(Bits), exponent);
  return any;
}

template <class Float, class Bits>
[[nodiscard]] NonFinite find_exponent(const std::byte* data, std::size_t n, std::size_t stride, Bits exponent) {
  NonFinite found;
  constexpr std::size_t run = 4096;
  for (std::size_t begin = 0; begin < n; begin += run) {
    const std::size_t end = std::min(begin + run, n);
    if (stride == sizeof(Bits) && !any_non_finite<Bits>(data + begin * stride, end - begin, exponent)) continue;
    for (std::size_t i = begin; i < end; ++i)
      if (is_non_finite<Bits>(data + i * stride, exponent) && found.count++ == 0)
        found = {1, i, to_float(load_unaligned<Float>(data + i * stride))};
  }
  return found;
}

inline constexpr std::uint16_t half_exponent = 0x7c00, bfloat16_exponent = 0x7f80;
inline constexpr std::uint32_t float_exponent = 0x7f800000;

/// Where a block of a quantized type keeps its halves. Source: the block structures of ggml.
[[nodiscard]] inline std::vector<std::size_t> block_halves(GgmlType type) {
  switch (type) {
    case GgmlType::q4_0:
    case GgmlType::q5_0:
    case GgmlType::q8_0:
      return {0};
    case GgmlType::q4_1:
    case GgmlType::q5_1:
    case GgmlType::q4_k:
    case GgmlType::q5_k:
      return {0, 2};
    case GgmlType::q2_k:
      return {80, 82};
    case GgmlType::q3_k:
      return {108};
    case GgmlType::q6_k:
      return {208};
    default:
      return {};
  }
}

}  // namespace detail

/// Of floats, the first index is an element's; of quantized blocks, the first element's of the block whose scale or
/// minimum is no number. Shapes: data holds n elements of the type.
[[nodiscard]] inline NonFinite find_non_finite(GgmlType type, std::span<const std::byte> data) {
  const std::size_t bytes = block_bytes(type), n = data.size() / bytes;
  if (type == GgmlType::f32) return detail::find_exponent<float>(data.data(), n, bytes, detail::float_exponent);
  if (type == GgmlType::f16) return detail::find_exponent<Half>(data.data(), n, bytes, detail::half_exponent);
  if (type == GgmlType::bf16) return detail::find_exponent<BFloat16>(data.data(), n, bytes, detail::bfloat16_exponent);
  NonFinite all;
  for (const std::size_t at : detail::block_halves(type)) {
    const NonFinite found = detail::find_exponent<Half>(data.data() + at, n, bytes, detail::half_exponent);
    if (found.count > 0 && (all.count == 0 || found.first * block_elements(type) < all.first))
      all = {all.count, found.first * block_elements(type), found.value};
    all.count += found.count;
  }
  return all;
}

namespace detail {

/// Shape of the tensor: [rows, cols], or [cols].
[[nodiscard]] inline std::string non_finite_text(std::string_view tensor, GgmlType type, const NonFinite& found,
                                                 std::size_t cols) {
  return concat("tensor '", tensor, "': ", found.count, " of its ",
                is_quantized(type) ? "blocks' scales and minimums" : "numbers", " are not finite, the first, at row ",
                found.first / cols, ", column ", found.first % cols, ", is ", found.value, "; is the file damaged?");
}

}  // namespace detail

/// Errors: FormatError `not_finite` saying where in a tensor, how many and what. Shape: [rows, cols], or [cols].
inline void refuse_non_finite(std::string_view file, std::uint64_t offset, std::string_view tensor, GgmlType type,
                              std::span<const std::byte> data, std::size_t cols) {
  const NonFinite found = find_non_finite(type, data);
  if (found.count > 0)
    throw FormatError("not_finite", file, offset + found.first / block_elements(type) * block_bytes(type),
                      detail::non_finite_text(tensor, type, found, cols));
}

/// The same for what a checkpoint's codes decode to. Errors: InputError `not_finite`.
inline void refuse_non_finite(std::string_view file, std::string_view tensor, const WeightMatrix& matrix) {
  if (!matrix.codes) {
    const NonFinite found = find_non_finite(matrix.type, {matrix.data, matrix.rows * matrix.row_bytes});
    if (found.count > 0)
      throw InputError("not_finite",
                       concat(file, ": ", detail::non_finite_text(tensor, matrix.type, found, matrix.cols)));
    return;
  }
  const PackedMatrix& packed = *matrix.codes;
  const auto largest_code = static_cast<std::uint8_t>((1u << packed.bits()) - 1);
  NonFinite found;
  for (std::size_t r = 0; r < packed.rows(); ++r)
    for (std::size_t g = 0; g < packed.n_groups(); ++g) {
      if (std::isfinite(packed.value(r, g, 0)) && std::isfinite(packed.value(r, g, largest_code))) continue;
      if (found.count++ == 0) found = {1, r * packed.n_groups() + g, packed.scale(r, g)};
    }
  if (found.count > 0)
    throw InputError("not_finite", concat(file, ": '", tensor, "': codes of ", found.count,
                                          " groups stand for no finite numbers, the first in row ",
                                          found.first / packed.n_groups(), ", group ", found.first % packed.n_groups(),
                                          " with scale ", found.value, "; is the file damaged?"));
}

}  // namespace quantlens::inline QUANTLENS_ABI
