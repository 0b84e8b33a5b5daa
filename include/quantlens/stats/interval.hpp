/// Score intervals: Wilson's for a proportion, Tango's for a difference of paired proportions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/distributions.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A closed interval.
struct Interval {
  double lo = 0;
  double hi = 0;
};

/// Wilson's score interval for a proportion of `successes` in `n` trials; never of width 0.
/// Errors: InputError for n = 0 or more successes than trials.
/// Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
[[nodiscard]] inline Interval wilson_interval(std::size_t successes, std::size_t n, double confidence = 0.95) {
  require_values(n, "proportion");
  if (successes > n) throw InputError("stats", concat(successes, " successes in ", n, " trials"));
  const double z = normal_quantile(0.5 + confidence / 2);
  const double trials = static_cast<double>(n);
  const double share = static_cast<double>(successes) / trials;
  const double shrink = 1 + z * z / trials;
  const double center = (share + z * z / (2 * trials)) / shrink;
  const double half = z * std::sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / shrink;
  // The bounds at 0 and n successes are exact, which rounding would miss by an ulp on the wrong side of the value.
  return {successes == 0 ? 0.0 : center - half, successes == n ? 1.0 : center + half};
}

/// Tango's score interval for the difference of two paired proportions, (gained - lost) / n, where `gained` and `lost`
/// pairs are discordant: Wilson's idea for pairs. It keeps its coverage with few discordant pairs, where a BCa
/// bootstrap's falls to 91 % (120 pairs, 4 % of them discordant), and it is never of width 0.
/// Errors: InputError for n = 0 or more discordant pairs than pairs.
/// Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
/// paired-sample design".
[[nodiscard]] inline Interval paired_difference_interval(std::size_t gained, std::size_t lost, std::size_t n,
                                                         double confidence = 0.95) {
  require_values(n, "difference of proportions");
  if (gained + lost > n) throw InputError("stats", concat(gained + lost, " discordant pairs in ", n, " pairs"));
  const double g = static_cast<double>(gained);
  const double l = static_cast<double>(lost);
  const double pairs = static_cast<double>(n);
  const double z = normal_quantile(0.5 + confidence / 2);
  // Whether the observed difference lies further than z standard errors from `difference`, under the likeliest share
  // of lost pairs that such a true difference allows: the larger root of a quadratic.
  const auto rejects = [&](double difference) {
    const double linear = (2 * pairs - g + l) * difference - g - l;
    const double root = std::sqrt(std::max(0.0, linear * linear + 8 * pairs * l * difference * (1 - difference)));
    const double lost_share = (root - linear) / (4 * pairs);
    const double variance = pairs * (2 * lost_share + difference * (1 - difference));
    return std::abs(g - l - pairs * difference) > z * std::sqrt(std::max(0.0, variance));
  };
  const double estimate = (g - l) / pairs;
  const auto bound = [&](double outside) {
    double inside = estimate;
    if (!rejects(outside)) return outside;
    for (int halving = 0; halving < 60; ++halving) {
      const double middle = (inside + outside) / 2;
      (rejects(middle) ? outside : inside) = middle;
    }
    return inside;
  };
  return {bound(-1), bound(1)};
}

}  // namespace quantlens::inline QUANTLENS_ABI
