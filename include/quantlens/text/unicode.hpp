/// UTF-8 as text: validation, repair, white space.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/utf8.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Throws FormatError, with the byte offset, where `text` is not UTF-8; `what` names it in the message.
inline void require_utf8(std::string_view text, std::string_view what) {
  if (const auto bad = first_invalid_utf8(text)) throw FormatError("utf8", what, *bad, not_utf8(text, *bad));
}

inline void append_utf8(std::string& text, char32_t value) {
  const auto put = [&](char32_t byte) { text += static_cast<char>(byte); };
  if (value < 0x80) {
    put(value);
    return;
  }
  const int continuations = value < 0x800 ? 1 : value < 0x10000 ? 2 : 3;
  const char32_t marker = continuations == 1 ? 0xc0 : continuations == 2 ? 0xe0 : 0xf0;
  put(marker | (value >> (6 * continuations)));
  for (int i = continuations - 1; i >= 0; --i) put(0x80 | ((value >> (6 * i)) & 0x3f));
}

/// The same text with U+FFFD in place of each invalid unit.
[[nodiscard]] inline std::string replace_invalid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const Utf8Unit unit = read_utf8(bytes, at);
    if (unit.valid)
      text += bytes.substr(at, unit.size);
    else
      append_utf8(text, 0xfffd);
    at += unit.size;
  }
  return text;
}

/// Unicode's White_Space property.
[[nodiscard]] constexpr bool is_white_space(char32_t c) noexcept {
  return (c >= 0x9 && c <= 0xd) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
         c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

}  // namespace quantlens::inline QUANTLENS_ABI
