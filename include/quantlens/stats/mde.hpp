/// Minimum detectable effect: the smallest difference that a comparison would probably have found.
#pragma once

#include <cmath>
#include <cstddef>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/distributions.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How many standard errors a true difference must be for a two-sided test at 0.05 to find it with power 0.8: 2.8016.
[[nodiscard]] inline double detectable_standard_errors() { return normal_quantile(0.975) + normal_quantile(0.8); }

/// Minimum detectable difference of means, from the standard error of the observed one.
[[nodiscard]] inline double mde_from_standard_error(double standard_error) {
  return detectable_standard_errors() * standard_error;
}

/// Minimum detectable difference of means, from the standard deviation of n paired differences.
/// Errors: InputError for n = 0.
[[nodiscard]] inline double mde_real(double standard_deviation_of_differences, std::size_t n) {
  require_values(n, "minimum detectable effect");
  return mde_from_standard_error(standard_deviation_of_differences / std::sqrt(static_cast<double>(n)));
}

/// Minimum detectable difference of two paired proportions, from the share of pairs that are discordant.
/// Errors: InputError for n = 0 or a share outside [0, 1].
[[nodiscard]] inline double mde_paired_binary(double discordance, std::size_t n) {
  if (!(discordance >= 0 && discordance <= 1)) throw InputError("stats", concat("discordance ", discordance));
  return mde_real(std::sqrt(discordance), n);
}

/// The share of discordant pairs that n pairs without a single one still allow, at 95 %: 1 - 0.05^(1/n).
/// Errors: InputError for n = 0.
[[nodiscard]] inline double unseen_share_bound(std::size_t n) {
  require_values(n, "bound");
  return 1 - std::pow(0.05, 1 / static_cast<double>(n));
}

}  // namespace quantlens::inline QUANTLENS_ABI
