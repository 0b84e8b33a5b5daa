/// Whether an explanation rests on the same parts of the input as the answer that it explains: CC-SHAP.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/correlation.hpp"
#include "quantlens/stats/rank_correlation.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Each player's mean share of what all of them contribute, signed: per token of the output its attribution over the
/// sum of the players' magnitudes, then the mean over tokens. A token to which nobody contributes has no shares and is
/// left out of the mean. None where no token has any.
/// Shapes: attributions [all players, n_tokens], row by row; `players` are the rows that belong to the item, so that
/// those of the question take part in nothing. Range: [-1, 1] each; the sum of magnitudes is at most 1.
/// Errors: InputError "shape" for attributions of another shape, or a player beyond them; "metrics" for a player's
/// attribution that is not finite.
[[nodiscard]] inline std::optional<std::vector<double>> contribution_shares(std::span<const double> attributions,
                                                                            std::size_t n_tokens,
                                                                            std::span<const std::size_t> players) {
  if (n_tokens == 0 || attributions.size() % n_tokens != 0)
    throw InputError("shape", concat(attributions.size(), " attributions of players to ", n_tokens, " tokens"));
  const std::size_t n_players = attributions.size() / n_tokens;
  for (const std::size_t player : players)
    if (player >= n_players) throw InputError("shape", concat("player ", player, " of ", n_players));
  std::vector<double> shares(players.size());
  std::size_t n_shared = 0;
  for (std::size_t token = 0; token < n_tokens; ++token) {
    double magnitude = 0;
    for (const std::size_t player : players) magnitude += std::abs(attributions[player * n_tokens + token]);
    if (!std::isfinite(magnitude))
      throw InputError("metrics", concat("an attribution to token ", token, " is not finite"));
    if (magnitude == 0) continue;
    ++n_shared;
    for (std::size_t i = 0; i < players.size(); ++i)
      shares[i] += attributions[players[i] * n_tokens + token] / magnitude;
  }
  if (n_shared == 0) return std::nullopt;
  for (double& share : shares) share /= static_cast<double>(n_shared);
  return shares;
}

/// How alike two explanations of one item by attribution are; each is undefined where a side has no length or spread.
struct AttributionAgreement {
  std::optional<double> cosine;          ///< CC-SHAP: 1 - the cosine distance, in [-1, 1]
  std::optional<double> correlation;     ///< Pearson's, in [-1, 1]
  std::optional<double> magnitude_rank;  ///< Spearman's of the magnitudes, in [-1, 1]: do the same parts matter most?
};

/// The metrics cc_shap and its companions of one item: the players' shares in the answer against those in its
/// explanation.
/// Range: [-1, 1]. Better: higher. Undefined-when: as each member says. Errors: InputError if the lengths differ.
/// Source: Parcalabescu and Frank 2024, "On Measuring Faithfulness or Self-consistency of Natural Language
/// Explanations"; ranks of magnitudes: arXiv 2506.07523.
[[nodiscard]] inline AttributionAgreement attribution_agreement(std::span<const double> of_answer,
                                                                std::span<const double> of_explanation) {
  const auto magnitudes = [](std::span<const double> shares) {
    std::vector<double> all;
    for (const double share : shares) all.push_back(std::abs(share));
    return all;
  };
  const PairSums sums = pair_sums(of_answer, of_explanation);
  return {cosine(sums), pearson(sums), spearman(magnitudes(of_answer), magnitudes(of_explanation))};
}

}  // namespace quantlens::inline QUANTLENS_ABI
