/// Prompts that ask for a fact: examples in the same form, then the item's own question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/prompt.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Chooses demonstrations for items, so that none gives the answer away: never one about the item's own topic.
/// All items draw from one seeded order, so that most of them share their examples.
class FactExamples {
 public:
  /// `topic`: the field that an item and its examples may not share. `same_group`: examples are of the item's group,
  /// and fewer where it has fewer.
  FactExamples(const Task& task, std::string_view topic, bool same_group, std::uint64_t seed);

  [[nodiscard]] std::vector<const Item*> choose(const Item& item, std::size_t count);

 private:
  [[nodiscard]] const std::vector<const Item*>& order_of(const std::string& group);

  const Task* task_;
  std::string topic_;
  bool same_group_;
  std::uint64_t seed_;
  std::map<std::string, std::vector<const Item*>> orders_;
};

/// How the model would write each of `answers`: behind the answer prefix, as the form's own answers begin.
[[nodiscard]] std::vector<std::string> answer_texts(const PromptTemplate& form, std::span<const std::string> answers);

/// The question of an item behind its examples: a chat of turns, or lines of bare text.
[[nodiscard]] Prompt fact_prompt(const PromptTemplate& form, std::span<const Item* const> examples, const Item& item);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/fact_prompts_impl.hpp"
#endif
