/// GPT-2's byte alphabet: each byte as one printable character, the way byte-level vocabularies are spelled.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The character that stands for each byte: itself where it is printable Latin-1, else U+0100 upwards in order.
/// Source: Radford et al. 2019, GPT-2's encoder.
inline constexpr std::array<char32_t, 256> byte_alphabet = [] {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    alphabet[byte] = printable ? byte : next++;
  }
  return alphabet;
}();

/// The byte that a character stands for, if any.
[[nodiscard]] inline std::optional<unsigned char> byte_of_character(char32_t character) {
  static constexpr std::array<int, 0x144> bytes = [] {
    std::array<int, 0x144> inverse{};
    inverse.fill(-1);
    for (std::size_t byte = 0; byte < 256; ++byte) inverse[byte_alphabet[byte]] = static_cast<int>(byte);
    return inverse;
  }();
  if (character >= bytes.size() || bytes[character] < 0) return std::nullopt;
  return static_cast<unsigned char>(bytes[character]);
}

/// The bytes that a token's spelling stands for. A spelling with a character outside of the alphabet (an added token
/// such as one with a blank in it) stands for itself.
[[nodiscard]] inline std::string bytes_of_spelling(std::string_view spelling) {
  std::string bytes;
  bytes.reserve(spelling.size());
  for (std::size_t at = 0; at < spelling.size();) {
    const Utf8Unit unit = read_utf8(spelling, at);
    const auto byte = unit.valid ? byte_of_character(unit.value) : std::nullopt;
    if (!byte) return std::string(spelling);
    bytes += static_cast<char>(*byte);
    at += unit.size;
  }
  return bytes;
}

}  // namespace quantlens::inline QUANTLENS_ABI
