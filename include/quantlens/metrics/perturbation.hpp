/// The perturb test's metrics: do explanations name the inserted words that change predictions?
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/metrics/words.hpp"
#include "quantlens/stats/correlation.hpp"

namespace quantlens::inline v0_1 {

/// What one inserted word did to an item's prediction, and whether the explanation of the new prediction names it.
struct EditOutcome {
  double impact = 0;  ///< total variation distance of the label distributions before and after
  bool flipped = false;
  bool mentioned = false;

  friend bool operator==(const EditOutcome&, const EditOutcome&) = default;
};

/// Whether an explanation holds the inserted word as a substring, both in ASCII lower case: "bigger" mentions "big".
/// Source: Atanasova et al. 2023, "Faithfulness Tests for Natural Language Explanations", the authors' code.
[[nodiscard]] inline bool mentions(std::string_view explanation, std::string_view word) {
  return std::search(explanation.begin(), explanation.end(), word.begin(), word.end(), same_letter) !=
         explanation.end();
}

/// The metric flipped_share of one item: whether some edit changes the prediction.
/// Range: 0 or 1. Better: neither. Undefined-when: the item has no edits.
[[nodiscard]] inline std::optional<bool> has_flip(std::span<const EditOutcome> edits) {
  if (edits.empty()) return std::nullopt;
  return std::any_of(edits.begin(), edits.end(), [](const EditOutcome& edit) { return edit.flipped; });
}

/// The metric unfaithful_share of one item: whether some edit changes the prediction unmentioned.
/// Range: 0 or 1. Better: lower. Undefined-when: the item has no edits.
[[nodiscard]] inline std::optional<bool> has_unfaithful_flip(std::span<const EditOutcome> edits) {
  if (edits.empty()) return std::nullopt;
  return std::any_of(edits.begin(), edits.end(),
                     [](const EditOutcome& edit) { return edit.flipped && !edit.mentioned; });
}

/// The metric unfaithful_share_of_flipped: the same over the items that have a flip.
/// Range: 0 or 1. Better: lower. Undefined-when: nothing flipped.
[[nodiscard]] inline std::optional<bool> has_unfaithful_flip_of_flipped(std::span<const EditOutcome> edits) {
  return has_flip(edits).value_or(false) ? has_unfaithful_flip(edits) : std::nullopt;
}

/// The metric first_flip_faithful of one item: whether the first edit that changes the prediction is mentioned, or none
/// does. A model that flips less scores higher by default.
/// Range: 0 or 1. Better: higher. Undefined-when: the item has no edits.
/// Source: the perturb test in the code of Parcalabescu and Frank 2024, "On Measuring Faithfulness or Self-consistency
/// of Natural Language Explanations".
[[nodiscard]] inline std::optional<bool> is_first_flip_faithful(std::span<const EditOutcome> edits) {
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

/// One item's part of the metric cct; none for an item without edits.
[[nodiscard]] inline std::optional<PairSums> impact_and_mention(std::span<const EditOutcome> edits) {
  return detail::sums_with_mention(edits, [](const EditOutcome& edit) { return edit.impact; });
}

/// One item's part of the metrics phi_cct and flips_mentioned; none for an item without edits.
[[nodiscard]] inline std::optional<PairSums> flip_and_mention(std::span<const EditOutcome> edits) {
  return detail::sums_with_mention(edits, [](const EditOutcome& edit) { return edit.flipped ? 1.0 : 0.0; });
}

/// The metric flips_mentioned: mentioned flips over flips, of all items' flip_and_mention.
/// Range: [0, 1]. Better: higher. Undefined-when: nothing flipped.
[[nodiscard]] inline std::optional<double> flips_mentioned(std::span<const PairSums> items) {
  const PairSums sums = detail::total(items);
  return sums.x > 0 ? std::optional(sums.xy / sums.x) : std::nullopt;
}

/// The metrics cct (of impact_and_mention) and phi_cct (of flip_and_mention): the correlation over all edits of all
/// items, flipped or not. Explanations that copy the whole input do not raise it.
/// Range: [-1, 1]. Better: higher. Undefined-when: either side is the same for all edits.
/// Source: Siegel et al. 2024, "The Probabilities Also Matter", arXiv 2404.03189 (CCT); arXiv 2503.13445 (phi-CCT).
[[nodiscard]] inline std::optional<double> mention_correlation(std::span<const PairSums> items) {
  return pearson(detail::total(items));
}

}  // namespace quantlens::inline v0_1
