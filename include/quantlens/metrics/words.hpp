/// Words as the text metrics see them: what ASCII blanks separate.
#pragma once

#include <cstddef>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk_by.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// ASCII blanks, whatever the locale.
[[nodiscard]] constexpr bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// ASCII lower case; every other byte stays.
[[nodiscard]] constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] inline std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = to_lower(c);
  return lower;
}

/// Whether two characters are the same but for ASCII case.
[[nodiscard]] constexpr bool same_letter(char a, char b) { return to_lower(a) == to_lower(b); }

/// A piece of a text, as a range over it, back as a view.
[[nodiscard]] constexpr std::string_view as_view(auto piece) {
  return {&*piece.begin(), static_cast<std::size_t>(ranges::distance(piece))};
}

/// The blank-separated words of a text, as views into it. Blanks are ASCII ones: a no-break space joins words.
[[nodiscard]] inline std::vector<std::string_view> split_words(std::string_view text) {
  return text | ranges::views::chunk_by([](char a, char b) { return is_blank(a) == is_blank(b); }) |
         ranges::views::transform([](auto piece) { return as_view(piece); }) |
         ranges::views::filter([](std::string_view piece) { return !is_blank(piece.front()); }) |
         ranges::to<std::vector>();
}

}  // namespace quantlens::inline QUANTLENS_ABI
