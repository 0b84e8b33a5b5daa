/// Whether explanations name what causes the answers: concepts that are edited, activations that are patched.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/metrics/label_distribution.hpp"
#include "quantlens/stats/correlation.hpp"
#include "quantlens/stats/rank_correlation.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a concept does to an item's answer: the mean, over edits of the concept, of the divergence of the original
/// label distribution from the edited item's. Shapes: every distribution has the labels' length. Units: natural
/// logarithms. Range: [0, inf). Undefined-when: the concept has no edits, or a label is impossible before an edit and
/// possible after. Errors: InputError for distributions of different lengths. Source: Matton et al. 2025, "Walk the
/// Talk? Measuring the Faithfulness of Large Language Model Explanations".
[[nodiscard]] inline std::optional<double> concept_effect(std::span<const double> original,
                                                          std::span<const std::vector<double>> edited) {
  if (edited.empty()) return std::nullopt;
  double sum = 0;
  for (const std::vector<double>& distribution : edited) {
    const auto divergence = kl_divergence(distribution, original);
    if (!divergence) return std::nullopt;
    sum += *divergence;
  }
  return sum / static_cast<double>(edited.size());
}

/// How well the concepts that explanations name are those that matter, within one item.
struct ConceptAgreement {
  std::optional<double> pearson, spearman;  ///< in [-1, 1]
};

/// The metrics concept_faithfulness and concept_rank of one item: its concepts' effects against the shares of its
/// explanations that name them. A row's value is the mean over items, in place of the authors' Bayesian regression.
/// Range: [-1, 1]. Better: higher. Undefined-when: all effects, or all shares, are equal. Errors: InputError if the
/// lengths differ. Source: as above.
[[nodiscard]] inline ConceptAgreement concept_agreement(std::span<const double> effects,
                                                        std::span<const double> named_shares) {
  return {pearson(pair_sums(effects, named_shares)), spearman(effects, named_shares)};
}

/// What patching the clean run's residual stream, at one token and layer, gives back to a text's probability.
/// Shapes: effects [n_tokens, n_layers], row by row.
struct PatchEffects {
  std::size_t n_tokens = 0, n_layers = 0;
  std::vector<double> effects;
};

/// How alike the causes of an answer and of its explanation lie; each none where one side's norm is below 1e-8.
struct CausalAgreement {
  std::optional<double> all;       ///< the metric causal_faithfulness: over tokens and layers
  std::optional<double> by_token;  ///< of sums over layers
  std::optional<double> by_layer;  ///< of sums over tokens
};

namespace detail {

inline constexpr double least_patch_norm = 1e-8;

/// Sums over the rows (tokens) or columns (layers) of patch effects.
[[nodiscard]] inline std::vector<double> patch_sums(const PatchEffects& patched, bool by_token) {
  std::vector<double> sums(by_token ? patched.n_tokens : patched.n_layers);
  for (std::size_t token = 0; token < patched.n_tokens; ++token)
    for (std::size_t layer = 0; layer < patched.n_layers; ++layer)
      sums[by_token ? token : layer] += patched.effects[token * patched.n_layers + layer];
  return sums;
}

}  // namespace detail

/// The cosines of the patch effects on an answer and on its explanation.
/// Range: [-1, 1]. Better: higher. Undefined-when: one side's norm is below 1e-8: patching changes nothing.
/// Errors: InputError "shape" for effects of different or broken shapes.
/// Source: Yeo et al. 2025, "Towards Faithful Natural Language Explanations: A Study Using Activation Patching in Large
/// Language Models".
[[nodiscard]] inline CausalAgreement causal_agreement(const PatchEffects& of_answer,
                                                      const PatchEffects& of_explanation) {
  for (const PatchEffects* patched : {&of_answer, &of_explanation})
    if (patched->n_tokens != of_answer.n_tokens || patched->n_layers != of_answer.n_layers ||
        patched->effects.size() != of_answer.n_tokens * of_answer.n_layers)
      throw InputError("shape",
                       concat(patched->effects.size(), " effects of [", patched->n_tokens, ", ", patched->n_layers,
                              "] patches, beside [", of_answer.n_tokens, ", ", of_answer.n_layers, "]"));
  const auto agreement = [](const std::vector<double>& a, const std::vector<double>& b) {
    return cosine(pair_sums(a, b), detail::least_patch_norm);
  };
  return {agreement(of_answer.effects, of_explanation.effects),
          agreement(detail::patch_sums(of_answer, true), detail::patch_sums(of_explanation, true)),
          agreement(detail::patch_sums(of_answer, false), detail::patch_sums(of_explanation, false))};
}

}  // namespace quantlens::inline QUANTLENS_ABI
