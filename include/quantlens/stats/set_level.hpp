/// The statistics of a metric that is defined on a set of items only, such as macro-F1.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/stats/summary.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Summary of a set-level metric, recomputed on resamples of items.
/// `values[i]` and `baseline[i]` are item i's outcomes, or null; an empty baseline: there is none.
/// `statistic` maps std::span<const Outcome> to a number, or to none where it is undefined; it may ignore the order.
/// The intervals are BCa, not percentile: with few items in a class the bootstrap of a macro average lies below the
/// estimate, which BCa corrects. The p swaps the two outcomes of random pairs, 10,000 times; the minimum detectable
/// effect comes from the bootstrap's standard error of the delta. Without spread the bounds and that effect are null.
/// Errors: InputError for a baseline of another length.
/// Example: summarize_set_level(label_pairs, full_label_pairs, macro_f1, seed).
template <class Outcome, class Statistic>
[[nodiscard]] Summary summarize_set_level(const std::vector<std::optional<Outcome>>& values,
                                          const std::vector<std::optional<Outcome>>& baseline,
                                          const Statistic& statistic, std::uint64_t seed) {
  const auto kept = detail::drop_nulls(std::span<const std::optional<Outcome>>(values),
                                       std::span<const std::optional<Outcome>>(baseline));
  const auto of = [&](const std::vector<Outcome>& outcomes) -> std::optional<double> {
    return statistic(std::span<const Outcome>(outcomes));
  };
  std::vector<Outcome> picked;
  const auto of_items = [&](const std::vector<Outcome>& outcomes, std::span<const ItemIndex> items) {
    picked.clear();
    for (const ItemIndex item : items) picked.push_back(outcomes[item]);
    return of(picked);
  };

  Summary summary;
  summary.n = kept.all.size();
  if (summary.n == 0) return summary;
  summary.value = of(kept.all);
  if (summary.value) {
    const auto resampled = [&](std::span<const ItemIndex> items) { return of_items(kept.all, items); };
    const BootstrapOptions options{.seed = seed_of(seed, "value")};
    detail::set_bounds(
        bca_interval(*summary.value, bootstrap(summary.n, options, resampled), jackknife(summary.n, resampled)),
        summary.lo, summary.hi);
  }

  summary.n_paired = kept.values.size();
  if (summary.n_paired == 0) return summary;
  const auto difference = [](std::optional<double> a, std::optional<double> b) {
    return a && b ? std::optional(*a - *b) : std::nullopt;
  };
  summary.delta = difference(of(kept.values), of(kept.baseline));
  if (!summary.delta) {
    summary.note = undefined_note;
    return summary;
  }
  const auto resampled = [&](std::span<const ItemIndex> items) {
    return difference(of_items(kept.values, items), of_items(kept.baseline, items));
  };
  const std::vector<double> deltas = bootstrap(summary.n_paired, {.seed = seed_of(seed, "delta")}, resampled);
  const auto interval = bca_interval(*summary.delta, deltas, jackknife(summary.n_paired, resampled));
  detail::set_bounds(interval, summary.delta_lo, summary.delta_hi);
  if (interval)
    summary.mde = mde_from_standard_error(standard_deviation(deltas));
  else
    summary.note = no_spread_note;
  summary.p = swap_p<Outcome>(kept.values, kept.baseline, statistic, seed_of(seed, "swaps"));
  return summary;
}

}  // namespace quantlens::inline QUANTLENS_ABI
