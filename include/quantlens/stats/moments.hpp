/// Mean and spread: what every other header of stats needs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Refuses empty input: a statistic of nothing is an error, not 0.
inline void require_values(std::size_t n, std::string_view statistic) {
  if (n == 0) throw InputError("stats", concat(statistic, " of no values; check that any item has a score"));
}

/// Arithmetic mean. Errors: InputError for no values.
[[nodiscard]] inline double mean(std::span<const double> values) {
  require_values(values.size(), "mean");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Whether no two values differ, so that they say nothing about spread. Errors: InputError for no values.
[[nodiscard]] inline bool all_equal(std::span<const double> values) {
  require_values(values.size(), "spread");
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values.front(); });
}

/// Standard deviation with n - 1 in the denominator. Errors: InputError for fewer than two values.
[[nodiscard]] inline double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) throw InputError("stats", "standard deviation of fewer than two values");
  const double center = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

/// a[i] - b[i] for every pair. Errors: InputError if the lengths differ.
[[nodiscard]] inline std::vector<double> paired_differences(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size()) throw InputError("stats", concat("pairs of ", a.size(), " and ", b.size(), " values"));
  std::vector<double> differences(a.size());
  std::transform(a.begin(), a.end(), b.begin(), differences.begin(), std::minus<>{});
  return differences;
}

}  // namespace quantlens::inline QUANTLENS_ABI
