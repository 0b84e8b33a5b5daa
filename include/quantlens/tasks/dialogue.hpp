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
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The values of the placeholders that are the same for all items.
[[nodiscard]] PromptValues task_values(const Task& task);

/// The values of an item's placeholders. `label` is the one that {label} stands for; no_label: none is known yet.
[[nodiscard]] PromptValues prompt_values(const Task& task, const Item& item, std::size_t label);

/// One or several turns with the model, in one chat. All that items share comes first, the same for each of them, so
/// that an engine computes it once.
class Dialogue {
 public:
  /// `prompts`: the names of the task's prompts, one for each turn; every demonstration shows all of these turns.
  /// The first prompt says how many demonstrations there are.
  Dialogue(const Task& task, std::span<const std::string_view> prompts, std::uint64_t seed);

  [[nodiscard]] const PromptTemplate& turn(std::size_t index) const { return turns_.at(index); }

  /// What the model is asked after it has given `answers` (whole, prefixes included) to the turns before.
  [[nodiscard]] Prompt prompt(const PromptValues& values, std::span<const std::string> answers = {}) const;

 private:
  std::vector<PromptTemplate> turns_;
  std::vector<ChatMessage> opening_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/dialogue_impl.hpp"
#endif
