/// Calibration of answers: whether a model is right as often as it is sure.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/rank_correlation.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// An answer and how sure the model is of it.
struct ConfidentAnswer {
  double confidence = 0;  ///< the chosen label's share of all labels' probability, in [0, 1]
  bool right = false;

  friend bool operator==(const ConfidentAnswer&, const ConfidentAnswer&) = default;
};

/// How many bins the calibration errors have where nobody says otherwise.
inline constexpr std::size_t calibration_bins = 10;

namespace detail {

/// Refuses a confidence that is none.
inline void require_confidences(std::span<const ConfidentAnswer> items) {
  for (const ConfidentAnswer& item : items)
    if (!(item.confidence >= 0 && item.confidence <= 1))
      throw InputError("metrics", concat("calibration takes confidences from 0 to 1; got ", item.confidence));
}

/// What calibration compares in a bin.
struct CalibrationBin {
  double confidence = 0, right = 0;  // sums over its answers

  [[nodiscard]] double gap() const { return std::abs(right - confidence); }
};

/// Answers by confidence; equally confident ones are all as right as they are on average, so that their order, which
/// says nothing, decides nothing.
[[nodiscard]] inline std::vector<CalibrationBin> by_confidence(std::span<const ConfidentAnswer> items) {
  std::vector<CalibrationBin> sorted;
  for (const ConfidentAnswer& item : items) sorted.push_back({item.confidence, item.right ? 1.0 : 0.0});
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.confidence < b.confidence; });
  for (std::size_t first = 0, end = 0; first < sorted.size(); first = end) {
    double right = 0;
    for (end = first; end < sorted.size() && sorted[end].confidence == sorted[first].confidence; ++end)
      right += sorted[end].right;
    for (std::size_t i = first; i < end; ++i) sorted[i].right = right / static_cast<double>(end - first);
  }
  return sorted;
}

}  // namespace detail

/// The expected calibration error: |accuracy - mean confidence| in bins of equal width, (lo, hi], weighted by their
/// answers; 0 belongs to the first bin.
/// Range: [0, 1]. Better: lower. Undefined-when: there are no items. Errors: InputError for no confidence.
/// Source: Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"; Guo et al. 2017.
template <std::size_t n_bins = calibration_bins>
[[nodiscard]] std::optional<double> expected_calibration_error(std::span<const ConfidentAnswer> items) {
  static_assert(n_bins > 0);
  detail::require_confidences(items);
  if (items.empty()) return std::nullopt;
  std::array<detail::CalibrationBin, n_bins> bins;
  for (const ConfidentAnswer& item : items) {
    std::size_t bin = 0;
    while (item.confidence > static_cast<double>(bin + 1) / static_cast<double>(n_bins)) ++bin;
    bins[bin].confidence += item.confidence;
    bins[bin].right += item.right ? 1 : 0;
  }
  double gaps = 0;
  for (const auto& bin : bins) gaps += bin.gap();
  return gaps / static_cast<double>(items.size());
}

/// The adaptive calibration error: the mean over bins of |accuracy - mean confidence|, where the answers, sorted by
/// confidence, are cut into bins of equal size, the first n mod n_bins of them one larger. Fewer answers than bins: a
/// bin each.
/// Range: [0, 1]. Better: lower. Undefined-when: there are no items. Errors: InputError for no confidence.
/// Source: Nixon et al. 2019, "Measuring Calibration in Deep Learning".
template <std::size_t n_bins = calibration_bins>
[[nodiscard]] std::optional<double> adaptive_calibration_error(std::span<const ConfidentAnswer> items) {
  static_assert(n_bins > 0);
  detail::require_confidences(items);
  if (items.empty()) return std::nullopt;
  const std::vector<detail::CalibrationBin> sorted = detail::by_confidence(items);
  const std::size_t n_used = std::min(n_bins, items.size());
  double gaps = 0;
  std::size_t next = 0;
  for (std::size_t bin = 0; bin < n_used; ++bin) {
    const std::size_t size = items.size() / n_used + (bin < items.size() % n_used ? 1 : 0);
    detail::CalibrationBin sums;
    for (const std::size_t end = next + size; next < end; ++next) {
      sums.confidence += sorted[next].confidence;
      sums.right += sorted[next].right;
    }
    gaps += sums.gap() / static_cast<double>(size);
  }
  return gaps / static_cast<double>(n_used);
}

/// The Brier score of one item: the square of what its confidence lacks to 1 where it is right, to 0 where it is not.
/// A row's value is the mean of the items'.
/// Range: [0, 1]. Better: lower. Undefined-when: never. Source: Brier 1950, for right against wrong.
[[nodiscard]] constexpr double brier_score(const ConfidentAnswer& item) {
  const double gap = (item.right ? 1.0 : 0.0) - item.confidence;
  return gap * gap;
}

/// The type-2 AUROC: the probability that a right answer is held with more confidence than a wrong one, ties half.
/// Says whether confidence tells right from wrong, whatever its scale.
/// Range: [0, 1]; 0.5 is what chance gives. Better: higher. Undefined-when: all answers are right, or all wrong.
/// Errors: InputError for no confidence.
[[nodiscard]] inline std::optional<double> type2_auroc(std::span<const ConfidentAnswer> items) {
  detail::require_confidences(items);
  std::vector<double> confidences;
  for (const ConfidentAnswer& item : items) confidences.push_back(item.confidence);
  const std::vector<double> ranks = average_ranks(confidences);
  double n_right = 0;
  double rank_sum = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].right) continue;
    ++n_right;
    rank_sum += ranks[i];
  }
  const double n_wrong = static_cast<double>(items.size()) - n_right;
  if (n_right == 0 || n_wrong == 0) return std::nullopt;
  return (rank_sum - n_right * (n_right + 1) / 2) / (n_right * n_wrong);
}

}  // namespace quantlens::inline QUANTLENS_ABI
