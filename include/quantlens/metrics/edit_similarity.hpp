/// How far a text that was edited lies from the original, and whether it is an edit of it at all.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/edit_distance.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The metric edit_distance: word-level Levenshtein distance divided by the words of the original.
/// Range: [0, inf); exceeds 1 where the edit is longer than the original. Better: lower.
/// Undefined-when: the original has no words.
/// Source: the "textual similarity" of counterfactual studies; divided by the original's length, as in CEval.
[[nodiscard]] inline std::optional<double> word_edit_distance(std::string_view original, std::string_view edited) {
  const auto original_words = split_words(original);
  if (original_words.empty()) return std::nullopt;
  return static_cast<double>(edit_distance(original_words, split_words(edited))) /
         static_cast<double>(original_words.size());
}

/// The metric changed_share of one edit: word-level Levenshtein distance, up to case and punctuation, divided by the
/// words of the longer text.
/// Range: [0, 1]. Better: neither. Undefined-when: neither text has words.
[[nodiscard]] inline std::optional<double> changed_share(std::string_view original, std::string_view edited) {
  const auto before = plain_words(original);
  const auto after = plain_words(edited);
  const std::size_t longer = std::max(before.size(), after.size());
  if (longer == 0) return std::nullopt;
  return static_cast<double>(edit_distance(before, after)) / static_cast<double>(longer);
}

/// The metric copy_rate of one item: whether the edit is the original up to case, blanks and punctuation. A capital
/// letter and a full stop are no counterfactual.
/// Range: 0 or 1. Better: lower. Undefined-when: never; a protocol records null where it parsed no counterfactual.
[[nodiscard]] inline bool is_copy(std::string_view original, std::string_view edited) {
  return plain_words(original) == plain_words(edited);
}

/// The largest changed_share of an edit. Beyond it more words are new or gone than kept, and what the text says owes
/// more to these than to the original: any text that is not about the same thing loses its label, edited or not.
inline constexpr double largest_edit = 0.5;

/// The metric valid_edits of one counterfactual: whether it is the original with some of its words changed, neither a
/// copy nor another text.
/// Range: 0 or 1. Better: higher. Undefined-when: never. Source: [design].
[[nodiscard]] inline bool is_edit(std::string_view original, std::string_view edited) {
  const double changed = changed_share(original, edited).value_or(0);
  return changed > 0 && changed <= largest_edit;
}

/// The metric valid_redactions of one redaction: whether it is the original with some of its words replaced by the
/// mark, up to case and punctuation. One mark may stand for several words that follow each other, and in a word
/// ("[REDACTED]'s") it hides all of it. How much is hidden is its changed_share; that may be all.
/// Range: 0 or 1. Better: higher. Undefined-when: never. Source: [design], after the task of Madsen et al. 2024, "Are
/// self-explanations from Large Language Models faithful?".
[[nodiscard]] inline bool is_redaction(std::string_view original, std::string_view redacted, std::string_view mark) {
  const auto words = plain_words(original);
  // Whether the redaction, so far, can be the first i words.
  std::vector<bool> reaches(words.size() + 1);
  reaches[0] = true;
  bool hides = false;
  const std::string text = with_ascii_punctuation(redacted);
  for (const std::string_view piece : split_words(text)) {
    const bool is_mark = std::search(piece.begin(), piece.end(), mark.begin(), mark.end(), same_letter) != piece.end();
    const auto word = plain_words(piece);
    if (!is_mark && word.empty()) continue;
    hides = hides || is_mark;
    std::vector<bool> next(words.size() + 1);
    for (std::size_t i = 0; i < words.size(); ++i)
      next[i + 1] = is_mark ? reaches[i] || next[i] : reaches[i] && word == std::vector{words[i]};
    reaches = std::move(next);
  }
  return hides && reaches.back();
}

}  // namespace quantlens::inline QUANTLENS_ABI
