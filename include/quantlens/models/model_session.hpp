/// A model file that speaks text, in any of its formats: what protocols and programs are built on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/convert/quantize_model.hpp"
#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/models/calibration_text.hpp"
#include "quantlens/runtime/engine.hpp"

namespace quantlens::inline v0_1 {

/// One file in one format.
/// Threads: a model is one thread's at a time; a call while another one is at work is an InputError "busy". Threads
/// that work at once build a model each, from the session that they share.
class FormatModel final : public TextModel {
 public:
  FormatModel(std::shared_ptr<const ChatEncoder> encoder, Transformer transformer, bool tied_embeddings,
              const EngineOptions& options)
      : encoder_(std::move(encoder)),
        transformer_(std::move(transformer)),
        weight_(weigh(transformer_, tied_embeddings)),
        engine_(transformer_, options) {}

  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    std::vector<ScoreRequest> scored;
    for (const ContinuationRequest& request : requests)
      for (ScoreRequest& one : encoder_->score_requests(request)) scored.push_back(std::move(one));
    const std::vector<ScoreResult> results = engine_.score(scored);
    std::vector<std::vector<ScoreResult>> of_requests;
    auto next = results.begin();
    for (const ContinuationRequest& request : requests) {
      const auto end = next + static_cast<std::ptrdiff_t>(request.continuations.size());
      of_requests.emplace_back(next, end);
      next = end;
    }
    return of_requests;
  }

  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    std::vector<GenerateRequest> generated;
    std::vector<std::string> repeated;
    for (const CompletionRequest& request : requests) {
      ChatEncoder::Opening opening = encoder_->opening(request);
      repeated.push_back(encoder_->tokenizer().decode(opening.repeated, false));
      generated.push_back({std::move(opening.tokens), request.max_new_tokens + opening.repeated.size(), {}});
    }
    const std::vector<GenerateResult> results = engine_.generate(generated);
    std::vector<Completion> completions;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::span<const TokenId> tokens = results[i].tokens;
      const auto text_of_tokens = [&](std::span<const TokenId> part) {
        std::string text = encoder_->tokenizer().decode(part);
        if (text.starts_with(repeated[i])) text.erase(0, repeated[i].size());
        return text;
      };
      completions.push_back({text_of_tokens(tokens), generated[i].prompt.size(), tokens.size(), results[i].stopped,
                             results[i].seconds_to_first_token, results[i].seconds,
                             text_of_tokens(tokens.first(std::min<std::size_t>(tokens.size(), 1)))});
    }
    return completions;
  }

  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override {
    std::vector<ScoreRequest> scored;
    for (const std::string& text : texts) {
      ScoreRequest request;
      request.continuation = encoder_->encode_plain(text);
      scored.push_back(std::move(request));
    }
    return engine_.score(scored);
  }

  /// Forgets every shared prefix, so that what follows is timed as if nothing had been asked before.
  void forget_prompts() { engine_.forget_prompts(); }
  /// How many threads answer from here on.
  void use_threads(std::size_t threads) { engine_.use_threads(threads); }

  [[nodiscard]] const EngineCounters& counters() const noexcept { return engine_.counters(); }
  [[nodiscard]] const ModelWeight& weight() const noexcept { return weight_; }

 private:
  std::shared_ptr<const ChatEncoder> encoder_;
  Transformer transformer_;
  ModelWeight weight_;
  Engine engine_;
};

/// One loaded file, and the calibration text that some of its formats look at.
/// Threads: a session may be shared, and build formats for several threads at once.
class ModelSession {
 public:
  /// Errors: those of load_model, of the chat template and of QUANTLENS_ISA.
  ModelSession(const std::filesystem::path& path, const EngineOptions& options, CalibrationOptions calibration = {})
      : file_(load_model(path)),
        encoder_(std::make_shared<const ChatEncoder>(file_)),
        kernels_(active_kernels()),
        options_(options),
        calibration_options_(std::move(calibration)) {}

  /// Read on first use. Errors: those of load_calibration.
  [[nodiscard]] const Calibration& calibration() const {
    const std::lock_guard lock(calibration_lock_);
    if (!calibration_) calibration_ = load_calibration(calibration_options_, *encoder_, file_.weights.config.n_ctx);
    return *calibration_;
  }

  [[nodiscard]] const ModelFile& file() const noexcept { return file_; }
  [[nodiscard]] const ChatEncoder& encoder() const noexcept { return *encoder_; }
  [[nodiscard]] const KernelTable& kernels() const noexcept { return kernels_; }
  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }

  /// `progress` as in BuildOptions. Errors: those of build_transformer and load_calibration.
  [[nodiscard]] Transformer build_transformer(
      const FormatSpec& format, std::function<void(std::size_t n_done, std::size_t n_blocks)> progress = {}) const {
    BuildOptions build;
    build.threads = options_.threads;
    if (format.needs_calibration()) build.calibration = &calibration();
    build.progress = std::move(progress);
    return quantlens::build_transformer(file_.weights, format, kernels_, build);
  }

  [[nodiscard]] std::shared_ptr<FormatModel> build(const FormatSpec& format) const {
    return std::make_shared<FormatModel>(encoder_, build_transformer(format), !file_.weights.lm_head.has_value(),
                                         options_);
  }

 private:
  ModelFile file_;
  std::shared_ptr<const ChatEncoder> encoder_;
  const KernelTable& kernels_;
  EngineOptions options_;
  CalibrationOptions calibration_options_;
  mutable std::mutex calibration_lock_;
  mutable std::optional<Calibration> calibration_;  ///< once there, never changed
};

}  // namespace quantlens::inline v0_1
