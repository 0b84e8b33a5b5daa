/// Unicode normalization forms, as Hugging Face's tokenizers apply them.
#pragma once

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

struct CodePointRange {
  utf8proc_int32_t first, last;
};

/// Characters newer than Unicode 9 that later versions reorder or compose; the reference's tables leave them alone.
/// Source: tokenizers 0.23.3 (crate unicode-normalization-alignments) against Unicode 14, every character tried.
inline constexpr CodePointRange newer_than_nfc_tables[] = {
    {0x7fd, 0x7fd},     {0x898, 0x89f},     {0x8ca, 0x8d3},     {0x9fe, 0x9fe},     {0xc3c, 0xc3c},
    {0xd3b, 0xd3c},     {0xeba, 0xeba},     {0x1715, 0x1715},   {0x1abf, 0x1ace},   {0x1df6, 0x1dfa},
    {0xa82c, 0xa82c},   {0x10d24, 0x10d27}, {0x10eab, 0x10eac}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85},
    {0x11070, 0x11070}, {0x1133b, 0x1133b}, {0x1145e, 0x1145e}, {0x11839, 0x1183a}, {0x11930, 0x11930},
    {0x11938, 0x11938}, {0x1193d, 0x1193e}, {0x11943, 0x11943}, {0x119e0, 0x119e0}, {0x11a34, 0x11a34},
    {0x11a47, 0x11a47}, {0x11a99, 0x11a99}, {0x11d42, 0x11d42}, {0x11d44, 0x11d45}, {0x11d97, 0x11d97},
    {0x16ff0, 0x16ff1}, {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae}, {0x1e2ec, 0x1e2ef}};

/// Characters newer than Unicode 9 that later versions call compatible with others. Source: as above.
inline constexpr CodePointRange newer_than_compatibility_tables[] = {
    {0x32ff, 0x32ff},   {0xa7f2, 0xa7f4},   {0xab69, 0xab69},   {0x10781, 0x10785},
    {0x10787, 0x107b0}, {0x107b2, 0x107ba}, {0x1f16c, 0x1f16c}, {0x1fbf0, 0x1fbf9}};

[[nodiscard]] inline bool is_in(std::span<const CodePointRange> ranges, utf8proc_int32_t c) {
  const auto range = std::lower_bound(ranges.begin(), ranges.end(), c,
                                      [](const CodePointRange& r, utf8proc_int32_t point) { return r.last < point; });
  return range != ranges.end() && range->first <= c;
}

/// Appends decomposed `points`, whose marks may still be out of order, in order and composed where `compose`, and
/// clears them.
inline void append_ordered(std::string& text, std::vector<utf8proc_int32_t>& points, bool compose) {
  // utf8proc's own reordering is quadratic in a run of marks.
  const auto rank = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  for (auto first = points.begin(); first != points.end();) {
    const auto last = std::find_if(first, points.end(), [&](auto c) { return rank(c) == 0; });
    // Equal ranks keep their order; std::stable_sort of libstdc++ 12 warns with newer compilers.
    std::multimap<int, utf8proc_int32_t> ordered;
    for (auto point = first; point != last; ++point) ordered.emplace(rank(*point), *point);
    std::transform(ordered.begin(), ordered.end(), first, [](const auto& entry) { return entry.second; });
    first = std::find_if(last, points.end(), [&](auto c) { return rank(c) != 0; });
  }
  auto n = static_cast<utf8proc_ssize_t>(points.size());
  if (compose)
    n = utf8proc_normalize_utf32(points.data(), n, static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  if (n < 0) throw Error("unicode", concat("utf8proc: ", utf8proc_errmsg(n)));
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) append_utf8(text, static_cast<char32_t>(points[i]));
  points.clear();
}

}  // namespace detail

struct UnicodeForm {
  bool composed = true;
  bool compatibility = false;
};

/// A normalization form of valid UTF-8, in O(n log n).
/// Characters newer than Unicode 9 stay as and where they are, since the reference does not know them.
[[nodiscard]] inline std::string normalize_unicode(std::string_view text, UnicodeForm form) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return std::string(text);
  std::string result;
  result.reserve(text.size());
  const int options = UTF8PROC_DECOMPOSE | (form.compatibility ? UTF8PROC_COMPAT : 0);
  std::vector<utf8proc_int32_t> points;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    at += unit.size;
    const auto point = static_cast<utf8proc_int32_t>(unit.value);
    if (detail::is_in(detail::newer_than_nfc_tables, point)) {
      detail::append_ordered(result, points, form.composed);
      append_utf8(result, unit.value);
      continue;
    }
    if (form.compatibility && detail::is_in(detail::newer_than_compatibility_tables, point)) {
      points.push_back(point);
      continue;
    }
    utf8proc_int32_t parts[18];  // U+FDFA is the longest.
    const auto n = utf8proc_decompose_char(point, parts, 18, static_cast<utf8proc_option_t>(options), nullptr);
    if (n < 0 || n > 18)
      throw Error("unicode", concat("utf8proc: ", n < 0 ? utf8proc_errmsg(n) : "long decomposition"));
    points.insert(points.end(), parts, parts + n);
  }
  detail::append_ordered(result, points, form.composed);
  return result;
}

/// Normalization form C of valid UTF-8.
[[nodiscard]] inline std::string normalize_nfc(std::string_view text) { return normalize_unicode(text, {}); }

}  // namespace quantlens::inline QUANTLENS_ABI
