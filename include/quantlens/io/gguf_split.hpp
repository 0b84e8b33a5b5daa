/// The names of the files that one GGUF model is split into.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What "model-00002-of-00003.gguf" says: the second of three parts of "model".
struct GgufPartName {
  std::string prefix;
  std::size_t number;  ///< From 1.
  std::size_t n_parts;
};

/// Nothing for a name of another form. Source: llama.cpp, llama_split_path.
[[nodiscard]] inline std::optional<GgufPartName> parse_gguf_part_name(std::string_view file_name) {
  constexpr std::string_view extension = ".gguf", of = "-of-";
  constexpr std::size_t n_digits = 5, tail = 1 + n_digits + of.size() + n_digits;
  if (!file_name.ends_with(extension)) return std::nullopt;
  const std::string_view stem = file_name.substr(0, file_name.size() - extension.size());
  if (stem.size() <= tail) return std::nullopt;
  const std::string_view numbers = stem.substr(stem.size() - tail);
  const auto number = [](std::string_view digits) {
    std::size_t value = 0;
    const bool plain = std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
    if (plain) std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const std::size_t part = number(numbers.substr(1, n_digits)), n_parts = number(numbers.substr(tail - n_digits));
  if (numbers[0] != '-' || numbers.substr(1 + n_digits, of.size()) != of || part == 0 || part > n_parts)
    return std::nullopt;
  return GgufPartName{std::string(stem.substr(0, stem.size() - tail)), part, n_parts};
}

/// Example: gguf_part_name("model", 2, 3) is "model-00002-of-00003.gguf".
[[nodiscard]] inline std::string gguf_part_name(std::string_view prefix, std::size_t number, std::size_t n_parts) {
  std::array<char, 64> tail{};
  std::snprintf(tail.data(), tail.size(), "-%05zu-of-%05zu.gguf", number, n_parts);
  return concat(prefix, tail.data());
}

}  // namespace quantlens::inline QUANTLENS_ABI
