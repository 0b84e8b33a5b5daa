/// What labelled_chat.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<std::optional<std::string>> chat_about_labels(
    const Task& task, std::span<const std::string_view> turns, std::span<const Item> items,
    std::span<const std::size_t> indices, std::span<const LabelChoice> choices, std::uint64_t seed,
    Conversation& conversation) {
  const Dialogue dialogue(task, turns, seed);
  std::vector<std::size_t> asked;
  for (std::size_t k = 0; k < items.size(); ++k)
    if (choices[k].label < task.labels.size()) asked.push_back(k);

  std::vector<std::vector<std::string>> answers(items.size());  // whole ones, as the next turn repeats them
  std::vector<std::optional<std::string>> last(items.size());
  for (std::size_t turn = 0; turn < turns.size(); ++turn) {
    const PromptTemplate& prompt = dialogue.turn(turn);
    std::vector<ItemRequest<CompletionRequest>> requests;
    for (const std::size_t k : asked)
      requests.push_back(
          {indices[k],
           {dialogue.prompt(prompt_values(task, items[k], choices[k].label), answers[k]), prompt.max_new_tokens}});
    const std::vector<Completion> completions = conversation.complete(turns[turn], requests);
    for (std::size_t r = 0; r < asked.size(); ++r) {
      answers[asked[r]].push_back(prompt.answer_prefix + completions[r].text);
      last[asked[r]] = completions[r].text;
    }
  }
  return last;
}

QUANTLENS_INLINE ExplainedLabels explain_labels(const Task& task, std::span<const Item> items, LabelScore kind,
                                                std::uint64_t seed, Conversation& conversation) {
  const LabelScorer classifier(task, kind, seed);
  const std::vector<std::size_t> indices = all_indices(items);
  ExplainedLabels explained{classifier.predict("classify", items, indices, conversation), {}};
  for (const std::size_t i : indices) record_prediction(task, explained.choices[i], conversation.record(i));

  const auto answers = chat_about_labels(task, std::vector<std::string_view>{"explain"}, items, indices,
                                         explained.choices, seed, conversation);
  for (const std::size_t i : indices) {
    explained.explanations.push_back(clean_explanation(answers[i].value_or("")));
    if (answers[i]) conversation.record(i).transcript.back()["explanation"] = explained.explanations.back();
  }
  return explained;
}

}  // namespace quantlens::inline QUANTLENS_ABI
