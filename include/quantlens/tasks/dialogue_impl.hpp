/// What dialogue.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "quantlens/tasks/selection.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE PromptValues task_values(const Task& task) {
  PromptValues values{{"labels", task.label_list()}};
  if (!task.unknown_label.empty()) values["unknown"] = task.unknown_label;
  return values;
}

QUANTLENS_INLINE PromptValues prompt_values(const Task& task, const Item& item, std::size_t label) {
  PromptValues values = task_values(task);
  values.insert(item.fields.begin(), item.fields.end());
  if (label == no_label) return values;
  values["label"] = task.labels.at(label);
  if (!task.counterfactual_target.empty()) values["target"] = task.labels.at(task.counterfactual_target.at(label));
  return values;
}

QUANTLENS_INLINE Dialogue::Dialogue(const Task& task, std::span<const std::string_view> prompts, std::uint64_t seed) {
  for (const std::string_view name : prompts) turns_.push_back(task.prompt(name));
  const PromptTemplate& first = turns_.front();
  if (first.system) opening_.push_back({"system", first.system->fill(task_values(task))});
  for (const Item& demonstration : select_demonstrations(task, first.n_demonstrations, seed)) {
    PromptValues values = prompt_values(task, demonstration, demonstration.label);
    if (const auto explanation = values.find("explanation"); explanation != values.end())
      values["reasoning"] = explanation->second;
    for (const PromptTemplate& turn : turns_) {
      opening_.push_back({"user", turn.user.fill(values)});
      opening_.push_back({"assistant", turn.answer.fill(values)});
    }
  }
}

QUANTLENS_INLINE Prompt Dialogue::prompt(const PromptValues& values, std::span<const std::string> answers) const {
  Prompt prompt{opening_, turn(answers.size()).answer_prefix};
  for (std::size_t i = 0; i <= answers.size(); ++i) {
    prompt.messages.push_back({"user", turns_[i].user.fill(values)});
    if (i < answers.size()) prompt.messages.push_back({"assistant", answers[i]});
  }
  return prompt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
