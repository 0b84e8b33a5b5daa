/// UTF-8 read unit by unit, and where bytes stop being it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One code point of UTF-8, or the longest start of one that something invalid cuts short.
struct Utf8Unit {
  std::size_t size = 1;
  bool valid = false;
  char32_t value = 0;
};

/// Reads the unit at byte `at`, which must lie inside `text`.
/// Source: Unicode 14, table 3-7 (well-formed byte sequences) and section 3.9 (maximal subparts).
[[nodiscard]] inline Utf8Unit read_utf8(std::string_view text, std::size_t at) {
  const unsigned lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return {1, true, lead};
  const std::size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0) return {};
  char32_t value = lead & (0x7fu >> size);
  // The second byte's range excludes overlong forms, surrogates and what lies above U+10FFFF.
  unsigned lowest = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned highest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t i = 1; i < size; ++i) {
    if (at + i >= text.size()) return {i, false, 0};
    const unsigned byte = static_cast<unsigned char>(text[at + i]);
    if (byte < lowest || byte > highest) return {i, false, 0};
    value = (value << 6) | (byte & 0x3fu);
    lowest = 0x80;
    highest = 0xbf;
  }
  return {size, true, value};
}

/// Whether a character belongs to a word: ASCII letters and digits, and from U+00C0 on all but general punctuation.
[[nodiscard]] constexpr bool is_word_character(char32_t c) {
  if (c < 0x80) return (c >= U'0' && c <= U'9') || (c >= U'A' && c <= U'Z') || (c >= U'a' && c <= U'z');
  return c >= 0xc0 && !(c >= 0x2000 && c <= 0x206f);
}

/// Byte offset of the first sequence that is not well-formed UTF-8 (truncated, overlong, a surrogate, above U+10FFFF).
[[nodiscard]] inline std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    if (!unit.valid) return at;
    at += unit.size;
  }
  return std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
