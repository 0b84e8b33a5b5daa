/// Words as the text metrics see them: what ASCII blanks separate, as written or up to case and punctuation.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/chunk_by.hpp>
#include <range/v3/view/filter.hpp>
#include <range/v3/view/transform.hpp>
#include <string>
#include <string_view>
#include <utility>
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

/// ASCII punctuation and symbols.
[[nodiscard]] constexpr bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

/// The text with ASCII's quotes, dashes and dots for those of typesetting, which models write as they like.
[[nodiscard]] inline std::string with_ascii_punctuation(std::string_view text) {
  constexpr std::array spellings =
      std::to_array<std::pair<std::string_view, std::string_view>>({{"\xe2\x80\x98", "'"},
                                                                    {"\xe2\x80\x99", "'"},
                                                                    {"\xe2\x80\x9c", "\""},
                                                                    {"\xe2\x80\x9d", "\""},
                                                                    {"\xe2\x80\x93", "-"},
                                                                    {"\xe2\x80\x94", "-"},
                                                                    {"\xe2\x80\xa6", "..."},
                                                                    {"\xc2\xa0", " "}});
  std::string plain;
  while (!text.empty()) {
    const auto found = std::find_if(spellings.begin(), spellings.end(),
                                    [&](const auto& spelling) { return text.starts_with(spelling.first); });
    plain += found == spellings.end() ? text.substr(0, 1) : found->second;
    text.remove_prefix(found == spellings.end() ? 1 : found->first.size());
  }
  return plain;
}

/// The words of a text up to case and punctuation: in ASCII lower case, without the punctuation around them; what is
/// punctuation alone is no word. Inside of words it stays: "3.5" is not "35".
[[nodiscard]] inline std::vector<std::string> plain_words(std::string_view text) {
  const std::string lower = to_lower(with_ascii_punctuation(text));
  std::vector<std::string> words;
  for (std::string_view word : split_words(lower)) {
    while (!word.empty() && is_punctuation(word.front())) word.remove_prefix(1);
    while (!word.empty() && is_punctuation(word.back())) word.remove_suffix(1);
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

/// Whether a text holds a phrase, in any ASCII case and with neither letter nor digit beside it: "no" is not in
/// "cannot". Every non-ASCII character counts as a letter, but for the typesetter's punctuation. A phrase without
/// characters is nowhere.
[[nodiscard]] inline bool contains_phrase(std::string_view text, std::string_view phrase) {
  const std::string in = to_lower(with_ascii_punctuation(text));
  const std::string wanted = to_lower(with_ascii_punctuation(phrase));
  const auto goes_on = [&](std::size_t at) { return at < in.size() && !is_blank(in[at]) && !is_punctuation(in[at]); };
  if (wanted.empty()) return false;
  for (std::size_t at = in.find(wanted); at != std::string::npos; at = in.find(wanted, at + 1))
    if (!(at > 0 && goes_on(at - 1)) && !goes_on(at + wanted.size())) return true;
  return false;
}

}  // namespace quantlens::inline QUANTLENS_ABI
