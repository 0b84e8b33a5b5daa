/// How a task is put where some of its texts have hidden words.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/tasks/task.hpp"

namespace quantlens::inline v0_1 {

/// What a redacted demonstration's column is called.
inline constexpr std::string_view redacted_column = "redacted";

/// The demonstrations whose redacted text is known, as examples of the unknown label, whose number follows those of the
/// task's labels; none where the task has no such label.
[[nodiscard]] inline std::vector<Item> redacted_demonstrations(const Task& task) {
  std::vector<Item> examples;
  if (task.unknown_label.empty() || task.edit_field.empty()) return examples;
  for (const Item& demonstration : task.demonstrations) {
    const auto redacted = demonstration.fields.find(redacted_column);
    if (redacted == demonstration.fields.end()) continue;
    Item example = demonstration;
    example.id += "-redacted";
    example.fields[task.edit_field] = redacted->second;
    example.label = task.labels.size();
    examples.push_back(std::move(example));
  }
  return examples;
}

/// The task without items, as one that classifies texts with hidden words, and others: `unknown` is a label after all
/// others, redacted demonstrations show it, and the prompt `classify` is classify_redacted where there is one. The
/// other labels keep their numbers.
[[nodiscard]] inline Task redaction_judge(const Task& task) {
  Task judge;
  judge.name = task.name;
  judge.labels = task.labels;
  judge.unknown_label = task.unknown_label;
  judge.edit_field = task.edit_field;
  judge.demonstrations = task.demonstrations;
  const bool has_own_prompt = task.prompts.contains("classify_redacted");
  judge.prompts["classify"] = task.prompt(has_own_prompt ? "classify_redacted" : "classify");
  if (!task.unknown_label.empty()) judge.labels.push_back(task.unknown_label);
  for (Item& example : redacted_demonstrations(task)) judge.demonstrations.push_back(std::move(example));
  return judge;
}

}  // namespace quantlens::inline v0_1
