/// The canonical bit order of packed codes: a little-endian bit stream, first code in the lowest bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Bytes that hold `n` codes of `bits` bits; the last byte is padded with zero bits.
[[nodiscard]] constexpr std::size_t packed_bytes(std::size_t n, int bits) noexcept {
  return (n * static_cast<std::size_t>(bits) + 7) / 8;
}

/// Writes `codes` (each < 2^bits) as a bit stream. Shapes: out has packed_bytes(codes.size(), bits) bytes.
inline void pack_codes(std::span<const std::uint8_t> codes, int bits, std::span<std::uint8_t> out) {
  std::uint32_t pending = 0;
  int n_pending = 0;
  std::size_t at = 0;
  for (const std::uint8_t code : codes) {
    pending |= std::uint32_t{code} << n_pending;
    n_pending += bits;
    for (; n_pending >= 8; n_pending -= 8, pending >>= 8) out[at++] = static_cast<std::uint8_t>(pending);
  }
  if (n_pending > 0) out[at] = static_cast<std::uint8_t>(pending);
}

/// Reads codes.size() codes back. Shapes: packed has packed_bytes(codes.size(), bits) bytes.
inline void unpack_codes(std::span<const std::uint8_t> packed, int bits, std::span<std::uint8_t> codes) {
  const unsigned mask = (1u << bits) - 1;
  std::size_t bit = 0;
  // Each code by itself, from the two bytes that it may lie in: nothing waits for the code before.
  for (std::uint8_t& code : codes) {
    const std::size_t at = bit / 8;
    const unsigned next = at + 1 < packed.size() ? packed[at + 1] : 0u;
    code = static_cast<std::uint8_t>((packed[at] | next << 8) >> (bit % 8) & mask);
    bit += static_cast<std::size_t>(bits);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
