/// What metered_model.hpp declares, defined.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/bench/memory.hpp"
#include "quantlens/bench/metered_model.hpp"
#include "quantlens/core/compiled.hpp"

namespace quantlens::inline v0_1 {

QUANTLENS_INLINE MeteredModel::MeteredModel(Build build, std::function<double()> seconds)
    : build_(std::move(build)), seconds_(std::move(seconds)) {}

QUANTLENS_INLINE BenchModel& MeteredModel::model() {
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

}  // namespace quantlens::inline v0_1
