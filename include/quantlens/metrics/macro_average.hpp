/// An average in which every group of items counts the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One item's score, and the number of its group.
struct GroupedScore {
  std::size_t group = 0;
  double score = 0;

  friend bool operator==(const GroupedScore&, const GroupedScore&) = default;
};

/// Unweighted mean, over the groups that occur, of the mean score of a group.
/// Range: that of the scores. Better: as the scores. Undefined-when: there are no items. Errors: InputError for none.
[[nodiscard]] inline double macro_average(std::span<const GroupedScore> items) {
  if (items.empty()) throw InputError("metrics", "macro average of no items");
  struct Sum {
    double scores = 0;
    std::size_t n = 0;
  };
  std::vector<Sum> sums;
  for (const auto [group, score] : items) {
    if (group >= sums.size()) sums.resize(group + 1);
    sums[group].scores += score;
    ++sums[group].n;
  }
  double means = 0;
  for (const Sum& sum : sums)
    if (sum.n > 0) means += sum.scores / static_cast<double>(sum.n);
  return means / static_cast<double>(std::count_if(sums.begin(), sums.end(), [](const Sum& sum) { return sum.n > 0; }));
}

}  // namespace quantlens::inline QUANTLENS_ABI
