/// Bootstrap over items, and BCa intervals from it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/stats/distributions.hpp"
#include "quantlens/stats/interval.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/stats/quantile.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How to resample.
struct BootstrapOptions {
  std::uint64_t seed = 0;
  std::size_t resamples = 10'000;
  double confidence = 0.95;
};

/// An item's position in the lists that a statistic reads.
using ItemIndex = std::uint32_t;

/// The statistic of `options.resamples` samples of n items, each drawn with replacement.
/// `statistic` maps std::span<const ItemIndex> to a number or none; samples on which it is undefined are left out.
/// Errors: InputError for n = 0.
template <class Statistic>
[[nodiscard]] std::vector<double> bootstrap(std::size_t n, const BootstrapOptions& options,
                                            const Statistic& statistic) {
  require_values(n, "bootstrap");
  Rng rng(options.seed);
  std::vector<ItemIndex> items(n);
  std::vector<double> results;
  results.reserve(options.resamples);
  for (std::size_t sample = 0; sample < options.resamples; ++sample) {
    InterruptGuard::check();
    // Two indices from one random word: the upper bits of n times 32 random bits, uniform up to n / 2^32.
    for (std::size_t i = 0; i < n; i += 2) {
      const std::uint64_t word = rng.next();
      items[i] = static_cast<ItemIndex>(((word >> 32) * n) >> 32);
      if (i + 1 < n) items[i + 1] = static_cast<ItemIndex>(((word & 0xffffffffu) * n) >> 32);
    }
    if (const std::optional<double> result = statistic(std::span<const ItemIndex>(items))) results.push_back(*result);
  }
  return results;
}

/// The statistic of all items but one, for each in turn; undefined results are left out. None for n < 2.
template <class Statistic>
[[nodiscard]] std::vector<double> jackknife(std::size_t n, const Statistic& statistic) {
  std::vector<double> results;
  if (n < 2) return results;
  std::vector<ItemIndex> items(n - 1);
  std::iota(items.begin(), items.end(), ItemIndex{1});
  for (std::size_t left_out = 0;; ++left_out) {
    InterruptGuard::check();
    if (const std::optional<double> result = statistic(std::span<const ItemIndex>(items))) results.push_back(*result);
    if (left_out == n - 1) return results;
    items[left_out] = static_cast<ItemIndex>(left_out);
  }
}

/// The bias-corrected and accelerated interval of an estimate, from its bootstrap and its jackknife.
/// Ties with the estimate count half, which matters for statistics of few values. None where the bootstrap has no
/// spread: equal items say nothing about uncertainty.
/// Source: Efron 1987, "Better bootstrap confidence intervals".
[[nodiscard]] inline std::optional<Interval> bca_interval(double estimate, std::vector<double> resampled,
                                                          std::span<const double> left_out, double confidence = 0.95) {
  std::sort(resampled.begin(), resampled.end());
  if (resampled.empty() || resampled.front() == resampled.back()) return std::nullopt;

  const auto [first, last] = std::equal_range(resampled.begin(), resampled.end(), estimate);
  const double count = static_cast<double>(resampled.size());
  const double below = static_cast<double>(first - resampled.begin()) + 0.5 * static_cast<double>(last - first);
  const double bias = normal_quantile(std::clamp(below / count, 0.5 / count, 1 - 0.5 / count));

  double squares = 0;
  double cubes = 0;
  const double center = left_out.empty() ? 0 : mean(left_out);
  for (const double value : left_out) {
    squares += (center - value) * (center - value);
    cubes += (center - value) * (center - value) * (center - value);
  }
  const double acceleration = squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;

  // |acceleration| <= 1/6, and |bias + z| < 6 up to 10,000 resamples, so that the denominator stays positive.
  const auto bound = [&](double share) {
    const double z = bias + normal_quantile(share);
    return sorted_quantile(resampled, normal_cdf(bias + z / (1 - acceleration * z)));
  };
  return Interval{bound((1 - confidence) / 2), bound((1 + confidence) / 2)};
}

/// BCa interval of a mean; of paired differences for a paired comparison. None where no two values differ.
/// Errors: InputError for no values.
[[nodiscard]] inline std::optional<Interval> bca_mean(std::span<const double> values, const BootstrapOptions& options) {
  if (all_equal(values)) return std::nullopt;
  const double n = static_cast<double>(values.size());
  const double estimate = mean(values);
  const auto resampled_mean = [&](std::span<const ItemIndex> items) -> std::optional<double> {
    double sum = 0;
    for (const ItemIndex item : items) sum += values[item];
    return sum / n;
  };
  std::vector<double> left_out(values.size());
  std::transform(values.begin(), values.end(), left_out.begin(),
                 [&](double value) { return (n * estimate - value) / (n - 1); });
  return bca_interval(estimate, bootstrap(values.size(), options, resampled_mean), left_out, options.confidence);
}

}  // namespace quantlens::inline QUANTLENS_ABI
