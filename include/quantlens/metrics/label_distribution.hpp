/// Distributions over labels: from scores, and how far apart two of them are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Probabilities in proportion to exp(score). Without a finite largest score they are not numbers.
/// Errors: InputError for no scores.
[[nodiscard]] inline std::vector<double> softmax(std::span<const double> scores) {
  if (scores.empty()) throw InputError("metrics", "softmax of no scores");
  const double largest = *std::max_element(scores.begin(), scores.end());
  std::vector<double> shares;
  for (const double score : scores) shares.push_back(std::exp(score - largest));
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= sum;
  return shares;
}

/// Total variation distance: half the sum of the absolute differences.
/// Range: [0, 1]. Errors: InputError for distributions of different lengths.
[[nodiscard]] inline double total_variation(std::span<const double> p, std::span<const double> q) {
  if (p.size() != q.size())
    throw InputError("metrics", concat("total variation of ", p.size(), " and ", q.size(), " probabilities"));
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += std::abs(p[i] - q[i]);
  return 0.5 * sum;
}

/// The Kullback-Leibler divergence of q from p: the sum of p log(p / q), where 0 log 0 is 0.
/// Units: natural logarithms. Range: [0, inf). Undefined-when: q lacks something that p has, which is no number.
/// Errors: InputError for distributions of different lengths.
[[nodiscard]] inline std::optional<double> kl_divergence(std::span<const double> p, std::span<const double> q) {
  if (p.size() != q.size())
    throw InputError("metrics", concat("divergence of ", p.size(), " and ", q.size(), " probabilities"));
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] > 0) sum += p[i] * std::log(p[i] / q[i]);
  return std::isfinite(sum) ? std::optional(std::max(0.0, sum)) : std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
