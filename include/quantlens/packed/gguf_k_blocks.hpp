/// Takes the K types of GGUF apart: blocks of 256 weights whose groups have small integer scales under f16 ones.
///
/// The products f16 scale * integer scale fit a float exactly (11 bits by at most 8), so scales and offsets lose
/// nothing. Source: the block structures of ggml.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "quantlens/packed/gguf_coding.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace gguf_detail {

/// Byte i of a block.
[[nodiscard]] inline unsigned byte_at(const std::byte* block, std::size_t i) {
  return std::to_integer<unsigned>(block[i]);
}

/// The eight 6-bit scales and minimums of Q4_K and Q5_K, packed in twelve bytes.
struct SixBitPairs {
  std::array<unsigned, 8> scales, minimums;
};

[[nodiscard]] inline SixBitPairs read_six_bit_pairs(const std::byte* packed) {
  SixBitPairs pairs{};
  for (std::size_t j = 0; j < 4; ++j) {
    const unsigned first = byte_at(packed, j), second = byte_at(packed, j + 4), third = byte_at(packed, j + 8);
    pairs.scales[j] = first & 63u;
    pairs.minimums[j] = second & 63u;
    pairs.scales[j + 4] = (third & 15u) | (first >> 6) << 4;
    pairs.minimums[j + 4] = (third >> 4) | (second >> 6) << 4;
  }
  return pairs;
}

/// Scale j (0..15) of the sixteen 6-bit ones of Q3_K, packed in twelve bytes, counted from -32.
[[nodiscard]] inline int q3_k_scale(const std::byte* packed, std::size_t j) {
  const unsigned low = byte_at(packed, j % 8) >> (j < 8 ? 0 : 4) & 15u;
  const unsigned high = byte_at(packed, 8 + j % 4) >> (2 * (j / 4)) & 3u;
  return static_cast<int>(low | high << 4) - 32;
}

/// Code i of 256 with two bits each: in each half of 128, byte l holds weights l, l + 32, l + 64 and l + 96.
[[nodiscard]] inline unsigned bit_pair(const std::byte* pairs, std::size_t i) {
  return byte_at(pairs, i / 128 * 32 + i % 32) >> (2 * (i % 128 / 32)) & 3u;
}

/// Code i of 256 with four bits each: in each chunk of 64, byte l holds weights l and l + 32.
[[nodiscard]] inline unsigned nibble(const std::byte* nibbles, std::size_t i) {
  return byte_at(nibbles, i / 64 * 32 + i % 32) >> (i % 64 < 32 ? 0 : 4) & 15u;
}

}  // namespace gguf_detail

/// Whether a type is one of those whose blocks hold 256 weights.
[[nodiscard]] constexpr bool is_k_type(GgmlType type) { return block_elements(type) == 256; }

/// Shapes: block has block_bytes(Type) bytes.
template <GgmlType Type>
requires(is_k_type(Type)) [[nodiscard]] GgufBlock<Type> read_gguf_block(const std::byte* block) {
  using namespace gguf_detail;
  GgufBlock<Type> result;
  const auto set_group = [&](std::size_t group, float scale, int scale_steps, float minimum = 0.0f,
                             unsigned minimum_steps = 0) {
    result.scales[group] = scale * static_cast<float>(scale_steps);
    result.offsets[group] = -(minimum * static_cast<float>(minimum_steps));
  };
  const auto set_codes = [&](auto&& code) {
    for (std::size_t i = 0; i < result.size; ++i) result.codes[i] = static_cast<std::uint8_t>(code(i));
  };
  if constexpr (Type == GgmlType::q2_k) {
    const float scale = read_half(block + 80), minimum = read_half(block + 82);
    for (std::size_t g = 0; g < result.n_groups; ++g)
      set_group(g, scale, static_cast<int>(byte_at(block, g) & 15u), minimum, byte_at(block, g) >> 4);
    set_codes([&](std::size_t i) { return bit_pair(block + 16, i); });
  } else if constexpr (Type == GgmlType::q3_k) {
    const float scale = read_half(block + 108);
    for (std::size_t g = 0; g < result.n_groups; ++g) set_group(g, scale, q3_k_scale(block + 96, g));
    // Bit i / 32 of the mask's byte i mod 32 is bit 2 of the code.
    set_codes([&](std::size_t i) { return bit_pair(block + 32, i) | (byte_at(block, i % 32) >> (i / 32) & 1u) << 2; });
  } else if constexpr (Type == GgmlType::q4_k || Type == GgmlType::q5_k) {
    const float scale = read_half(block), minimum = read_half(block + 2);
    const SixBitPairs pairs = read_six_bit_pairs(block + 4);
    for (std::size_t g = 0; g < result.n_groups; ++g)
      set_group(g, scale, static_cast<int>(pairs.scales[g]), minimum, pairs.minimums[g]);
    if constexpr (Type == GgmlType::q4_k)
      set_codes([&](std::size_t i) { return nibble(block + 16, i); });
    else
      set_codes(
          [&](std::size_t i) { return nibble(block + 48, i) | (byte_at(block + 16, i % 32) >> (i / 32) & 1u) << 4; });
  } else {
    static_assert(Type == GgmlType::q6_k);
    const float scale = read_half(block + 208);
    for (std::size_t g = 0; g < result.n_groups; ++g)
      set_group(g, scale, static_cast<std::int8_t>(byte_at(block + 192, g)));
    // Nibbles: in each half of 128, 64 bytes; the low ones hold weights 0-63, the high ones 64-127.
    set_codes([&](std::size_t i) {
      const unsigned low = byte_at(block, i / 128 * 64 + i % 64) >> (i % 128 < 64 ? 0 : 4) & 15u;
      return low | bit_pair(block + 128, i) << 4;
    });
  }
  return result;
}

}  // namespace quantlens::inline QUANTLENS_ABI
