/// What named_words.hpp declares, defined.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/named_words.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// Function words, which sentences hold whatever they explain; and what an apostrophe leaves of them. Negations and
/// numbers are none: they can decide a label.
inline constexpr std::array function_words{
    "a",     "about", "also",   "am",    "an",    "and",  "are",  "as",    "at",  "be",    "because", "been", "being",
    "but",   "by",    "can",    "could", "d",     "did",  "do",   "does",  "due", "for",   "from",    "had",  "has",
    "have",  "he",    "her",    "him",   "his",   "how",  "i",    "if",    "in",  "into",  "is",      "it",   "its",
    "ll",    "m",     "may",    "me",    "might", "must", "my",   "of",    "on",  "or",    "our",     "re",   "s",
    "shall", "she",   "should", "since", "so",    "t",    "than", "that",  "the", "their", "them",    "then", "there",
    "these", "they",  "this",   "those", "to",    "us",   "ve",   "was",   "we",  "were",  "what",    "when", "where",
    "which", "while", "who",    "whose", "why",   "will", "with", "would", "you", "your"};

[[nodiscard]] inline bool is_function_word(std::string_view word) {
  return std::any_of(function_words.begin(), function_words.end(), [&](std::string_view known) {
    return std::equal(known.begin(), known.end(), word.begin(), word.end(), same_letter);
  });
}

[[nodiscard]] inline bool starts_with_word_character(std::string_view text) {
  return !text.empty() && is_word_character(read_utf8(text, 0).value);
}

[[nodiscard]] inline bool starts_with_in_any_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && std::equal(start.begin(), start.end(), text.begin(), same_letter);
}

}  // namespace detail

QUANTLENS_INLINE std::vector<std::string_view> word_runs(std::string_view text) {
  std::vector<std::string_view> runs;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    const bool belongs = is_word_character(unit.value);
    if (belongs && !inside) runs.push_back(text.substr(at, 0));
    if (belongs) runs.back() = {runs.back().data(), runs.back().size() + unit.size};
    inside = belongs;
    at += unit.size;
  }
  return runs;
}

QUANTLENS_INLINE std::vector<std::string> words_of_explanation(std::string_view explanation) {
  std::vector<std::string> words;
  for (const std::string_view run : word_runs(explanation))
    if (!detail::is_function_word(run)) words.emplace_back(run);
  return words;
}

QUANTLENS_INLINE std::vector<std::string> words_of_list(std::string_view answer) {
  answer = strip_blanks(answer);
  answer = answer.substr(0, answer.find('\n'));
  std::vector<std::string> entries;
  while (!answer.empty()) {
    const std::size_t end = std::min(answer.find_first_of(",;"), answer.size());
    const auto runs = word_runs(answer.substr(0, end));
    if (!std::all_of(runs.begin(), runs.end(), detail::is_function_word))
      entries.emplace_back(runs.front().data(), runs.back().data() + runs.back().size());
    answer.remove_prefix(std::min(end + 1, answer.size()));
  }
  return entries;
}

QUANTLENS_INLINE std::string redact(std::string_view text, std::span<const std::string> phrases) {
  std::string redacted;
  bool inside = false;  // a word, whose middle is no place for a match
  while (!text.empty()) {
    std::size_t longest = 0;
    for (const std::string& phrase : phrases)
      if (!inside && phrase.size() > longest && detail::starts_with_in_any_case(text, phrase) &&
          !detail::starts_with_word_character(text.substr(phrase.size())))
        longest = phrase.size();
    const Utf8Unit unit = read_utf8(text, 0);
    inside = longest > 0 || is_word_character(unit.value);
    redacted += longest > 0 ? redacted_mark : text.substr(0, unit.size);
    text.remove_prefix(longest > 0 ? longest : unit.size);
  }
  return redacted;
}

}  // namespace quantlens::inline QUANTLENS_ABI
