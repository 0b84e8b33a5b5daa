/// Whether bytes are well-formed UTF-8, and where they stop being so.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace quantlens::inline v0_1 {

/// Byte offset of the first sequence that is not well-formed UTF-8 (truncated, overlong, a surrogate, above U+10FFFF).
/// Source: Unicode Standard, table 3-7.
[[nodiscard]] inline std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto in = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    if (lead < 0x80) {
      i += 1;
    } else if (lead >= 0xc2 && lead <= 0xdf) {
      if (!in(i + 1, 0x80, 0xbf)) return i;
      i += 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      if (!in(i + 1, lead == 0xe0 ? 0xa0 : 0x80, lead == 0xed ? 0x9f : 0xbf) || !in(i + 2, 0x80, 0xbf)) return i;
      i += 3;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      if (!in(i + 1, lead == 0xf0 ? 0x90 : 0x80, lead == 0xf4 ? 0x8f : 0xbf) || !in(i + 2, 0x80, 0xbf) ||
          !in(i + 3, 0x80, 0xbf))
        return i;
      i += 4;
    } else {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace quantlens::inline v0_1
