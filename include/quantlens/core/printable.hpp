/// Text from files made safe for a terminal: nothing in it moves the cursor, forges a line or turns the direction.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "quantlens/core/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// Control characters, and what is not seen but changes how the text around it looks: line and paragraph separators,
/// marks and overrides of direction, byte order marks, annotations, tags.
[[nodiscard]] constexpr bool is_unprintable(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe007f);
}

[[nodiscard]] inline std::string hex(char32_t value) {
  std::string digits;
  for (int shift = 20; shift >= 0; shift -= 4)
    if (const unsigned digit = (value >> shift) & 0xfu; digit != 0 || !digits.empty() || shift < 8)
      digits += "0123456789abcdef"[digit];
  return digits;
}

/// Each character itself, or `\n`, `\t`, `\xNN` (a byte that is no UTF-8, an ASCII control) or `\u{NN}`; of `kept` each
/// itself.
[[nodiscard]] inline std::string escape_unprintable(std::string_view text, std::string_view kept) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    const std::string_view bytes = text.substr(at, unit.size);
    if ((unit.valid && !is_unprintable(unit.value)) || kept.find(bytes) != std::string_view::npos)
      out += bytes;
    else if (unit.value == U'\n')
      out += "\\n";
    else if (unit.value == U'\t')
      out += "\\t";
    else if (unit.value >= 0x80)
      out += "\\u{" + hex(unit.value) + "}";
    else
      for (const char byte : bytes) out += "\\x" + hex(static_cast<unsigned char>(byte));
    at += unit.size;
  }
  return out;
}

}  // namespace detail

/// One line of at most `most` bytes: the middle of a longer text becomes an ellipsis, since errors begin with the place
/// and end with the remedy. What is printable already stays as it is.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t most = 2000) {
  std::string line = detail::escape_unprintable(text, "");
  if (line.size() <= most) return line;
  const auto start_of_character = [&](std::size_t at) {
    while ((static_cast<unsigned char>(line[at]) & 0xc0u) == 0x80u) --at;
    return at;
  };
  constexpr std::string_view ellipsis = "…";
  const std::size_t tail = most / 4;
  const std::size_t head_end = start_of_character(most - tail - ellipsis.size());
  const std::size_t tail_begin = start_of_character(line.size() - tail + ellipsis.size());
  return line.replace(head_end, tail_begin - head_end, ellipsis);
}

/// A text of many lines: newlines and tabs stay, and nothing is cut.
[[nodiscard]] inline std::string printable_lines(std::string_view text) {
  return detail::escape_unprintable(text, "\n\t");
}

}  // namespace quantlens::inline QUANTLENS_ABI
