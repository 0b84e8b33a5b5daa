/// Correlations that see the order of values only: Spearman's and Kendall's.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/correlation.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Each value's place in ascending order, from 1; equal values share the mean of theirs.
/// Errors: InputError for a value that is not a number.
[[nodiscard]] inline std::vector<double> average_ranks(std::span<const double> values) {
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); }))
    throw InputError("stats", concat("rank of a value that is not a number, among ", values.size(), " values"));
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    const double shared = 1 + static_cast<double>(first + last) / 2;
    for (; first <= last; ++first) ranks[order[first]] = shared;
  }
  return ranks;
}

/// Spearman's rank correlation: Pearson's of the average ranks.
/// Range: [-1, 1]. Undefined-when: all x or all y are equal, or there are no pairs.
/// Errors: InputError if the lengths differ, or for a value that is not a number.
[[nodiscard]] inline std::optional<double> spearman(std::span<const double> x, std::span<const double> y) {
  return pearson(pair_sums(average_ranks(x), average_ranks(y)));
}

/// Kendall's tau-b: concordant minus discordant pairs of pairs, over the geometric mean of those not tied in x and
/// those not tied in y. Takes time in the square of the length.
/// Range: [-1, 1]. Undefined-when: all x or all y are equal, or there are no pairs.
/// Errors: InputError if the lengths differ, or for a value that is not a number.
[[nodiscard]] inline std::optional<double> kendall_tau_b(std::span<const double> x, std::span<const double> y) {
  const auto sign = [](double difference) { return (difference > 0 ? 1.0 : 0.0) - (difference < 0 ? 1.0 : 0.0); };
  const std::vector<double> x_ranks = average_ranks(x);
  const std::vector<double> y_ranks = average_ranks(y);
  static_cast<void>(pair_sums(x_ranks, y_ranks));
  PairSums sums;
  for (std::size_t i = 0; i < x_ranks.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) sums.add(sign(x_ranks[i] - x_ranks[j]), sign(y_ranks[i] - y_ranks[j]));
  return cosine(sums);
}

}  // namespace quantlens::inline QUANTLENS_ABI
