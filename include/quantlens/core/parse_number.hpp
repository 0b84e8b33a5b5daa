/// Numbers that a user gives to a flag.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Both ends are allowed.
struct WholeRange {
  std::uint64_t least = 1, most = std::numeric_limits<std::uint64_t>::max();
};

/// The digits of `text`, all of it; a zero in front, which others read as octal, is refused. Errors: InputError "usage"
/// for any other text, and beyond the range.
[[nodiscard]] inline std::uint64_t parse_whole_number(std::string_view flag, std::string_view text, WholeRange range) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_whole = code == std::errc{} && end == text.data() + text.size();
  const bool is_decimal = text == "0" || !text.starts_with('0');
  if (is_whole && is_decimal && value >= range.least && value <= range.most) return value;
  const bool has_end = range.most != WholeRange{}.most;
  throw InputError("usage", concat(flag, " takes a whole number from ", range.least,
                                   has_end ? concat(" to ", range.most) : "", "; got '", text, "'"));
}

/// Both ends are allowed; `noun` is what errors call a number between them.
struct RealRange {
  static constexpr double no_end = std::numeric_limits<double>::max();
  double least = 0, most = 1;
  std::string_view noun = "number";
};

/// The number that all of `text` is; NaN is none. Errors: InputError "usage" as above.
[[nodiscard]] inline double parse_real_number(std::string_view flag, std::string_view text, const RealRange& range) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc{} && end == text.data() + text.size() && value >= range.least && value <= range.most)
    return value;
  const bool has_end = range.most != RealRange::no_end;
  throw InputError("usage", concat(flag, " takes a ", range.noun, " from ", range.least,
                                   has_end ? concat(" to ", range.most) : "", "; got '", text, "'"));
}

}  // namespace quantlens::inline QUANTLENS_ABI
