/// How the quantized types of GGUF map onto layouts, and what a block of one holds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "quantlens/core/half.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/packed/layout.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What every coding says: layout, bits of a code, weights that share a scale.
template <class L, int Bits, std::size_t GroupSize>
struct GgufCodingOf {
  using layout = L;
  static constexpr int bits = Bits;
  static constexpr std::size_t group_size = GroupSize;
};

/// How a GGUF type maps onto a layout and a bit width.
template <GgmlType Type>
struct GgufCoding;
template <>
struct GgufCoding<GgmlType::q4_0> : GgufCodingOf<Symmetric, 4, 32> {};
template <>
struct GgufCoding<GgmlType::q4_1> : GgufCodingOf<Affine, 4, 32> {};
template <>
struct GgufCoding<GgmlType::q5_0> : GgufCodingOf<Symmetric, 5, 32> {};
template <>
struct GgufCoding<GgmlType::q5_1> : GgufCodingOf<Affine, 5, 32> {};
template <>
struct GgufCoding<GgmlType::q8_0> : GgufCodingOf<Symmetric, 8, 32> {};
template <>
struct GgufCoding<GgmlType::q2_k> : GgufCodingOf<Affine16, 2, 16> {};
template <>
struct GgufCoding<GgmlType::q3_k> : GgufCodingOf<Symmetric16, 3, 16> {};
template <>
struct GgufCoding<GgmlType::q4_k> : GgufCodingOf<Affine, 4, 32> {};
template <>
struct GgufCoding<GgmlType::q5_k> : GgufCodingOf<Affine, 5, 32> {};
template <>
struct GgufCoding<GgmlType::q6_k> : GgufCodingOf<Symmetric16, 6, 16> {};

/// One block, taken apart: weight i has code codes[i] and belongs to group i / group_size. Symmetric types leave
/// `offsets` at 0.
template <GgmlType Type>
struct GgufBlock {
  static constexpr std::size_t size = block_elements(Type);
  static constexpr std::size_t group_size = GgufCoding<Type>::group_size;
  static constexpr std::size_t n_groups = size / group_size;
  /// What the file spends on one group beside its codes.
  static constexpr double group_bits =
      static_cast<double>(8 * block_bytes(Type) - GgufCoding<Type>::bits * size) / static_cast<double>(n_groups);

  std::array<std::uint8_t, size> codes{};
  std::array<float, n_groups> scales{}, offsets{};

  /// What weight i is.
  [[nodiscard]] float value(std::size_t i) const noexcept {
    const std::size_t group = i / group_size;
    if constexpr (GgufCoding<Type>::layout::has_offset)
      return scales[group] * static_cast<float>(codes[i]) + offsets[group];
    else
      return scales[group] * static_cast<float>(codes[i] - code_centre(GgufCoding<Type>::bits));
  }
};

/// Reads a little-endian T (this library runs on little-endian machines only).
template <class T>
[[nodiscard]] inline T read_little_endian(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

/// An f16 of the file as a float.
[[nodiscard]] inline float read_half(const std::byte* from) {
  return to_float(Half{read_little_endian<std::uint16_t>(from)});
}

}  // namespace quantlens::inline QUANTLENS_ABI
