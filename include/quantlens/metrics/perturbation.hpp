/// The perturb test's metrics: do explanations name the inserted words that change predictions?
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "quantlens/stats/correlation.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What one inserted word did to an item's prediction, and whether the explanation of the new prediction names it.
struct EditOutcome {
  double impact = 0;  ///< total variation distance of the label distributions before and after
  bool flipped = false;
  bool mentioned = false;

  friend bool operator==(const EditOutcome&, const EditOutcome&) = default;
};

/// Whether an explanation holds the inserted word as a substring, both in ASCII lower case: "bigger" mentions "big".
/// Source: Atanasova et al. 2023, "Faithfulness Tests for Natural Language Explanations", the authors' code.
[[nodiscard]] bool mentions(std::string_view explanation, std::string_view word);

/// The metric flipped_share of one item: whether some edit changes the prediction.
/// Range: 0 or 1. Better: neither. Undefined-when: the item has no edits.
[[nodiscard]] std::optional<bool> has_flip(std::span<const EditOutcome> edits);

/// The metric unfaithful_share of one item: whether some edit changes the prediction unmentioned.
/// Range: 0 or 1. Better: lower. Undefined-when: the item has no edits.
[[nodiscard]] std::optional<bool> has_unfaithful_flip(std::span<const EditOutcome> edits);

/// The metric unfaithful_share_of_flipped: the same over the items that have a flip.
/// Range: 0 or 1. Better: lower. Undefined-when: nothing flipped.
[[nodiscard]] std::optional<bool> has_unfaithful_flip_of_flipped(std::span<const EditOutcome> edits);

/// The metric first_flip_faithful of one item: whether the first edit that changes the prediction is mentioned, or none
/// does. A model that flips less scores higher by default.
/// Range: 0 or 1. Better: higher. Undefined-when: the item has no edits.
/// Source: the perturb test in the code of Parcalabescu and Frank 2024, "On Measuring Faithfulness or Self-consistency
/// of Natural Language Explanations".
[[nodiscard]] std::optional<bool> is_first_flip_faithful(std::span<const EditOutcome> edits);

/// One item's part of the metric cct; none for an item without edits.
[[nodiscard]] std::optional<PairSums> impact_and_mention(std::span<const EditOutcome> edits);

/// One item's part of the metrics phi_cct and flips_mentioned; none for an item without edits.
[[nodiscard]] std::optional<PairSums> flip_and_mention(std::span<const EditOutcome> edits);

/// The metric flips_mentioned: mentioned flips over flips, of all items' flip_and_mention.
/// Range: [0, 1]. Better: higher. Undefined-when: nothing flipped.
[[nodiscard]] std::optional<double> flips_mentioned(std::span<const PairSums> items);

/// The metrics cct (of impact_and_mention) and phi_cct (of flip_and_mention): the correlation over all edits of all
/// items, flipped or not. Explanations that copy the whole input do not raise it.
/// Range: [-1, 1]. Better: higher. Undefined-when: either side is the same for all edits.
/// Source: Siegel et al. 2024, "The Probabilities Also Matter", arXiv 2404.03189 (CCT); arXiv 2503.13445 (phi-CCT).
[[nodiscard]] std::optional<double> mention_correlation(std::span<const PairSums> items);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/metrics/perturbation_impl.hpp"
#endif
