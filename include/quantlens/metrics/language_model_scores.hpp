/// How likely a language model finds an answer.
#pragma once

#include <cmath>
#include <numeric>
#include <optional>
#include <span>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The metric perplexity of one item: exp of minus the mean log-probability of its tokens.
/// A row's value is the mean of the items' perplexities, not exp of their mean.
/// Units: natural logarithms. Range: [1, inf). Better: lower.
/// Undefined-when: there are no tokens, or the result is not finite (a token of probability 0).
[[nodiscard]] inline std::optional<double> perplexity(std::span<const double> token_logprobs) {
  if (token_logprobs.empty()) return std::nullopt;
  const double sum = std::accumulate(token_logprobs.begin(), token_logprobs.end(), 0.0);
  const double value = std::exp(-sum / static_cast<double>(token_logprobs.size()));
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
