/// Files that should be UTF-8 text: where one is not, what it is instead, and what makes it text.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/core/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// A sentence about files that begin like this one; empty where none is known.
[[nodiscard]] inline std::string_view known_start(std::string_view text) {
  using Start = std::pair<std::string_view, std::string_view>;
  constexpr std::string_view utf16 = "not UTF-8 but UTF-16; convert it: iconv -f utf-16 -t utf-8";
  static constexpr std::array starts{
      Start{"\xff\xfe", utf16},
      Start{"\xfe\xff", utf16},
      Start{"\x1f\x8b", "a gzip archive; unpack it"},
      Start{"PK\x03\x04", "a zip archive or a spreadsheet; unpack it, or save it as comma-separated text"},
      Start{"PAR1", "a Parquet file; convert it to CSV or JSON lines"},
      Start{"<!DOCTYPE html", "a web page instead of the file; download the file itself"},
      Start{"<!doctype html", "a web page instead of the file; download the file itself"},
      Start{"<html", "a web page instead of the file; download the file itself"},
  };
  for (const auto& [start, sentence] : starts)
    if (text.starts_with(start)) return sentence;
  // ASCII in UTF-16 without a byte order mark is valid UTF-8: every other byte is 0.
  if (text.size() >= 2 && (text[0] == '\0') != (text[1] == '\0')) return utf16;
  return {};
}

}  // namespace detail

/// What is wrong with text that stops being UTF-8 at byte `at`, and what to do.
[[nodiscard]] inline std::string not_utf8(std::string_view text, std::size_t at) {
  if (const std::string_view known = detail::known_start(text); !known.empty()) return std::string(known);
  if (at + read_utf8(text, at).size == text.size() && static_cast<unsigned char>(text[at]) >= 0xc2 && at > 0)
    return "not valid UTF-8: the text ends within a character";
  return "not valid UTF-8; text in Latin-1 or Windows-1252 is converted by iconv -f windows-1252 -t utf-8";
}

/// Errors: FormatError `id` naming `what` where a file is no text, or text in another encoding.
inline void require_text(std::string_view text, ErrorId id, std::string_view what) {
  if (const auto bad = first_invalid_utf8(text)) throw FormatError(id, what, *bad, not_utf8(text, *bad));
  if (const std::string_view known = detail::known_start(text); !known.empty()) throw FormatError(id, what, 0, known);
}

}  // namespace quantlens::inline QUANTLENS_ABI
