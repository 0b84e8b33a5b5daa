/// A task: what a task folder (task.toml, demonstrations, data) says, checked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/tasks/insertion.hpp"
#include "quantlens/tasks/prompt.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One text to be labelled, one fact (or chain of two), or one demonstration.
struct Item {
  std::string id;
  PromptValues fields;  ///< the content that prompts use; in a demonstration also its label, explanation, ...
  std::size_t label = 0;
  std::vector<std::string> references;  ///< explanations that people gave; may be empty
  std::vector<Insertion> insertions{};  ///< into the task's edit field, for the perturb test; empty: it draws some
  /// What counts as right: of a fact for "object", of a chain for "bridge" and "answer". The first is the usual one.
  std::map<std::string, std::vector<std::string>, std::less<>> answers = {};
  std::string group = {};  ///< what accuracies are also told apart by, such as a fact's relation; may be empty
};

/// Texts with a {suggestion}, by name.
using Hints = std::map<std::string, TextTemplate, std::less<>>;

/// The prompts that some models were trained on.
struct TrainedPrompts {
  std::vector<std::string> models;  ///< patterns of their names, as matches_glob reads them
  std::map<std::string, PromptTemplate, std::less<>> prompts;
  Hints hints = {};
};

/// What protocols measure on.
struct Task {
  std::string name;
  std::string description;
  std::filesystem::path folder;
  std::vector<std::string> labels;                 ///< empty: the task is about facts
  std::string unknown_label;                       ///< the answer when the deciding words are gone; empty: none given
  std::vector<std::size_t> counterfactual_target;  ///< for each label the one to aim at; empty: none given
  std::string edit_field;                          ///< the content that a counterfactual edits; empty: none given
  std::map<std::string, PromptTemplate, std::less<>> prompts;
  Hints hints;             ///< those that the task puts in its own words, see hints.hpp
  TrainedPrompts trained;  ///< without prompts where the task has none
  std::vector<Item> items;
  std::vector<Item> demonstrations;

  /// Errors: InputError where the task has no such prompt.
  [[nodiscard]] const PromptTemplate& prompt(std::string_view prompt_name) const;

  /// The labels as a prompt lists them: "a, b or c".
  [[nodiscard]] std::string label_list() const;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/task_impl.hpp"
#endif
