/// What perturbation.hpp declares, defined.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE bool mentions(std::string_view explanation, std::string_view word) {
  return std::search(explanation.begin(), explanation.end(), word.begin(), word.end(), same_letter) !=
         explanation.end();
}

QUANTLENS_INLINE std::optional<bool> has_flip(std::span<const EditOutcome> edits) {
  if (edits.empty()) return std::nullopt;
  return std::any_of(edits.begin(), edits.end(), [](const EditOutcome& edit) { return edit.flipped; });
}

QUANTLENS_INLINE std::optional<bool> has_unfaithful_flip(std::span<const EditOutcome> edits) {
  if (edits.empty()) return std::nullopt;
  return std::any_of(edits.begin(), edits.end(),
                     [](const EditOutcome& edit) { return edit.flipped && !edit.mentioned; });
}

QUANTLENS_INLINE std::optional<bool> has_unfaithful_flip_of_flipped(std::span<const EditOutcome> edits) {
  return has_flip(edits).value_or(false) ? has_unfaithful_flip(edits) : std::nullopt;
}

QUANTLENS_INLINE std::optional<bool> is_first_flip_faithful(std::span<const EditOutcome> edits) {
  if (edits.empty()) return std::nullopt;
  const auto first = std::find_if(edits.begin(), edits.end(), [](const EditOutcome& edit) { return edit.flipped; });
  return first == edits.end() || first->mentioned;
}

namespace detail {

/// Sums over an item's edits of their effect and mention; none for an item without edits.
template <class Effect>
[[nodiscard]] std::optional<PairSums> sums_with_mention(std::span<const EditOutcome> edits, const Effect& effect) {
  if (edits.empty()) return std::nullopt;
  PairSums sums;
  for (const EditOutcome& edit : edits) sums.add(effect(edit), edit.mentioned ? 1 : 0);
  return sums;
}

[[nodiscard]] inline PairSums total(std::span<const PairSums> items) {
  PairSums sums;
  for (const PairSums& item : items) sums += item;
  return sums;
}

}  // namespace detail

QUANTLENS_INLINE std::optional<PairSums> impact_and_mention(std::span<const EditOutcome> edits) {
  return detail::sums_with_mention(edits, [](const EditOutcome& edit) { return edit.impact; });
}

QUANTLENS_INLINE std::optional<PairSums> flip_and_mention(std::span<const EditOutcome> edits) {
  return detail::sums_with_mention(edits, [](const EditOutcome& edit) { return edit.flipped ? 1.0 : 0.0; });
}

QUANTLENS_INLINE std::optional<double> flips_mentioned(std::span<const PairSums> items) {
  const PairSums sums = detail::total(items);
  return sums.x > 0 ? std::optional(sums.xy / sums.x) : std::nullopt;
}

QUANTLENS_INLINE std::optional<double> mention_correlation(std::span<const PairSums> items) {
  return pearson(detail::total(items));
}

}  // namespace quantlens::inline QUANTLENS_ABI
