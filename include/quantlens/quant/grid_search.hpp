/// Searches the range of a group's grid.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/quant/grid.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Sum over the group of importance * |weight - rounded weight|^2.5. The power is above that of a squared loss because
/// the weights of a group move on while GPTQ makes up for errors, and then more of them are cut off.
/// Shapes: all as long as the group; `scratch` too.
[[nodiscard]] inline float weighted_error(const Grid& grid, std::span<const float> group,
                                          std::span<const float> importance, std::span<float> scratch) {
  std::copy(group.begin(), group.end(), scratch.begin());
  round_to_grid(grid, scratch);
  float sum = 0.0f;
  for (std::size_t i = 0; i < group.size(); ++i) {
    const float error = std::fabs(group[i] - scratch[i]);
    sum += importance[i] * error * error * std::sqrt(error);
  }
  return sum;
}

/// Of the grids over the whole of a range and over shares of it down to a half, the one with the least weighted error:
/// what a narrower grid cuts off of the largest weights, it may win by rounding all others finer. Equal errors go to
/// the wider one. `make_grid` turns a range into a grid.
/// Source: the search of the GPTQ authors' quantizer (arXiv 2210.17323), which knows no importance and takes errors to
/// the power 2.4.
template <class MakeGrid>
[[nodiscard]] Grid searched_grid(WeightRange range, std::span<const float> group, std::span<const float> importance,
                                 MakeGrid&& make_grid) {
  static constexpr int n_shares = 20;  // of which the narrower half is not tried
  std::vector<float> scratch(group.size());
  Grid best = make_grid(range);
  float least = weighted_error(best, group, importance, scratch);
  for (int kept = n_shares - 1; kept >= n_shares / 2; --kept) {
    const float share = static_cast<float>(kept) / static_cast<float>(n_shares);
    const Grid grid = make_grid(WeightRange{range.low * share, range.high * share});
    const float error = weighted_error(grid, group, importance, scratch);
    if (!(error < least)) continue;
    least = error;
    best = grid;
  }
  return best;
}

}  // namespace quantlens::inline QUANTLENS_ABI
