/// The number with which a judge's reply begins.
#pragma once

#include <charconv>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A number in a text, and how many bytes it takes there.
struct LeadingNumber {
  double value = 0;
  std::size_t size = 0;
};

/// The decimal number with which a text begins: digits, and a point with more digits behind it or none. No sign, blank
/// or exponent. None where there is no digit, or the number is beyond a double.
[[nodiscard]] inline std::optional<LeadingNumber> leading_number(std::string_view text) {
  const auto digits_from = [&](std::size_t at) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at;
  };
  std::size_t size = digits_from(0);
  if (size == 0) return std::nullopt;
  if (size < text.size() && text[size] == '.' && digits_from(size + 1) > size + 1) size = digits_from(size + 1);
  LeadingNumber number{0, size};
  const auto read = std::from_chars(text.data(), text.data() + size, number.value, std::chars_format::fixed);
  return read.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
