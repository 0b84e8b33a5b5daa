/// The next token where only certain answers may be written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/runtime/sampler.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How answers may go on behind what has been written of them.
struct NextOfAnswers {
  std::vector<TokenId> tokens;  ///< ascending, each once
  bool complete = false;        ///< one of the answers is written

  /// Whether there is nothing to choose any more.
  [[nodiscard]] bool at_end() const noexcept { return tokens.empty(); }
};

[[nodiscard]] inline NextOfAnswers next_of_answers(std::span<const std::vector<TokenId>> answers,
                                                   std::span<const TokenId> written) {
  NextOfAnswers next;
  for (const std::vector<TokenId>& answer : answers) {
    if (answer.size() < written.size() || !std::ranges::equal(written, std::span(answer).first(written.size())))
      continue;
    if (answer.size() == written.size())
      next.complete = true;
    else
      next.tokens.push_back(answer[written.size()]);
  }
  std::ranges::sort(next.tokens);
  next.tokens.erase(std::unique(next.tokens.begin(), next.tokens.end()), next.tokens.end());
  return next;
}

/// One draw among the tokens that go on with an answer and, behind a whole one, `stops`, which end it. no_token where a
/// logit is not finite. Precondition: there is such a token.
[[nodiscard]] inline TokenId choose_among(std::span<const float> logits, NextOfAnswers next,
                                          std::span<const TokenId> stops, const Sampling& sampling, Rng& rng) {
  if (!all_finite(logits)) return no_token;
  if (next.complete) next.tokens.insert(next.tokens.end(), stops.begin(), stops.end());
  std::ranges::sort(next.tokens);
  std::vector<float> of_tokens;
  for (const TokenId token : next.tokens) of_tokens.push_back(logits[static_cast<std::size_t>(token)]);
  return next.tokens[static_cast<std::size_t>(sample_token(of_tokens, sampling, rng))];
}

}  // namespace quantlens::inline QUANTLENS_ABI
