/// How far a counterfactual lies from the text that it edits.
#pragma once

#include <optional>
#include <string_view>

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

/// The metric copy_rate of one item: whether the edit is the original, blanks aside.
/// Range: 0 or 1. Better: lower. Undefined-when: never; a protocol records null where it parsed no counterfactual.
[[nodiscard]] inline bool is_copy(std::string_view original, std::string_view edited) {
  return split_words(original) == split_words(edited);
}

}  // namespace quantlens::inline QUANTLENS_ABI
