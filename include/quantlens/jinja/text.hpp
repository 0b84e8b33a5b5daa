/// How values become text: Python's str() and repr(), JSON as transformers writes it, and Python's view of characters.
#pragma once

#include <utf8proc.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/jinja/value.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// Python's str.isspace(): White_Space and the four ASCII separators.
[[nodiscard]] constexpr bool is_space(char32_t c) noexcept { return is_white_space(c) || (c >= 0x1c && c <= 0x1f); }

/// Python's str.splitlines() ends lines here (besides `\r\n`).
[[nodiscard]] constexpr bool ends_line(char32_t c) noexcept {
  return (c >= 0xa && c <= 0xd) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

/// Start of the last code point before byte `end`.
[[nodiscard]] inline std::size_t previous_character(std::string_view text, std::size_t end) {
  do --end;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
  return end;
}

/// `text` without the code points at either end for which `drops` holds.
template <class Drops>
[[nodiscard]] std::string_view strip(std::string_view text, bool left, bool right, Drops&& drops) {
  while (left && !text.empty()) {
    const Utf8Unit unit = read_utf8(text, 0);
    if (!drops(unit.value)) break;
    text.remove_prefix(unit.size);
  }
  while (right && !text.empty()) {
    const std::size_t at = previous_character(text, text.size());
    if (!drops(read_utf8(text, at).value)) break;
    text = text.substr(0, at);
  }
  return text;
}

[[nodiscard]] inline std::size_t count_characters(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text) n += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return n;
}

/// Maps each code point to one code point (utf8proc's simple case mappings: "ß" stays "ß").
template <class Map>
[[nodiscard]] std::string map_characters(std::string_view text, Map&& map) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    append_utf8(result, static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(unit.value))));
    at += unit.size;
  }
  return result;
}

[[nodiscard]] inline std::string upper(std::string_view text) { return map_characters(text, utf8proc_toupper); }
[[nodiscard]] inline std::string lower(std::string_view text) { return map_characters(text, utf8proc_tolower); }

/// First character in upper case, the others in lower case.
[[nodiscard]] inline std::string capitalize(std::string_view text) {
  const std::size_t head = text.empty() ? 0 : read_utf8(text, 0).size;
  return map_characters(text.substr(0, head), utf8proc_totitle) + lower(text.substr(head));
}

/// Python's repr() of a float: the shortest digits that read back the same.
[[nodiscard]] inline std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const double magnitude = std::fabs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed)
                       .ptr;
  std::string text(buffer.data(), end);
  if (!scientific && text.find('.') == std::string::npos) text += ".0";
  return text;
}

namespace detail {

[[nodiscard]] inline bool is_printable(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ';
    default:
      return true;
  }
}

inline void append_hex(std::string& text, char32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 0xf];
}

inline void repr_text(BoundedText& out, std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string piece(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    const char32_t c = unit.value;
    if (c == static_cast<unsigned char>(quote) || c == '\\') {
      piece += '\\';
      piece += static_cast<char>(c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
      piece += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (is_printable(c)) {
      piece += text.substr(at, unit.size);
    } else {
      piece += c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U";
      append_hex(piece, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
    at += unit.size;
  }
  out << piece << std::string_view(&quote, 1);
}

}  // namespace detail

/// Python's repr(); `quoted` false is str(), which differs for texts alone. Nesting is bounded by max_value_depth.
inline void write_value(BoundedText& out, const Value& value, bool quoted) {
  if (value.is_undefined()) {
    if (quoted) out << "Undefined";
  } else if (value.is<None>()) {
    out << "None";
  } else if (value.is<bool>()) {
    out << (std::get<bool>(value.data) ? "True" : "False");
  } else if (value.is<std::int64_t>()) {
    out << std::to_string(std::get<std::int64_t>(value.data));
  } else if (value.is<double>()) {
    out << float_text(std::get<double>(value.data));
  } else if (const std::string* text = value.text()) {
    quoted ? detail::repr_text(out, *text) : static_cast<void>(out << *text);
  } else if (const Sequence* sequence = value.sequence(); sequence && sequence->kind == Sequence::Kind::range) {
    out << sequence->label;
  } else if (sequence) {
    const bool tuple = sequence->kind == Sequence::Kind::tuple, view = sequence->kind == Sequence::Kind::view;
    if (view) out << sequence->label << "(";
    out << (tuple ? "(" : "[");
    for (std::size_t i = 0; i < sequence->items.size(); ++i) {
      if (i > 0) out << ", ";
      write_value(out, sequence->items[i], true);
    }
    if (tuple && sequence->items.size() == 1) out << ",";
    out << (tuple ? ")" : "]");
    if (view) out << ")";
  } else if (const Dict* dict = value.dict()) {
    out << "{";
    for (std::size_t i = 0; i < dict->entries.size(); ++i) {
      if (i > 0) out << ", ";
      write_value(out, dict->entries[i].first, true);
      out << ": ";
      write_value(out, dict->entries[i].second, true);
    }
    out << "}";
  } else {
    fault("a ", kind_name(value), " cannot be printed");
  }
}

/// Python's str().
[[nodiscard]] inline std::string to_text(const Value& value) {
  BoundedText out;
  write_value(out, value, false);
  return out.take();
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
