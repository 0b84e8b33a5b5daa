/// Which tasks and protocols of a study a run can measure: the same list that --tasks takes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/studies/studies.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// `task/protocol`s: those of the study's tasks whose data are here, or else of those that stand in for them, with the
/// protocols that the task has prompts for and the run has models for; not those that are run only by name.
/// `model_name` decides on the prompts, as for a plan. Errors: InputError "task_data" where there is no such task; for
/// task folders that cannot be loaded; "format" for a column that is a file.
[[nodiscard]] std::vector<std::string> study_tasks(const Study& study, const BenchOptions& options,
                                                   const std::vector<std::filesystem::path>& tasks_dirs,
                                                   std::string_view model_name);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/studies/study_tasks_impl.hpp"
#endif
