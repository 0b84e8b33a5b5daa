/// What recall.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <range/v3/algorithm/any_of.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/protocols/recall.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/fact_prompts.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Metric> Recall::metrics() const {
  return {metric::recall_top1, metric::recall_strict, metric::recall_full, recall_macro_metric()};
}

QUANTLENS_INLINE std::vector<ItemRecord> Recall::run(const Task& task, std::span<const Item> items,
                                                     const Models& models, std::uint64_t seed) const {
  const PromptTemplate& form = task.prompt("recall");
  FactExamples examples(task, "subject", true, seed);
  std::vector<ItemRequest<CompletionRequest>> asked;
  std::vector<ItemRequest<ContinuationRequest>> expected;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Prompt prompt = fact_prompt(form, examples.choose(items[i], form.n_demonstrations), items[i]);
    const std::vector<std::string> answers = answer_texts(form, items[i].answers.at("object"));
    asked.push_back({i, {prompt, form.max_new_tokens, answers}});
    expected.push_back({i, {prompt, answers}});
  }

  Conversation conversation(task, items, models);
  const std::vector<Completion> completions = conversation.complete("recall", asked);
  for (std::size_t i = 0; i < items.size(); ++i)
    conversation.record(i).transcript.back()["first_token"] = completions[i].first_token;
  const auto scores = conversation.score("object", expected);
  for (std::size_t i = 0; i < items.size(); ++i)
    score(items[i].answers.at("object"), completions[i], scores[i].front(), conversation.record(i));
  return conversation.take_records();
}

QUANTLENS_INLINE void Recall::score(const std::vector<std::string>& accepted, const Completion& completion,
                                    const ScoreResult& of_object, ItemRecord& record) {
  const std::string token = folded(completion.first_token);
  const std::string text = folded(completion.text);
  const bool begins = !token.empty() && folded(accepted.front()).starts_with(token);
  const bool names = ranges::any_of(accepted, [&](const auto& answer) { return text.starts_with(folded(answer)); });
  record.set_score(metric::recall_top1, begins ? 1.0 : 0.0);
  record.set_score(metric::recall_strict, of_object.n_greedy > 0 ? 1.0 : 0.0);
  record.set_score(metric::recall_full, names ? 1.0 : 0.0);
}

QUANTLENS_INLINE std::string Recall::folded(std::string_view text) { return to_lower(strip_blanks(text)); }

}  // namespace quantlens::inline QUANTLENS_ABI
