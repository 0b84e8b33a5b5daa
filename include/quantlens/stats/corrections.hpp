/// Correction of p values for the number of tests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Holm's adjusted p values, in the order of the input. No tests give no values.
/// Errors: InputError for a p outside [0, 1].
/// Source: Holm 1979, "A simple sequentially rejective multiple test procedure".
[[nodiscard]] inline std::vector<double> holm(std::span<const double> p) {
  for (const double value : p)
    if (!(value >= 0 && value <= 1)) throw InputError("stats", concat("p value ", value, " lies outside [0, 1]"));
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(p.size() - rank) * p[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace quantlens::inline QUANTLENS_ABI
