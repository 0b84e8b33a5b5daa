/// A task: what a task folder (task.toml, demonstrations, data) says, checked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/suggest.hpp"
#include "quantlens/protocols/insertion.hpp"
#include "quantlens/protocols/prompt.hpp"

namespace quantlens::inline v0_1 {

/// One text to be labelled, or one demonstration.
struct Item {
  std::string id;
  PromptValues fields;  ///< the content that prompts use; in a demonstration also its label, explanation, ...
  std::size_t label = 0;
  std::vector<std::string> references;  ///< explanations that people gave; may be empty
  std::vector<Insertion> insertions{};  ///< into the task's edit field, for the perturb test; empty: it draws some
};

/// What protocols measure on.
struct Task {
  std::string name;
  std::string description;
  std::filesystem::path folder;
  std::vector<std::string> labels;
  std::string unknown_label;                       ///< the answer when the deciding words are gone; empty: none given
  std::vector<std::size_t> counterfactual_target;  ///< for each label the one to aim at; empty: none given
  std::string edit_field;                          ///< the content that a counterfactual edits; empty: none given
  std::map<std::string, PromptTemplate, std::less<>> prompts;
  std::vector<Item> items;
  std::vector<Item> demonstrations;

  /// Errors: InputError where the task has no such prompt.
  [[nodiscard]] const PromptTemplate& prompt(std::string_view prompt_name) const {
    const auto found = prompts.find(prompt_name);
    if (found != prompts.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& entry : prompts) known.push_back(entry.first);
    throw unknown_name(concat("prompt of task ", name), prompt_name, known);
  }

  /// The labels as a prompt lists them: "a, b or c".
  [[nodiscard]] std::string label_list() const {
    std::string list;
    for (std::size_t i = 0; i < labels.size(); ++i)
      list += concat(i == 0 ? "" : i + 1 == labels.size() ? " or " : ", ", labels[i]);
    return list;
  }
};

}  // namespace quantlens::inline v0_1
