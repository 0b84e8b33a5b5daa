/// Quantiles, linear between order statistics.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/stats/moments.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The value below which a share of the sorted values lies, between neighbours by straight line.
[[nodiscard]] inline double sorted_quantile(std::span<const double> sorted, double share) {
  require_values(sorted.size(), "quantile");
  const double position = share * static_cast<double>(sorted.size() - 1);
  const std::size_t below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

/// The same of values in any order; none of no values.
[[nodiscard]] inline std::optional<double> quantile(std::vector<double> values, double share) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return sorted_quantile(values, share);
}

}  // namespace quantlens::inline QUANTLENS_ABI
