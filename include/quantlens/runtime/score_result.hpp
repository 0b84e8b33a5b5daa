/// What a model makes of a given text: the log-probability of each of its tokens.
#pragma once

#include <cstddef>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Log-probabilities (natural) of a text's tokens.
struct ScoreResult {
  double logprob = 0;                  ///< the sum over the tokens
  std::vector<double> token_logprobs;  ///< one for each predicted token
  std::size_t n_greedy = 0;            ///< tokens, from the first on, that greedy decoding would have chosen

  /// Whether greedy decoding would have chosen every token.
  [[nodiscard]] bool greedy() const { return n_greedy == token_logprobs.size(); }
};

}  // namespace quantlens::inline QUANTLENS_ABI
