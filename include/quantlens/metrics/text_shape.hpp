/// What an answer looks like before anybody reads it: its length, and whether it is degenerate.
#pragma once

#include <algorithm>
#include <cstddef>
#include <range/v3/view/chunk_by.hpp>
#include <string_view>
#include <vector>

#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The metric explanation_words: how many blank-separated words an explanation has.
/// Range: [0, inf). Better: neither. Undefined-when: never.
[[nodiscard]] inline std::size_t count_words(std::string_view text) { return split_words(text).size(); }

namespace detail {

inline constexpr std::size_t degenerate_character_run = 8;
inline constexpr std::size_t degenerate_loop_rounds = 3;
inline constexpr std::size_t degenerate_loop_min_words = 8;

/// Any non-ASCII character counts as a letter, so that no script is called degenerate.
[[nodiscard]] inline bool has_letter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || static_cast<unsigned char>(c) >= 0x80;
  });
}

/// Whether one UTF-8 character other than a blank occurs that many times in a row.
[[nodiscard]] inline bool has_character_run(std::string_view text) {
  const auto continues = [](char, char next) { return (static_cast<unsigned char>(next) & 0xc0u) == 0x80; };
  std::string_view last;
  std::size_t run = 0;
  for (auto chunk : text | ranges::views::chunk_by(continues)) {
    const std::string_view character = as_view(chunk);
    run = character == last && !is_blank(character.front()) ? run + 1 : 1;
    if (run == degenerate_character_run) return true;
    last = character;
  }
  return false;
}

/// Whether a sequence of words repeats, without a gap, over at least half of the text.
[[nodiscard]] inline bool has_word_loop(const std::vector<std::string_view>& words) {
  if (words.size() < degenerate_loop_min_words) return false;
  for (std::size_t period = 1; period * degenerate_loop_rounds <= words.size(); ++period) {
    std::size_t covered = period;
    for (std::size_t i = period; i < words.size(); ++i) {
      covered = words[i] == words[i - period] ? covered + 1 : period;
      if (covered >= period * degenerate_loop_rounds && 2 * covered >= words.size()) return true;
    }
  }
  return false;
}

}  // namespace detail

/// The metric degenerate_rate of one item: whether an answer is noise that no reader would take for a sentence.
/// An answer is degenerate if it (1) has no letter, empty ones included; or (2) has one character other than a blank
/// eight times in a row ("!!!!!!!!"); or (3) has at least eight words, at least half of which are one stretch in which
/// a sequence of words (one word or a whole sentence) comes three times or more without a gap. Range: 0 or 1. Better:
/// lower. Undefined-when: never. Source: [design]; the failure shapes are those that collapsed 2- and 4-bit models
/// show.
[[nodiscard]] inline bool is_degenerate(std::string_view text) {
  return !detail::has_letter(text) || detail::has_character_run(text) || detail::has_word_loop(split_words(text));
}

}  // namespace quantlens::inline QUANTLENS_ABI
