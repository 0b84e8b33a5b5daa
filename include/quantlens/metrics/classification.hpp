/// Accuracy and macro-F1 of predicted labels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The predicted label of an item whose answer could not be parsed. Wrong whatever the gold label is.
inline constexpr std::size_t no_label = std::numeric_limits<std::size_t>::max();

/// One item's gold and predicted label, as indices into the task's labels.
struct LabelPair {
  std::size_t gold = 0;
  std::size_t predicted = no_label;

  friend bool operator==(const LabelPair&, const LabelPair&) = default;
};

/// Share of items whose predicted label is the gold one.
/// Range: [0, 1]. Better: higher. Undefined-when: there are no items. Errors: InputError for no items.
[[nodiscard]] inline double accuracy(std::span<const LabelPair> items) {
  if (items.empty()) throw InputError("metrics", "accuracy of no items");
  const auto n_right = std::count_if(items.begin(), items.end(), [](auto i) { return i.gold == i.predicted; });
  return static_cast<double>(n_right) / static_cast<double>(items.size());
}

/// Unweighted mean of the labels' F1, over the labels that occur as gold or predicted.
/// `no_label` costs its gold label recall and is no label of its own: one parse failure in a thousand items must not
/// add a class with F1 zero.
/// Range: [0, 1]. Better: higher. Undefined-when: there are no items. Errors: InputError for no items.
[[nodiscard]] inline double macro_f1(std::span<const LabelPair> items) {
  if (items.empty()) throw InputError("metrics", "macro-F1 of no items");
  struct Counts {
    std::size_t right = 0;
    std::size_t seen = 0;  // as gold plus as predicted
  };
  std::vector<Counts> counts;
  const auto of = [&](std::size_t label) -> Counts& {
    if (label >= counts.size()) counts.resize(label + 1);
    return counts[label];
  };
  for (const auto [gold, predicted] : items) {
    ++of(gold).seen;
    if (predicted == no_label) continue;
    ++of(predicted).seen;
    if (gold == predicted) ++of(gold).right;
  }
  double sum = 0;
  std::size_t n_labels = 0;
  for (const auto [right, seen] : counts) {
    if (seen == 0) continue;
    sum += 2.0 * static_cast<double>(right) / static_cast<double>(seen);
    ++n_labels;
  }
  return sum / static_cast<double>(n_labels);
}

}  // namespace quantlens::inline QUANTLENS_ABI
