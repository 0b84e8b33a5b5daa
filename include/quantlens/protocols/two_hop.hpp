/// Two-hop reasoning: does a model that knows both facts of a chain know where the chain ends?
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/algorithm/any_of.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/protocols/conversation.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/fact_prompts.hpp"

namespace quantlens::inline v0_1 {

/// The protocol `two_hop`. An entity e1 leads to the bridge e2 = r1(e1), and that to the answer r2(e2). first_hop asks
/// for r1(e1), second_hop for r2(e2) with the bridge named in the question, two_hop for r2(r1(e1)) without it. Right:
/// the greedy completion, without blanks at its ends, starts with one of the accepted answers; case counts.
/// two_hop_given_hops is two_hop where both hops are right, and null elsewhere. Examples never share the item's bridge.
/// Prompts: first_hop, second_hop, two_hop. Source: Yang et al. 2024, "Do large language models latently perform
/// multi-hop reasoning?", and its code.
class TwoHop final : public Protocol {
 public:
  using Protocol::Protocol;

  [[nodiscard]] std::string_view name() const override { return "two_hop"; }

  [[nodiscard]] std::vector<MetricInfo> metrics() const override {
    return {metric::first_hop, metric::second_hop, metric::two_hop, metric::two_hop_given_hops};
  }

  [[nodiscard]] bool supports(const Task& task) const override {
    return ranges::all_of(questions, [&](const Question& question) { return task.prompts.contains(question.prompt); });
  }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, TextModel& model,
                                            TextModel& full, std::uint64_t seed) const override {
    Conversation conversation(task, items, model, full);
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

 private:
  struct Question {
    std::string_view prompt;
    std::string_view answers;  ///< the key of what is accepted
    MetricInfo metric;
  };
  static constexpr std::array questions{Question{"first_hop", "bridge", metric::first_hop},
                                        Question{"second_hop", "answer", metric::second_hop},
                                        Question{"two_hop", "answer", metric::two_hop}};

  static void ask(const Question& question, const Task& task, std::span<const Item> items, FactExamples& examples,
                  Conversation& conversation) {
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
};

}  // namespace quantlens::inline v0_1
