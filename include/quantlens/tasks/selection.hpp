/// Seeded choices: which items are measured, which demonstrations a prompt shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The first `limit` items of a seeded shuffle over the item ids, or all of them in that order.
/// It depends on seed, task and ids alone: not on the format, nor on the order of the data file (but where ids that it
/// repeats are numbered); and a larger limit only adds items.
[[nodiscard]] std::vector<Item> select_items(const Task& task, std::optional<std::size_t> limit, std::uint64_t seed);

/// `count` demonstrations of a task, the same for every item and format: each label's are shuffled, then the labels
/// take turns in their own order.
/// Errors: InputError where the task has fewer.
[[nodiscard]] std::vector<Item> select_demonstrations(const Task& task, std::size_t count, std::uint64_t seed);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/selection_impl.hpp"
#endif
