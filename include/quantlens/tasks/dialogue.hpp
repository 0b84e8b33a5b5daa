/// Chats made of a task's prompts: system line, demonstrations, then the item's own turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/metrics/classification.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/prompt.hpp"
#include "quantlens/tasks/selection.hpp"
#include "quantlens/tasks/task.hpp"

namespace quantlens::inline v0_1 {

/// The values of the placeholders that are the same for all items.
[[nodiscard]] inline PromptValues task_values(const Task& task) {
  PromptValues values{{"labels", task.label_list()}};
  if (!task.unknown_label.empty()) values["unknown"] = task.unknown_label;
  return values;
}

/// The values of an item's placeholders. `label` is the one that {label} stands for; no_label: none is known yet.
[[nodiscard]] inline PromptValues prompt_values(const Task& task, const Item& item, std::size_t label) {
  PromptValues values = task_values(task);
  values.insert(item.fields.begin(), item.fields.end());
  if (label == no_label) return values;
  values["label"] = task.labels.at(label);
  if (!task.counterfactual_target.empty()) values["target"] = task.labels.at(task.counterfactual_target.at(label));
  return values;
}

/// One or several turns with the model, in one chat. All that items share comes first, the same for each of them, so
/// that an engine computes it once.
class Dialogue {
 public:
  /// `prompts`: the names of the task's prompts, one for each turn; every demonstration shows all of these turns.
  /// The first prompt says how many demonstrations there are.
  Dialogue(const Task& task, std::span<const std::string_view> prompts, std::uint64_t seed) {
    for (const std::string_view name : prompts) turns_.push_back(task.prompt(name));
    const PromptTemplate& first = turns_.front();
    if (first.system) opening_.push_back({"system", first.system->fill(task_values(task))});
    for (const Item& demonstration : select_demonstrations(task, first.n_demonstrations, seed)) {
      const PromptValues values = prompt_values(task, demonstration, demonstration.label);
      for (const PromptTemplate& turn : turns_) {
        opening_.push_back({"user", turn.user.fill(values)});
        opening_.push_back({"assistant", turn.answer.fill(values)});
      }
    }
  }

  [[nodiscard]] const PromptTemplate& turn(std::size_t index) const { return turns_.at(index); }

  /// What the model is asked after it has given `answers` (whole, prefixes included) to the turns before.
  [[nodiscard]] Prompt prompt(const PromptValues& values, std::span<const std::string> answers = {}) const {
    Prompt prompt{opening_, turn(answers.size()).answer_prefix};
    for (std::size_t i = 0; i <= answers.size(); ++i) {
      prompt.messages.push_back({"user", turns_[i].user.fill(values)});
      if (i < answers.size()) prompt.messages.push_back({"assistant", answers[i]});
    }
    return prompt;
  }

 private:
  std::vector<PromptTemplate> turns_;
  std::vector<ChatMessage> opening_;
};

}  // namespace quantlens::inline v0_1
