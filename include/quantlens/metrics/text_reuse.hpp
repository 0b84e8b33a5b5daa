/// What a text takes from itself and from its input: repetition, copies, words that it shares with the input.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Words in a row that are taken as a whole: four of them seldom come again, or come from elsewhere, by chance.
inline constexpr std::size_t reused_words = 4;

namespace detail {

/// All runs of `reused_words` words, up to case and punctuation, in their order.
[[nodiscard]] inline std::vector<std::vector<std::string>> word_ngrams(std::string_view text) {
  const std::vector<std::string> words = plain_words(text);
  std::vector<std::vector<std::string>> ngrams;
  for (std::size_t first = 0; first + reused_words <= words.size(); ++first) {
    const auto begin = words.begin() + static_cast<std::ptrdiff_t>(first);
    ngrams.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(reused_words));
  }
  return ngrams;
}

}  // namespace detail

/// The metric repeated_share of one text: the share of its four-word sequences that it has had before.
/// Range: [0, 1). Better: lower. Undefined-when: the text has fewer than four words.
/// Source: Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training" (seq-rep-4), of words.
[[nodiscard]] inline std::optional<double> repeated_share(std::string_view text) {
  const auto ngrams = detail::word_ngrams(text);
  if (ngrams.empty()) return std::nullopt;
  const std::set<std::vector<std::string>> distinct(ngrams.begin(), ngrams.end());
  return 1 - static_cast<double>(distinct.size()) / static_cast<double>(ngrams.size());
}

/// The metric copied_share of one text: the share of its four-word sequences that its input has, too.
/// Range: [0, 1]. Better: neither. Undefined-when: the text has fewer than four words.
/// Source: one minus the novel n-grams of See et al. 2017, "Get To The Point".
[[nodiscard]] inline std::optional<double> copied_share(std::string_view text, std::string_view input) {
  const auto ngrams = detail::word_ngrams(text);
  if (ngrams.empty()) return std::nullopt;
  const auto of_input = detail::word_ngrams(input);
  const std::set<std::vector<std::string>> known(of_input.begin(), of_input.end());
  const auto n_copied =
      std::count_if(ngrams.begin(), ngrams.end(), [&](const auto& ngram) { return known.count(ngram) > 0; });
  return static_cast<double>(n_copied) / static_cast<double>(ngrams.size());
}

/// The metric grounded_share of one explanation: the share of its content words that are in its input, as whole words
/// in any ASCII case. Which words carry content is for the caller to say; one that comes twice counts twice.
/// Range: [0, 1]. Better: neither: garbage shares nothing, a copy all. Undefined-when: there are no words.
[[nodiscard]] inline std::optional<double> grounded_share(std::span<const std::string> words, std::string_view input) {
  if (words.empty()) return std::nullopt;
  const auto n_shared =
      std::count_if(words.begin(), words.end(), [&](const std::string& word) { return contains_phrase(input, word); });
  return static_cast<double>(n_shared) / static_cast<double>(words.size());
}

}  // namespace quantlens::inline QUANTLENS_ABI
