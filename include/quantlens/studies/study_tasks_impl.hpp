/// What study_tasks.hpp declares, defined.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "quantlens/bench/cell.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/bench/prompt_sets.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/studies/study_tasks.hpp"
#include "quantlens/tasks/load_task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace study_detail {

/// A column is a format of the model. Errors: InputError "format" for one that is a file or folder.
inline void check_columns(const BenchOptions& options) {
  std::error_code error;
  for (const std::string& column : options.formats)
    if (!is_format(column) && std::filesystem::exists(column, error))
      throw InputError("format", concat("the column '", column,
                                        "' is a file or folder, and columns are formats of --model; measure a "
                                        "checkpoint as a model of its own: --model ",
                                        column, " --columns native --baseline ", options.model.string()));
}

/// None where there is no such folder, or its data are not here.
inline std::optional<PromptedTask> load_if_there(std::string_view name, const BenchOptions& options,
                                                 const std::vector<std::filesystem::path>& tasks_dirs) {
  std::error_code error;
  const auto dir = std::find_if(tasks_dirs.rbegin(), tasks_dirs.rend(), [&](const auto& tasks) {
    return std::filesystem::exists(tasks / name / "task.toml", error);
  });
  if (dir == tasks_dirs.rend()) return std::nullopt;
  try {
    return PromptedTask(load_task(*dir / name, options.data, known_prompts()));
  } catch (const InputError& missing) {
    if (missing.id() != "task_data") throw;
    return std::nullopt;
  }
}

/// The cells of all parts by their tasks of one kind.
inline std::vector<std::string> tasks_of_kind(const Study& study, std::string_view StudyPart::*kind,
                                              const BenchOptions& options,
                                              const std::vector<std::filesystem::path>& tasks_dirs,
                                              std::string_view model_name) {
  const auto protocols = make_protocols();
  std::vector<std::string> names;
  for (const StudyPart& part : study.parts) {
    const auto loaded = load_if_there(part.*kind, options, tasks_dirs);
    if (!loaded) continue;
    const Task& task = loaded->under(choose_prompts(loaded->task(), options.prompts, model_name));
    for (const StudyMeasure& measure : part.measures)
      for (const auto& protocol : protocols)
        if (protocol->name() == measure.protocol && !protocol->only_by_name() && protocol->supports(task) &&
            missing_models(*protocol, options).empty())
          bench_detail::add_once(names, TaskProtocol{task.name, std::string(measure.protocol)}.name());
  }
  return names;
}

}  // namespace study_detail

QUANTLENS_INLINE std::vector<std::string> study_tasks(const Study& study, const BenchOptions& options,
                                                      const std::vector<std::filesystem::path>& tasks_dirs,
                                                      std::string_view model_name) {
  study_detail::check_columns(options);
  for (const auto kind : {&StudyPart::task, &StudyPart::stand_in})
    if (auto names = study_detail::tasks_of_kind(study, kind, options, tasks_dirs, model_name); !names.empty())
      return names;
  throw InputError("task_data",
                   concat("the study ", study.name, " finds neither data of its tasks nor others for them; ",
                          "pass --data DIR, or --tasks-dir"));
}

}  // namespace quantlens::inline QUANTLENS_ABI
