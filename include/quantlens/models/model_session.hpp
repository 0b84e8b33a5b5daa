/// A model file that speaks text, in any of its formats: what protocols and programs are built on.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/kernels/dispatch.hpp"
#include "quantlens/models/calibration_text.hpp"
#include "quantlens/models/measured_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One file in one format.
/// Threads: a model is one thread's at a time; a call while another one is at work is an InputError "busy". Threads
/// that work at once build a model each, from the session that they share.
class FormatModel final : public MeasuredModel {
 public:
  FormatModel(std::shared_ptr<const ChatEncoder> encoder, Transformer transformer, bool tied_embeddings,
              const EngineOptions& options);

  [[nodiscard]] bool can(Capability /*capability*/) override { return true; }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override;
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override;
  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override;

  std::vector<TokenId> encode(const Prompt& prompt) override { return encoder_->encode(prompt); }
  std::string decode(std::span<const TokenId> tokens) override { return encoder_->tokenizer().decode(tokens); }
  std::vector<std::vector<ScoreResult>> score_tokens(std::span<const TokenRequest> requests) override;
  std::vector<std::vector<float>> next_token_probs(std::span<const std::vector<TokenId>> prompts) override {
    return engine_.next_token_probs(prompts);
  }

  [[nodiscard]] const ModelConfig& config() override { return transformer_.config; }
  std::vector<float> run_with_hooks(std::span<const TokenId> tokens, const Hooks& hooks,
                                    std::size_t first_logit) override {
    return engine_.run_with_hooks(tokens, hooks, first_logit);
  }

  [[nodiscard]] EngineCounters counters() const override { return engine_.counters(); }
  [[nodiscard]] ModelWeight weight() const override { return weight_; }
  void forget_prompts() override { engine_.forget_prompts(); }
  void use_threads(std::size_t threads) override { engine_.use_threads(threads); }

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
  ModelSession(const std::filesystem::path& path, const EngineOptions& options, CalibrationOptions calibration = {});

  /// Read on first use. Errors: those of load_calibration.
  [[nodiscard]] const Calibration& calibration() const;

  [[nodiscard]] const ModelFile& file() const noexcept { return file_; }
  /// What a user should know: what was read otherwise than the files say, and what this build leaves unused.
  [[nodiscard]] std::vector<std::string> notes() const;
  [[nodiscard]] const ChatEncoder& encoder() const noexcept { return *encoder_; }
  [[nodiscard]] const KernelTable& kernels() const noexcept { return kernels_; }
  [[nodiscard]] const EngineOptions& options() const noexcept { return options_; }

  /// `progress` as in BuildOptions. Errors: those of build_transformer and load_calibration.
  [[nodiscard]] Transformer build_transformer(
      const FormatSpec& format, std::function<void(std::size_t n_done, std::size_t n_blocks)> progress = {}) const;

  [[nodiscard]] std::shared_ptr<FormatModel> build(const FormatSpec& format) const;

 private:
  ModelFile file_;
  std::shared_ptr<const ChatEncoder> encoder_;
  const KernelTable& kernels_;
  EngineOptions options_;
  CalibrationOptions calibration_options_;
  mutable std::mutex calibration_lock_;
  mutable std::optional<Calibration> calibration_;  ///< once there, never changed
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/models/model_session_impl.hpp"
#endif
