/// The statistics of one metric in one row, from per-item scores.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/stats/bootstrap.hpp"
#include "quantlens/stats/corrections.hpp"
#include "quantlens/stats/interval.hpp"
#include "quantlens/stats/mde.hpp"
#include "quantlens/stats/paired_tests.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One metric of one row. Units: the metric's own; `delta` is this row minus the baseline, over the `n_paired` items
/// that have a score in both. No values: n is 0 and the rest null. The baseline itself: n_paired is 0 and everything
/// from `delta` on null.
struct Summary {
  std::optional<double> value, lo, hi;
  std::size_t n = 0;
  std::optional<double> delta, delta_lo, delta_hi;
  std::size_t n_paired = 0;
  std::optional<std::size_t> gained, lost;  ///< of a binary metric: pairs where 0 became 1, and where 1 became 0
  std::optional<double> p, p_holm, mde;
  std::string_view note = {};  ///< why something of a comparison is null; empty: nothing is
};

/// Notes of summaries.
inline constexpr std::string_view no_spread_note =
    "the difference is the same in every pair: no spread to take bounds and mde from";
inline constexpr std::string_view undefined_note = "undefined over the pairs of one side";
inline constexpr std::string_view beyond_range_note =
    "n is too small: even the largest difference that there can be would probably be missed";

/// A detectable effect beyond the largest difference that a metric can have is none.
inline void limit_mde(Summary& summary, double largest_difference) {
  if (!summary.mde || *summary.mde <= largest_difference) return;
  summary.mde.reset();
  summary.note = beyond_range_note;
}

/// Item i's score, or null where the metric is undefined for it.
using Scores = std::span<const std::optional<double>>;

namespace detail {

/// Outcomes of two runs on the same items: `all` has every defined one of the first, `values` and `baseline` the pairs.
template <class Outcome>
struct Paired {
  std::vector<Outcome> all, values, baseline;
};

/// Drops nulls, and pairs with a null. An empty baseline means that there is none.
template <class Outcome>
[[nodiscard]] Paired<Outcome> drop_nulls(std::span<const std::optional<Outcome>> values,
                                         std::span<const std::optional<Outcome>> baseline) {
  if (!baseline.empty() && baseline.size() != values.size())
    throw InputError("stats", concat("a baseline of ", baseline.size(), " items for ", values.size(), " items"));
  Paired<Outcome> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    kept.all.push_back(*values[i]);
    if (baseline.empty() || !baseline[i]) continue;
    kept.values.push_back(*values[i]);
    kept.baseline.push_back(*baseline[i]);
  }
  return kept;
}

inline void require_finite(std::span<const double> values) {
  for (const double value : values)
    if (!std::isfinite(value)) throw InputError("stats", concat("score ", value, "; an undefined score must be null"));
}

inline void require_binary(std::span<const double> values) {
  for (const double value : values)
    if (value != 0 && value != 1) throw InputError("stats", concat("score ", value, " of a metric that is 0 or 1"));
}

inline void set_bounds(const std::optional<Interval>& interval, std::optional<double>& lo, std::optional<double>& hi) {
  if (!interval) return;
  lo = interval->lo;
  hi = interval->hi;
}

}  // namespace detail

/// Summary of scores that are 0, 1 or null: score intervals (Wilson's, and Tango's for the delta), exact McNemar p.
/// Without a discordant pair the delta's bounds are plus and minus 1 - 0.05^(1/n), which is the minimum detectable
/// effect too; one above 1 is null. Nothing here is random: the seed is there so that all three summaries are called
/// alike. Errors: InputError for another score, or a baseline of another length.
[[nodiscard]] inline Summary summarize_binary(Scores values, Scores baseline, std::uint64_t /*seed*/ = 0) {
  const auto kept = detail::drop_nulls(values, baseline);
  detail::require_binary(kept.all);
  detail::require_binary(kept.baseline);
  Summary summary;
  summary.n = kept.all.size();
  if (summary.n == 0) return summary;
  summary.value = mean(kept.all);
  const auto successes = static_cast<std::size_t>(std::count(kept.all.begin(), kept.all.end(), 1.0));
  detail::set_bounds(wilson_interval(successes, summary.n), summary.lo, summary.hi);

  summary.n_paired = kept.values.size();
  if (summary.n_paired == 0) return summary;
  const std::vector<double> differences = paired_differences(kept.values, kept.baseline);
  const auto gained = static_cast<std::size_t>(std::count(differences.begin(), differences.end(), 1.0));
  const auto lost = static_cast<std::size_t>(std::count(differences.begin(), differences.end(), -1.0));
  summary.gained = gained;
  summary.lost = lost;
  const double unseen = unseen_share_bound(summary.n_paired);
  summary.delta = mean(differences);
  detail::set_bounds(
      gained + lost == 0 ? Interval{-unseen, unseen} : paired_difference_interval(gained, lost, summary.n_paired),
      summary.delta_lo, summary.delta_hi);
  summary.p = mcnemar_p(gained, lost);
  const double discordance = static_cast<double>(gained + lost) / static_cast<double>(summary.n_paired);
  summary.mde = discordance == 0 ? unseen : mde_paired_binary(discordance, summary.n_paired);
  limit_mde(summary, 1);
  return summary;
}

/// Summary of real scores: BCa interval of the mean and of the delta, sign-flip permutation p.
/// Where no two values (or differences) differ, the bounds (and the minimum detectable effect) are null: there is no
/// spread to take them from.
/// Errors: InputError for a score that is not finite, or a baseline of another length.
[[nodiscard]] inline Summary summarize_real(Scores values, Scores baseline, std::uint64_t seed) {
  const auto kept = detail::drop_nulls(values, baseline);
  detail::require_finite(kept.all);
  detail::require_finite(kept.baseline);
  Summary summary;
  summary.n = kept.all.size();
  if (summary.n == 0) return summary;
  summary.value = mean(kept.all);
  detail::set_bounds(bca_mean(kept.all, {.seed = seed_of(seed, "value")}), summary.lo, summary.hi);

  summary.n_paired = kept.values.size();
  if (summary.n_paired == 0) return summary;
  const std::vector<double> differences = paired_differences(kept.values, kept.baseline);
  summary.delta = mean(differences);
  detail::set_bounds(bca_mean(differences, {.seed = seed_of(seed, "delta")}), summary.delta_lo, summary.delta_hi);
  summary.p = sign_flip_p(differences, seed_of(seed, "signs"));
  if (all_equal(differences))
    summary.note = no_spread_note;
  else
    summary.mde = mde_real(standard_deviation(differences), summary.n_paired);
  return summary;
}

/// Fills p_holm of the summaries of one metric over its formats; a summary without p neither counts nor gets one.
inline void apply_holm(std::span<Summary* const> one_metric) {
  std::vector<double> p;
  for (const Summary* summary : one_metric)
    if (summary->p) p.push_back(*summary->p);
  const std::vector<double> adjusted = holm(p);
  auto next = adjusted.begin();
  for (Summary* summary : one_metric) summary->p_holm = summary->p ? std::optional(*next++) : std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
