/// What redaction_judge.hpp declares, defined.
#pragma once

#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/redaction_judge.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Item> redacted_demonstrations(const Task& task) {
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

QUANTLENS_INLINE Task redaction_judge(const Task& task) {
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

}  // namespace quantlens::inline QUANTLENS_ABI
