/// The means of a row's metrics within each group of its items.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "quantlens/tasks/item_record.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One group: its number of items, and for each per-item metric the mean over those that have it.
struct GroupMeans {
  std::size_t n = 0;
  std::map<std::string, std::optional<double>> metrics;
};

/// Items without a group are in none.
[[nodiscard]] inline std::map<std::string, GroupMeans> group_means(std::span<const ItemRecord> records) {
  struct Mean {
    double sum = 0;
    std::size_t n = 0;
  };
  std::map<std::string, std::map<std::string, Mean>> sums;
  std::map<std::string, GroupMeans> groups;
  for (const ItemRecord& record : records) {
    if (record.group.empty()) continue;
    ++groups[record.group].n;
    for (const auto& [metric, score] : record.scores) {
      Mean& mean = sums[record.group][metric];
      mean.sum += score.value_or(0);
      if (score) ++mean.n;
    }
  }
  for (const auto& [group, metrics] : sums)
    for (const auto& [metric, mean] : metrics)
      groups[group].metrics[metric] =
          mean.n == 0 ? std::nullopt : std::optional(mean.sum / static_cast<double>(mean.n));
  return groups;
}

}  // namespace quantlens::inline QUANTLENS_ABI
