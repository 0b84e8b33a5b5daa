/// Refuses NaN and infinity in the floats of stored tensors and in the scales of their blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/ggml_type.hpp"

namespace quantlens::inline v0_1 {

/// What in a tensor is no number.
struct NonFinite {
  std::size_t count = 0;
  std::size_t first = 0;  ///< Index of the first.
  float value = 0.0f;     ///< It.
};

namespace detail {

/// Numbers of `Bits` in memory, `stride` bytes apart, whose exponent bits are all set are no numbers.
template <class Bits>
[[nodiscard]] std::size_t count_exponent(const std::byte* data, std::size_t n, std::size_t stride, Bits exponent) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < n; ++i) {
    Bits bits;
    std::memcpy(&bits, data + i * stride, sizeof bits);
    count += (bits & exponent) == exponent;
  }
  return count;
}

template <class Float, class Bits>
[[nodiscard]] NonFinite find_exponent(const std::byte* data, std::size_t n, std::size_t stride, Bits exponent) {
  NonFinite found;
  // Whole runs are counted without a branch; only one that holds something is looked at again.
  constexpr std::size_t run = 4096;
  for (std::size_t begin = 0; begin < n; begin += run) {
    const std::size_t length = std::min(run, n - begin);
    const std::byte* const at = data + begin * stride;
    const std::size_t count = stride == sizeof(Bits) ? count_exponent<Bits>(at, length, sizeof(Bits), exponent)
                                                     : count_exponent<Bits>(at, length, stride, exponent);
    if (count > 0 && found.count == 0) {
      std::size_t i = 0;
      while (count_exponent<Bits>(at + i * stride, 1, stride, exponent) == 0) ++i;
      found.first = begin + i;
      found.value = to_float(load_unaligned<Float>(at + i * stride));
    }
    found.count += count;
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

/// Errors: FormatError `not_finite` saying where in a tensor, how many and what. Shape: [rows, cols], or [cols].
inline void refuse_non_finite(std::string_view file, std::uint64_t offset, std::string_view tensor, GgmlType type,
                              std::span<const std::byte> data, std::size_t cols) {
  const NonFinite found = find_non_finite(type, data);
  if (found.count == 0) return;
  const std::size_t in_blocks = found.first / block_elements(type);
  const std::string where = concat("row ", found.first / cols, ", column ", found.first % cols);
  throw FormatError("not_finite", file, offset + in_blocks * block_bytes(type),
                    concat("tensor '", tensor, "': ", found.count, " of its ",
                           is_quantized(type) ? "blocks' scales and minimums are" : "numbers are",
                           " not finite, the first, at ", where, ", is ", found.value, "; is the file damaged?"));
}

}  // namespace quantlens::inline v0_1
