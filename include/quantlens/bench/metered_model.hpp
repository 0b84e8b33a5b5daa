/// A model that is built when first asked, and that measures each call.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "quantlens/bench/model_provider.hpp"
#include "quantlens/runtime/text_model.hpp"

namespace quantlens::inline v0_1 {

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Calls to one model since the last reset.
struct Meter {
  ModelCounters counters;
  double seconds = 0;        ///< wall time inside the calls
  double build_seconds = 0;  ///< wall time of building the model, not part of `seconds`
};

/// Forwards to a model and keeps a Meter. Two of them may share a model (a format and the `full` that judges it): each
/// counts its own calls alone.
class MeteredModel final : public TextModel {
 public:
  using Build = std::function<std::shared_ptr<BenchModel>()>;

  explicit MeteredModel(Build build) : build_(std::move(build)) {}

  /// Builds the model where that has not happened.
  BenchModel& model() {
    if (!model_) {
      const auto start = std::chrono::steady_clock::now();
      model_ = build_();
      meter_.build_seconds += seconds_since(start);
    }
    return *model_;
  }
  [[nodiscard]] const Meter& meter() const { return meter_; }
  void reset_meter() { meter_ = {}; }

  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    return measure([&](TextModel& text) { return text.score(requests); });
  }
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    return measure([&](TextModel& text) { return text.complete(requests); });
  }
  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override {
    return measure([&](TextModel& text) { return text.score_text(texts); });
  }

 private:
  template <class Call>
  std::invoke_result_t<Call, TextModel&> measure(const Call& call) {
    BenchModel& target = model();
    const ModelCounters before = target.counters();
    const auto start = std::chrono::steady_clock::now();
    auto result = call(target.text());
    meter_.seconds += seconds_since(start);
    meter_.counters += target.counters() - before;
    return result;
  }

  Build build_;
  std::shared_ptr<BenchModel> model_;
  Meter meter_;
};

}  // namespace quantlens::inline v0_1
