/// What a run's prompts are to its models, before anything runs: whether they fit, and whether both sides read the
/// same.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A prompt that a protocol asks, with the longest text that it scores behind it, and what may be generated behind it.
struct AskedPrompt {
  Prompt prompt;
  std::size_t max_new_tokens = 0;
};

/// Answers without a model, so that a protocol shows its prompts: of continuations the longest is the likeliest, every
/// completion is empty. Prompts that repeat an answer are so shown without it.
class PromptRecorder final : public TextModel {
 public:
  std::vector<AskedPrompt> asked;

  [[nodiscard]] bool can(Capability capability) override { return capability == Capability::scores; }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override;
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override;
  std::vector<ScoreResult> score_text(std::span<const std::string> texts) override;
};

/// How the prompts of some items lie in a model's context. Units: tokens.
struct PromptFit {
  std::size_t n_unfit = 0;            ///< items with a prompt that is too long, or that the model's template refuses
  std::size_t longest = 0;            ///< the longest prompt with what may be generated behind it ...
  std::size_t max_new_tokens = 0;     ///< ... which is so much
  std::optional<InputError> refusal;  ///< of a prompt, by the template; none: none is refused
};

/// Takes out of the plan what does not fit into a model's context: with a line in `skipped`, or as an error where the
/// user named tasks. A task fits where no more of its items do not than may fail. Answers are not known yet: a prompt
/// that repeats one is counted without it. `baseline` is another model, or null; notes in each task whether it reads
/// the same. Errors: InputError "n_ctx" with both numbers; where nothing is left.
void check_prompts(Plan& plan, const ModelProvider& model, const ModelProvider* baseline, const BenchOptions& options);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/prompt_check_impl.hpp"
#endif
