/// What fact_prompts.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <range/v3/algorithm/sort.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/tasks/fact_prompts.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE FactExamples::FactExamples(const Task& task, std::string_view topic, bool same_group,
                                            std::uint64_t seed)
    : task_(&task), topic_(topic), same_group_(same_group), seed_(seed) {}

QUANTLENS_INLINE std::vector<const Item*> FactExamples::choose(const Item& item, std::size_t count) {
  std::vector<const Item*> chosen;
  if (count == 0) return chosen;
  for (const Item* candidate : order_of(same_group_ ? item.group : "")) {
    if (chosen.size() == count) break;
    if (candidate->fields.at(topic_) != item.fields.at(topic_)) chosen.push_back(candidate);
  }
  return chosen;
}

QUANTLENS_INLINE const std::vector<const Item*>& FactExamples::order_of(const std::string& group) {
  const auto [found, is_new] = orders_.try_emplace(group);
  std::vector<const Item*>& order = found->second;
  if (!is_new) return order;
  for (const Item& candidate : task_->demonstrations)
    if (!same_group_ || candidate.group == group) order.push_back(&candidate);
  ranges::sort(order, {}, [](const Item* candidate) -> const std::string& { return candidate->id; });
  Rng(seed_of(seed_, task_->name, "examples", group)).shuffle(std::span(order));
  return order;
}

QUANTLENS_INLINE std::vector<std::string> answer_texts(const PromptTemplate& form,
                                                       std::span<const std::string> answers) {
  std::vector<std::string> texts;
  for (const std::string& answer : answers)
    texts.push_back(concat(form.answer.head(), answer).substr(form.answer_prefix.size()));
  return texts;
}

QUANTLENS_INLINE Prompt fact_prompt(const PromptTemplate& form, std::span<const Item* const> examples,
                                    const Item& item) {
  Prompt prompt;
  if (form.plain) {
    for (const Item* example : examples)
      prompt.answer_prefix += form.user.fill(example->fields) + form.answer.fill(example->fields) + "\n";
    prompt.answer_prefix += form.user.fill(item.fields);
    return prompt;
  }
  if (form.system) prompt.messages.push_back({"system", form.system->fill({})});
  for (const Item* example : examples) {
    prompt.messages.push_back({"user", form.user.fill(example->fields)});
    prompt.messages.push_back({"assistant", form.answer.fill(example->fields)});
  }
  prompt.messages.push_back({"user", form.user.fill(item.fields)});
  prompt.answer_prefix = form.answer_prefix;
  return prompt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
