/// What BERT's tokenizers do with characters before they look words up.
#pragma once

#include <utf8proc.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "quantlens/text/nfc.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

// The reference's categories are those of Unicode 8: what came or changed later is listed.
// Source: tokenizers 0.23.3 (crate unicode_categories) against Unicode 14, every character tried.

/// Formats that the reference does not know as such.
inline constexpr CodePointRange newer_formats[] = {
    {0x890, 0x891}, {0x8e2, 0x8e2}, {0x110cd, 0x110cd}, {0x13430, 0x13438}};

/// Nonspacing marks that the reference does not know as such.
inline constexpr CodePointRange newer_nonspacing_marks[] = {
    {0x7fd, 0x7fd},     {0x898, 0x89f},     {0x8ca, 0x8e1},     {0x9fe, 0x9fe},     {0xafa, 0xaff},
    {0xb55, 0xb55},     {0xc04, 0xc04},     {0xc3c, 0xc3c},     {0xd00, 0xd00},     {0xd3b, 0xd3c},
    {0xd81, 0xd81},     {0xeba, 0xeba},     {0x180f, 0x180f},   {0x1885, 0x1886},   {0x1abf, 0x1ace},
    {0x1df6, 0x1dfb},   {0xa82c, 0xa82c},   {0xa8c5, 0xa8c5},   {0xa8ff, 0xa8ff},   {0xa9bd, 0xa9bd},
    {0x10d24, 0x10d27}, {0x10eab, 0x10eac}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85}, {0x11070, 0x11070},
    {0x11073, 0x11074}, {0x110c2, 0x110c2}, {0x111c9, 0x111c9}, {0x111cf, 0x111cf}, {0x1123e, 0x1123e},
    {0x1133b, 0x1133b}, {0x11438, 0x1143f}, {0x11442, 0x11444}, {0x11446, 0x11446}, {0x1145e, 0x1145e},
    {0x1182f, 0x11837}, {0x11839, 0x1183a}, {0x1193b, 0x1193c}, {0x1193e, 0x1193e}, {0x11943, 0x11943},
    {0x119d4, 0x119d7}, {0x119da, 0x119db}, {0x119e0, 0x119e0}, {0x11a01, 0x11a0a}, {0x11a33, 0x11a38},
    {0x11a3b, 0x11a3e}, {0x11a47, 0x11a47}, {0x11a51, 0x11a56}, {0x11a59, 0x11a5b}, {0x11a8a, 0x11a96},
    {0x11a98, 0x11a99}, {0x11c30, 0x11c36}, {0x11c38, 0x11c3d}, {0x11c3f, 0x11c3f}, {0x11c92, 0x11ca7},
    {0x11caa, 0x11cb0}, {0x11cb2, 0x11cb3}, {0x11cb5, 0x11cb6}, {0x11d31, 0x11d36}, {0x11d3a, 0x11d3a},
    {0x11d3c, 0x11d3d}, {0x11d3f, 0x11d45}, {0x11d47, 0x11d47}, {0x11d90, 0x11d91}, {0x11d95, 0x11d95},
    {0x11d97, 0x11d97}, {0x11ef3, 0x11ef4}, {0x16f4f, 0x16f4f}, {0x16fe4, 0x16fe4}, {0x1cf00, 0x1cf2d},
    {0x1cf30, 0x1cf46}, {0x1e000, 0x1e006}, {0x1e008, 0x1e018}, {0x1e01b, 0x1e021}, {0x1e023, 0x1e024},
    {0x1e026, 0x1e02a}, {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae}, {0x1e2ec, 0x1e2ef}, {0x1e944, 0x1e94a}};

/// A mark that was a nonspacing one until Unicode 14.
inline constexpr char32_t former_nonspacing_mark = 0x1734;

/// Han characters as the reference has them, with its slip at U+2B820.
inline constexpr CodePointRange han_characters[] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},
                                                    {0x20000, 0x2a6df}, {0x2a700, 0x2b81f}, {0x2b920, 0x2ceaf},
                                                    {0x2f800, 0x2fa1f}};

[[nodiscard]] inline utf8proc_category_t category_of(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

/// The text with each character as `spell(character, bytes)` appends it.
template <class Append>
[[nodiscard]] std::string by_character(std::string_view text, Append&& append) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    append(result, unit.value, text.substr(at, unit.size));
    at += unit.size;
  }
  return result;
}

}  // namespace detail

/// PCRE2 for one character of punctuation, as the pre-tokenizers Punctuation and BertPreTokenizer have it.
/// Source: as the tables above.
inline constexpr std::string_view punctuation_pattern =
    R"([!-/:-@\[-`{-~\x{166d}\x{111c9}]|(?![\x{61d}\x{9fd}\x{a76}\x{c77}\x{c84}\x{1b7d}\x{1b7e}\x{2e43}-\x{2e4f})"
    R"(\x{2e52}-\x{2e5d}\x{10ead}\x{10f55}-\x{10f59}\x{10f86}-\x{10f89}\x{1144b}-\x{1144f}\x{1145a}\x{1145b}\x{1145d})"
    R"(\x{11660}-\x{1166c}\x{116b9}\x{1183b}\x{11944}-\x{11946}\x{119e2}\x{11a3f}-\x{11a46}\x{11a9a}-\x{11a9c})"
    R"(\x{11a9e}-\x{11aa2}\x{11c41}-\x{11c45}\x{11c70}\x{11c71}\x{11ef7}\x{11ef8}\x{11fff}\x{12ff1}\x{12ff2})"
    R"(\x{16e97}-\x{16e9a}\x{16fe2}\x{1e95e}\x{1e95f}])\p{P})";

/// The text without controls, formats, private characters and U+FFFD, and with a blank for each white space.
[[nodiscard]] inline std::string clean_text(std::string_view text) {
  const auto is_dropped = [](char32_t c) {
    if (c == '\t' || c == '\n' || c == '\r') return false;
    const utf8proc_category_t category = detail::category_of(c);
    return c == 0xfffd || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CO ||
           (category == UTF8PROC_CATEGORY_CF &&
            !detail::is_in(detail::newer_formats, static_cast<utf8proc_int32_t>(c)));
  };
  return detail::by_character(text, [&](std::string& result, char32_t c, std::string_view bytes) {
    if (!is_dropped(c)) result += is_white_space(c) ? " " : bytes;
  });
}

/// The text with a blank on both sides of each Han character.
[[nodiscard]] inline std::string space_han(std::string_view text) {
  return detail::by_character(text, [](std::string& result, char32_t c, std::string_view bytes) {
    const bool is_han = detail::is_in(detail::han_characters, static_cast<utf8proc_int32_t>(c));
    if (is_han) result += ' ';
    result += bytes;
    if (is_han) result += ' ';
  });
}

/// The text without its nonspacing marks; decomposed text loses its accents.
[[nodiscard]] inline std::string drop_nonspacing_marks(std::string_view text) {
  return detail::by_character(text, [](std::string& result, char32_t c, std::string_view bytes) {
    const bool is_mark = detail::category_of(c) == UTF8PROC_CATEGORY_MN &&
                         !detail::is_in(detail::newer_nonspacing_marks, static_cast<utf8proc_int32_t>(c));
    if (!is_mark && c != detail::former_nonspacing_mark) result += bytes;
  });
}

}  // namespace quantlens::inline QUANTLENS_ABI
