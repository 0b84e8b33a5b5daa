/// Chooses the next token from logits: greedy, or seeded sampling with temperature, top-k and top-p.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

struct Sampling {
  double temperature = 0.0;  ///< 0: greedy
  std::size_t top_k = 0;     ///< 0: all tokens
  double top_p = 1.0;
  std::uint64_t seed = 0;
};

/// What is chosen where logits are no numbers: no token. Callers that gave the tokens say what went wrong
/// (require_token).
inline constexpr TokenId no_token = -1;

[[nodiscard]] inline bool all_finite(std::span<const float> logits) {
  return std::all_of(logits.begin(), logits.end(), [](float logit) { return std::isfinite(logit); });
}

/// Errors: Error `not_finite` for no_token. `position`: of the token that was to be chosen.
inline void require_token(TokenId token, std::size_t position) {
  if (token == no_token)
    throw Error("not_finite", concat("the logits of token ", position,
                                     " are not all finite: activations overflow in this format on this text"));
}

/// The most likely token; the lowest id among equals; no_token where a logit is not finite.
[[nodiscard]] inline TokenId greedy_token(std::span<const float> logits) {
  if (!all_finite(logits)) return no_token;
  return static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// One draw. Temperature divides the logits, then the k most likely are kept, then the fewest whose probability reaches
/// p. no_token where a logit is not finite.
[[nodiscard]] inline TokenId sample_token(std::span<const float> logits, const Sampling& sampling, Rng& rng) {
  if (!all_finite(logits)) return no_token;
  if (sampling.temperature <= 0.0) return greedy_token(logits);
  std::vector<TokenId> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto logit = [&](TokenId id) { return logits[static_cast<std::size_t>(id)]; };
  std::sort(ids.begin(), ids.end(),
            [&](TokenId a, TokenId b) { return logit(a) > logit(b) || (logit(a) == logit(b) && a < b); });
  if (sampling.top_k > 0 && sampling.top_k < ids.size()) ids.resize(sampling.top_k);

  std::vector<double> weights(ids.size());
  const double largest = logit(ids[0]);
  for (std::size_t i = 0; i < ids.size(); ++i) weights[i] = std::exp((logit(ids[i]) - largest) / sampling.temperature);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double kept = 0.0;
  std::size_t n_kept = 0;
  while (n_kept < weights.size() && (n_kept == 0 || kept < sampling.top_p * total)) kept += weights[n_kept++];

  double left = rng.uniform() * kept;
  for (std::size_t i = 0; i < n_kept; ++i) {
    left -= weights[i];
    if (left < 0.0) return ids[i];
  }
  return ids[n_kept - 1];
}

}  // namespace quantlens::inline QUANTLENS_ABI
