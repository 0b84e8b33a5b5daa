/// What a command line asks for: tasks loaded, items chosen, formats spelled, all checked before anything runs.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/bench/cell.hpp"
#include "quantlens/bench/prompt_sets.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One `task/protocol` with the items that this run measures.
struct PlannedTask {
  TaskProtocol what;
  std::shared_ptr<const PromptedTask> task;
  std::shared_ptr<const Protocol> protocol;
  PromptSet prompts = PromptSet::plain;  ///< of both sides of every pair
  std::vector<Item> items;
  std::string task_sha256;   ///< of what its items share
  std::string items_sha256;  ///< of the chosen items
  std::string differs;       ///< why the model and the baseline's read different prompts; empty: they read the same

  [[nodiscard]] const Task& asked() const { return task->under(prompts); }
};

/// The cells of a run, format by format, so that each format is built once.
struct Plan {
  std::vector<PlannedTask> tasks;
  std::vector<NamedFormat> formats;
  std::vector<std::string> skipped;  ///< why a task or protocol that nobody named is left out

  [[nodiscard]] std::vector<Cell> cells() const;
  /// Errors: std::out_of_range for a cell that is not of this plan.
  [[nodiscard]] const PlannedTask& task_of(const Cell& cell) const;
};

namespace bench_detail {

template <class T>
void add_once(std::vector<T>& list, T value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

}  // namespace bench_detail

/// What a protocol needs besides the model that the run does not have; empty: nothing.
[[nodiscard]] std::string missing_models(const Protocol& protocol, const BenchOptions& options);

/// `model_name`: the own name of the baseline's model, which decides on the prompts of both sides; empty: none is
/// known. `tasks_dirs` hold task folders; of two with the same name the later one counts.
/// Errors: InputError for unknown names (with the nearest known one), for tasks that cannot be loaded, and for a named
/// protocol that needs a model which this run does not have.
[[nodiscard]] Plan make_plan(const BenchOptions& options, const std::vector<std::filesystem::path>& tasks_dirs,
                             std::string_view model_name);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/plan_impl.hpp"
#endif
