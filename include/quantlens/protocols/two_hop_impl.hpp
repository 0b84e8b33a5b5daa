/// What two_hop.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/algorithm/any_of.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/protocols/two_hop.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<PromptKind> TwoHop::prompts() const {
  std::vector<PromptKind> all;
  for (const Question& question : questions)
    all.push_back({.name = question.prompt, .of = TaskKind::two_hop, .asks_for = question.answers});
  return all;
}

QUANTLENS_INLINE std::vector<Metric> TwoHop::metrics() const {
  return {metric::first_hop, metric::second_hop, metric::two_hop, metric::two_hop_given_hops};
}

QUANTLENS_INLINE bool TwoHop::supports(const Task& task) const {
  return ranges::all_of(questions, [&](const Question& question) { return task.prompts.contains(question.prompt); });
}

QUANTLENS_INLINE std::vector<ItemRecord> TwoHop::run(const Task& task, std::span<const Item> items,
                                                     const Models& models, std::uint64_t seed) const {
  Conversation conversation(task, items, models);
  FactExamples examples(task, "bridge", false, seed);
  for (const Question& question : questions) ask(question, task, items, examples, conversation);
  for (std::size_t i = 0; i < items.size(); ++i) {
    ItemRecord& record = conversation.record(i);
    const auto score = [&](const MetricInfo& info) { return record.scores.at(std::string(info.name)); };
    const bool knows_both = score(metric::first_hop) == 1.0 && score(metric::second_hop) == 1.0;
    record.set_score(metric::two_hop_given_hops, knows_both ? score(metric::two_hop) : std::nullopt);
  }
  return conversation.take_records();
}

QUANTLENS_INLINE void TwoHop::ask(const Question& question, const Task& task, std::span<const Item> items,
                                  FactExamples& examples, Conversation& conversation) {
  const PromptTemplate& form = task.prompt(question.prompt);
  std::vector<ItemRequest<CompletionRequest>> asked;
  for (std::size_t i = 0; i < items.size(); ++i)
    asked.push_back({i,
                     {fact_prompt(form, examples.choose(items[i], form.n_demonstrations), items[i]),
                      form.max_new_tokens, answer_texts(form, items[i].answers.find(question.answers)->second)}});
  const std::vector<Completion> completions = conversation.complete(question.prompt, asked);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::vector<std::string>& accepted = items[i].answers.find(question.answers)->second;
    const std::string_view text = strip_blanks(completions[i].text);
    const bool right = ranges::any_of(accepted, [&](const auto& answer) { return text.starts_with(answer); });
    conversation.record(i).set_score(question.metric, right ? 1.0 : 0.0);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
