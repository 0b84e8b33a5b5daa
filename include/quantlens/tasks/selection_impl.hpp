/// What selection.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <range/v3/algorithm/sort.hpp>
#include <span>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/tasks/selection.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Item> select_items(const Task& task, std::optional<std::size_t> limit,
                                                std::uint64_t seed) {
  std::vector<Item> items = task.items;
  ranges::sort(items, {}, &Item::id);
  Rng(seed_of(seed, task.name, "items", 0)).shuffle(std::span(items));
  if (limit && *limit < items.size()) items.resize(*limit);
  return items;
}

QUANTLENS_INLINE std::vector<Item> select_demonstrations(const Task& task, std::size_t count, std::uint64_t seed) {
  if (count > task.demonstrations.size())
    throw InputError("task",
                     concat("task ", task.name, " has ", task.demonstrations.size(), " demonstrations, not ", count));
  std::vector<std::vector<Item>> of_label(task.labels.size());
  for (const Item& item : task.demonstrations) of_label[item.label].push_back(item);
  Rng rng(seed_of(seed, task.name, "demonstrations", 0));
  for (auto& items : of_label) {
    ranges::sort(items, {}, &Item::id);
    rng.shuffle(std::span(items));
  }
  std::vector<Item> chosen;
  for (std::size_t round = 0; chosen.size() < count; ++round)
    for (const auto& items : of_label)
      if (round < items.size() && chosen.size() < count) chosen.push_back(items[round]);
  return chosen;
}

}  // namespace quantlens::inline QUANTLENS_ABI
