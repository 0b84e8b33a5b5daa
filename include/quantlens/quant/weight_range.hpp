/// The weights that a group's grid has to reach.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Least and largest of a group.
struct WeightRange {
  float low = 0.0f, high = 0.0f;
};

/// Precondition: a group of at least one finite weight. Several minima side by side, so that compilers use vectors.
[[nodiscard]] inline WeightRange range_of(std::span<const float> group) {
  static constexpr std::size_t lanes = 8;
  std::array<float, lanes> low, high;
  low.fill(group[0]);
  high.fill(group[0]);
  const std::size_t whole = group.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      low[lane] = std::min(low[lane], group[i + lane]);
      high[lane] = std::max(high[lane], group[i + lane]);
    }
  for (std::size_t i = whole; i < group.size(); ++i) {
    low[0] = std::min(low[0], group[i]);
    high[0] = std::max(high[0], group[i]);
  }
  return {*std::min_element(low.begin(), low.end()), *std::max_element(high.begin(), high.end())};
}

}  // namespace quantlens::inline QUANTLENS_ABI
