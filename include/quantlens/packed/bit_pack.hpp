/// The canonical bit order of packed codes: a little-endian bit stream, first code in the lowest bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace quantlens::inline v0_1 {

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
  const std::uint32_t mask = (1u << bits) - 1;
  std::uint32_t pending = 0;
  int n_pending = 0;
  std::size_t at = 0;
  for (std::uint8_t& code : codes) {
    for (; n_pending < bits; n_pending += 8) pending |= std::uint32_t{packed[at++]} << n_pending;
    code = static_cast<std::uint8_t>(pending & mask);
    pending >>= bits;
    n_pending -= bits;
  }
}

}  // namespace quantlens::inline v0_1
