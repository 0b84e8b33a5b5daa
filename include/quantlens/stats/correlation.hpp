/// Pearson's correlation and the cosine, from sums that add up over items, so that resampling items stays cheap.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a correlation needs to know of pairs (x, y).
struct PairSums {
  double n = 0;
  double x = 0, y = 0;
  double xx = 0, xy = 0, yy = 0;

  void add(double a, double b) { *this += {1, a, b, a * a, a * b, b * b}; }

  PairSums& operator+=(const PairSums& other) {
    n += other.n;
    x += other.x;
    y += other.y;
    xx += other.xx;
    xy += other.xy;
    yy += other.yy;
    return *this;
  }
};

namespace detail {

/// Whether n^2 times a variance is what rounding leaves of equal values.
[[nodiscard]] inline bool is_flat(double spread, double n_times_squares) { return spread <= 1e-11 * n_times_squares; }

}  // namespace detail

/// Pearson's correlation; of two variables that are 0 or 1 it is the phi coefficient.
/// Range: [-1, 1]. Undefined-when: x or y has no spread (0/0), or there are no pairs.
[[nodiscard]] inline std::optional<double> pearson(const PairSums& sums) {
  const double spread_x = sums.n * sums.xx - sums.x * sums.x;
  const double spread_y = sums.n * sums.yy - sums.y * sums.y;
  if (detail::is_flat(spread_x, sums.n * sums.xx) || detail::is_flat(spread_y, sums.n * sums.yy)) return std::nullopt;
  return std::clamp((sums.n * sums.xy - sums.x * sums.y) / std::sqrt(spread_x * spread_y), -1.0, 1.0);
}

/// The cosine of the angle between x and y as vectors: Pearson's correlation without taking the means off.
/// Range: [-1, 1]. Undefined-when: x or y is no longer than `least_norm`, or there are no pairs.
[[nodiscard]] inline std::optional<double> cosine(const PairSums& sums, double least_norm = 0) {
  const double norm_x = std::sqrt(sums.xx);
  const double norm_y = std::sqrt(sums.yy);
  if (!(norm_x > least_norm && norm_y > least_norm)) return std::nullopt;
  return std::clamp(sums.xy / norm_x / norm_y, -1.0, 1.0);
}

/// The sums of the pairs (x[i], y[i]). Errors: InputError if the lengths differ.
[[nodiscard]] inline PairSums pair_sums(std::span<const double> x, std::span<const double> y) {
  if (x.size() != y.size()) throw InputError("stats", concat("pairs of ", x.size(), " and ", y.size(), " values"));
  PairSums sums;
  for (std::size_t i = 0; i < x.size(); ++i) sums.add(x[i], y[i]);
  return sums;
}

}  // namespace quantlens::inline QUANTLENS_ABI
