/// A model that is built when first asked, and that measures each call.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "quantlens/bench/host.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/models/models.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Calls to one model since the last reset.
struct Meter {
  EngineCounters counters;
  double seconds = 0;        ///< wall time inside the calls
  double build_seconds = 0;  ///< wall time of building the model, not part of `seconds`
};

/// Forwards to a model and keeps a Meter. Two of them may share a model (a format and the `full` that judges it): each
/// counts its own calls alone.
class MeteredModel final : public TextModel {
 public:
  using Build = std::function<std::shared_ptr<MeasuredModel>()>;

  /// `seconds` tells the time.
  explicit MeteredModel(Build build, std::function<double()> seconds = steady_seconds);

  /// Builds the model where that has not happened.
  MeasuredModel& model();
  /// What building it added to the process; 0 where that has not happened, or had happened before. Units: MiB.
  [[nodiscard]] double built_mib() const { return built_mib_; }
  [[nodiscard]] const Meter& meter() const { return meter_; }
  void reset_meter() { meter_ = {}; }

  [[nodiscard]] bool can(Capability capability) override { return model().can(capability); }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override;
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override;
  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override;
  std::vector<TokenId> encode(const Prompt& prompt) override { return model().encode(prompt); }
  std::string decode(std::span<const TokenId> tokens) override { return model().decode(tokens); }
  std::vector<std::vector<ScoreResult>> score_tokens(std::span<const TokenRequest> requests) override;
  std::vector<std::vector<float>> next_token_probs(std::span<const std::vector<TokenId>> prompts) override;
  [[nodiscard]] const ModelConfig& config() override { return model().config(); }
  std::vector<float> run_with_hooks(std::span<const TokenId> tokens, const Hooks& hooks,
                                    std::size_t first_logit) override;

 private:
  template <class Call>
  std::invoke_result_t<Call, TextModel&> measure(const Call& call) {
    MeasuredModel& target = model();
    const EngineCounters before = target.counters();
    const double start = seconds_();
    auto result = call(target);
    meter_.seconds += seconds_() - start;
    meter_.counters += target.counters() - before;
    return result;
  }

  Build build_;
  std::function<double()> seconds_;
  std::shared_ptr<MeasuredModel> model_;
  Meter meter_;
  double built_mib_ = 0;
};

/// A text encoder, and the seconds spent in it.
class MeteredEncoder final : public TextEncoder {
 public:
  MeteredEncoder(TextEncoder& encoder, std::function<double()> now) : encoder_(encoder), now_(std::move(now)) {}

  std::vector<std::vector<float>> embed(std::span<const std::string> texts) override {
    return timed([&] { return encoder_.embed(texts); });
  }
  std::vector<TokenVectors> token_vectors(std::span<const std::string> texts, std::size_t n_layers) override {
    return timed([&] { return encoder_.token_vectors(texts, n_layers); });
  }
  std::vector<std::vector<TokenId>> tokens(std::span<const std::string> texts) override {
    return timed([&] { return encoder_.tokens(texts); });
  }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  template <class Call>
  std::invoke_result_t<const Call&> timed(const Call& call) {
    const double start = now_();
    auto result = call();
    seconds_ += now_() - start;
    return result;
  }

  TextEncoder& encoder_;
  std::function<double()> now_;
  double seconds_ = 0;
};

/// A scorer of pairs, and the seconds spent in it.
class MeteredScorer final : public PairScorer {
 public:
  MeteredScorer(PairScorer& scorer, std::function<double()> now) : scorer_(scorer), now_(std::move(now)) {}

  std::vector<double> score(std::span<const TextPair> pairs) override {
    const double start = now_();
    auto scores = scorer_.score(pairs);
    seconds_ += now_() - start;
    return scores;
  }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  PairScorer& scorer_;
  std::function<double()> now_;
  double seconds_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/metered_model_impl.hpp"
#endif
