/// Reads a task folder.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/tasks/prompt_kind.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The only `schema` that is understood.
inline constexpr std::string_view task_schema = "quantlens-task/1";

/// Reads a task folder; a task whose data the user brings finds it in `data_folder/NAME/`. `prompt_kinds` are
/// the prompts that it may have: known_prompts() of protocols/registry.hpp. Errors: InputError `task_data` where the
/// user's data set is not there; InputError for whatever task.toml or a data file gets wrong, naming file and key or
/// row.
[[nodiscard]] Task load_task(const std::filesystem::path& folder, const std::filesystem::path& data_folder,
                             std::span<const PromptKind> prompt_kinds);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/load_task_impl.hpp"
#endif
