/// What prompt_check.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/bench/prompt_check.hpp"
#include "quantlens/bench/work.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<std::vector<ScoreResult>> PromptRecorder::score(
    std::span<const ContinuationRequest> requests) {
  std::vector<std::vector<ScoreResult>> results;
  for (const auto& [prompt, continuations] : requests) {
    results.emplace_back();
    for (const std::string& continuation : continuations) {
      const auto length = static_cast<double>(continuation.size());
      results.back().push_back({length, {length}, 0});
    }
    const auto longest = std::max_element(continuations.begin(), continuations.end(),
                                          [](const auto& a, const auto& b) { return a.size() < b.size(); });
    Prompt whole = prompt;
    if (longest != continuations.end()) whole.answer_prefix += *longest;
    asked.push_back({std::move(whole), 0});
  }
  return results;
}

QUANTLENS_INLINE std::vector<Completion> PromptRecorder::complete(std::span<const CompletionRequest> requests) {
  for (const CompletionRequest& request : requests) asked.push_back({request.prompt, request.max_new_tokens});
  return std::vector<Completion>(requests.size());
}

QUANTLENS_INLINE std::vector<ScoreResult> PromptRecorder::score_text(std::span<const std::string> texts) {
  return std::vector<ScoreResult>(texts.size(), ScoreResult{0, {0}, 0});
}

namespace bench_detail {

/// Parts small enough that all their prompts lie in memory at once.
inline std::vector<std::span<const Item>> slices_of(std::span<const Item> items) {
  constexpr std::size_t slice_size = 64;
  std::vector<std::span<const Item>> slices;
  for (; !items.empty(); items = items.subspan(slices.back().size()))
    slices.push_back(items.first(std::min(slice_size, items.size())));
  return slices;
}

/// Every prompt that a protocol asks about the items.
inline std::vector<AskedPrompt> asked_prompts(const PlannedTask& task, std::span<const Item> items,
                                              std::uint64_t seed) {
  PromptRecorder recorder, judge;  // what a judge is asked is no matter of the model's
  static_cast<void>(task.protocol->run(task.asked(), items, {recorder, recorder, &judge}, seed));
  return std::move(recorder.asked);
}

/// Adds prompts to what is known of a task; whether they fit.
inline bool add_prompts(const std::vector<AskedPrompt>& prompts, const ModelProvider& model, PromptFit& fit) {
  bool fits = true;
  for (const auto& [prompt, max_new_tokens] : prompts) try {
      const std::size_t needed = model.n_tokens(prompt) + max_new_tokens;
      fits = fits && needed <= model.n_ctx();
      if (needed <= fit.longest) continue;
      fit.longest = needed;
      fit.max_new_tokens = max_new_tokens;
    } catch (const InputError& error) {
      fits = false;
      fit.refusal = error;
    }
  return fits;
}

/// Items are asked about in slices, and one by one where a slice does not fit.
inline PromptFit measure_fit(const PlannedTask& task, const ModelProvider& model, std::uint64_t seed) {
  PromptFit fit;
  for (const std::span<const Item> slice : slices_of(task.items)) {
    if (add_prompts(asked_prompts(task, slice, seed), model, fit)) continue;
    for (const Item& item : slice)
      if (!add_prompts(asked_prompts(task, {&item, 1}, seed), model, fit)) ++fit.n_unfit;
  }
  return fit;
}

/// What is to be said of a task that does not fit; none where it does.
inline std::optional<InputError> why_unfit(const PlannedTask& task, const ModelProvider& model,
                                           const BenchOptions& options) {
  const PromptFit fit = measure_fit(task, model, options.seed);
  if (!too_many_failed(fit.n_unfit, task.items.size(), options.max_failed_items)) return std::nullopt;
  const std::string n_unfit = concat(fit.n_unfit, " of ", task.items.size(), " items");
  if (fit.refusal) return error_of(concat(task.what.name(), ": ", model.name(), " refuses ", n_unfit), *fit.refusal);
  return InputError("n_ctx", concat(task.what.name(), ": the longest prompt needs ", fit.longest, " tokens (",
                                    fit.max_new_tokens, " of them to be generated), the context of ", model.name(),
                                    " has ", model.n_ctx(), "; ", n_unfit, " do not fit"));
}

/// None where the model's template refuses the chat.
inline std::optional<std::string> text_of(const ModelProvider& model, const Prompt& prompt) {
  try {
    return model.text_of(prompt);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

/// Why two models read other texts where they are asked the same; empty: they read the same.
inline std::string why_different(const PlannedTask& task, const ModelProvider& model, const ModelProvider& baseline,
                                 std::uint64_t seed) {
  for (const std::span<const Item> slice : slices_of(task.items))
    for (const AskedPrompt& asked : asked_prompts(task, slice, seed)) {
      const auto text = text_of(model, asked.prompt), other = text_of(baseline, asked.prompt);
      if (text && other && *text != *other)
        return concat("the prompts differ: ", model.name(), " and the baseline ", baseline.name(),
                      " write the same chat otherwise; compare their chat templates");
    }
  return {};
}

}  // namespace bench_detail

QUANTLENS_INLINE void check_prompts(Plan& plan, const ModelProvider& model, const ModelProvider* baseline,
                                    const BenchOptions& options) {
  std::vector<PlannedTask> fitting;
  for (PlannedTask& task : plan.tasks) {
    std::optional<InputError> why;
    try {
      why = bench_detail::why_unfit(task, model, options);
      if (!why && baseline != nullptr) why = bench_detail::why_unfit(task, *baseline, options);
      if (!why && baseline != nullptr) task.differs = bench_detail::why_different(task, model, *baseline, options.seed);
    } catch (const std::exception&) {
      // The protocol cannot ask at all: its cells fail and say why.
    }
    if (!why)
      fitting.push_back(std::move(task));
    else if (options.tasks.empty())
      plan.skipped.emplace_back(why->message());
    else
      throw InputError(why->id(), concat(why->message(), "; leave it out of --tasks, or take another model"));
  }
  if (fitting.empty() && !plan.tasks.empty())
    throw InputError("n_ctx", concat("no task fits into the context of ", model.name(), "; ", plan.skipped.back()));
  plan.tasks = std::move(fitting);
}

}  // namespace quantlens::inline QUANTLENS_ABI
