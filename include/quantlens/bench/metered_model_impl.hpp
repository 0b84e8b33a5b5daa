/// What metered_model.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/bench/memory.hpp"
#include "quantlens/bench/metered_model.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE MeteredModel::MeteredModel(Build build, std::function<double()> seconds)
    : build_(std::move(build)), seconds_(std::move(seconds)) {}

QUANTLENS_INLINE MeasuredModel& MeteredModel::model() {
  if (!model_) {
    const double resident = resident_memory_mib(), start = seconds_();
    model_ = build_();
    meter_.build_seconds += seconds_() - start;
    built_mib_ = std::max(0.0, resident_memory_mib() - resident);
  }
  return *model_;
}

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> MeteredModel::score(
    std::span<const ContinuationRequest> requests) {
  return measure([&](TextModel& text) { return text.score(requests); });
}

QUANTLENS_INLINE std::vector<Completion> MeteredModel::complete(std::span<const CompletionRequest> requests) {
  return measure([&](TextModel& text) { return text.complete(requests); });
}

QUANTLENS_INLINE std::vector<ScoreResult> MeteredModel::score_text(std::span<const std::string> texts) {
  return measure([&](TextModel& text) { return text.score_text(texts); });
}

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> MeteredModel::score_tokens(
    std::span<const TokenRequest> requests) {
  return measure([&](TextModel& text) { return text.score_tokens(requests); });
}

QUANTLENS_INLINE std::vector<std::vector<float>> MeteredModel::next_token_probs(
    std::span<const std::vector<TokenId>> prompts) {
  return measure([&](TextModel& text) { return text.next_token_probs(prompts); });
}

QUANTLENS_INLINE std::vector<float> MeteredModel::run_with_hooks(std::span<const TokenId> tokens, const Hooks& hooks,
                                                                 std::size_t first_logit) {
  return measure([&](TextModel& text) { return text.run_with_hooks(tokens, hooks, first_logit); });
}

}  // namespace quantlens::inline QUANTLENS_ABI
