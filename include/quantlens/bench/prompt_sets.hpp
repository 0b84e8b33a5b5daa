/// Which of a task's prompts a model is asked with: the ordinary ones, or those that it was trained on.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/core/glob.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

enum class PromptSet { plain, trained };

/// As rows and keys spell it.
[[nodiscard]] constexpr std::string_view prompt_set_name(PromptSet set) {
  return set == PromptSet::trained ? "trained" : "plain";
}

/// The set for a model of that name. A task without trained prompts has only the ordinary ones.
[[nodiscard]] inline PromptSet choose_prompts(const Task& task, PromptChoice choice, std::string_view model_name) {
  const std::vector<std::string>& models = task.trained.models;
  if (task.trained.prompts.empty() || choice == PromptChoice::plain) return PromptSet::plain;
  const auto matches = [&](const std::string& pattern) { return matches_glob(pattern, model_name); };
  const bool trained = choice == PromptChoice::trained || std::any_of(models.begin(), models.end(), matches);
  return trained ? PromptSet::trained : PromptSet::plain;
}

/// A task in the form of each of its sets.
class PromptedTask {
 public:
  explicit PromptedTask(Task task) {
    if (!task.trained.prompts.empty()) {
      Task trained = task;
      trained.prompts = task.trained.prompts;
      trained.hints = task.trained.hints;
      trained_ = std::make_shared<const Task>(std::move(trained));
    }
    plain_ = std::make_shared<const Task>(std::move(task));
  }

  /// The task without a choice made: its items, its trained prompts, and as prompts the ordinary ones.
  [[nodiscard]] const Task& task() const { return *plain_; }
  [[nodiscard]] const Task& under(PromptSet set) const { return set == PromptSet::trained ? *trained_ : *plain_; }

 private:
  std::shared_ptr<const Task> plain_, trained_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
