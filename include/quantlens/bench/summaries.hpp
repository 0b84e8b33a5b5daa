/// The metrics of one row: values, intervals and paired deltas, from item records.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/metrics/macro_average.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/protocols/item_record.hpp"
#include "quantlens/stats/set_level.hpp"
#include "quantlens/stats/summary.hpp"

namespace quantlens::inline v0_1 {

/// One metric of one row.
struct MetricSummary {
  MetricInfo info;
  Summary summary;
};

namespace bench_detail {

inline std::vector<std::optional<double>> scores_of(std::span<const ItemRecord> records, std::string_view metric) {
  std::vector<std::optional<double>> scores;
  for (const ItemRecord& record : records) {
    const auto found = record.scores.find(std::string(metric));
    scores.push_back(found == record.scores.end() ? std::nullopt : found->second);
  }
  return scores;
}

inline std::vector<std::optional<LabelPair>> labels_of(std::span<const ItemRecord> records) {
  std::vector<std::optional<LabelPair>> labels;
  for (const ItemRecord& record : records) labels.push_back(LabelPair{record.gold, record.predicted});
  return labels;
}

/// `sums_of` makes an item's edits into its part of a metric.
template <class Sums>
std::vector<std::optional<PairSums>> edits_of(std::span<const ItemRecord> records, const Sums& sums_of) {
  std::vector<std::optional<PairSums>> sums;
  for (const ItemRecord& record : records) sums.push_back(sums_of(record.edits));
  return sums;
}

/// Groups are numbered in the order in which they first appear, which is the same for every run over the same items.
inline std::vector<std::optional<GroupedScore>> grouped_scores_of(std::span<const ItemRecord> records,
                                                                  const MetricInfo& metric) {
  std::map<std::string_view, std::size_t> numbers;
  const auto scores = scores_of(records, metric.name);
  std::vector<std::optional<GroupedScore>> grouped;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::size_t number = numbers.try_emplace(records[i].group, numbers.size()).first->second;
    grouped.push_back(scores[i] ? std::optional(GroupedScore{number, *scores[i]}) : std::nullopt);
  }
  return grouped;
}

inline Summary summarize_set(const MetricInfo& info, std::span<const ItemRecord> records,
                             std::span<const ItemRecord> baseline, std::uint64_t seed) {
  const auto of_edits = [&](const auto& sums_of, const auto& statistic) {
    return summarize_set_level(edits_of(records, sums_of), edits_of(baseline, sums_of), statistic, seed);
  };
  if (info == metric::macro_f1) return summarize_set_level(labels_of(records), labels_of(baseline), macro_f1, seed);
  if (info == metric::recall_macro)
    return summarize_set_level(grouped_scores_of(records, metric::recall_top1),
                               grouped_scores_of(baseline, metric::recall_top1), macro_average, seed);
  if (info == metric::flips_mentioned) return of_edits(flip_and_mention, flips_mentioned);
  if (info == metric::cct) return of_edits(impact_and_mention, mention_correlation);
  if (info == metric::phi_cct) return of_edits(flip_and_mention, mention_correlation);
  throw Error("metric", concat("no statistic for the set-level metric ", info.name));
}

}  // namespace bench_detail

/// Every known metric, in the order of `all_metrics`; those that the protocol does not have are empty (n is 0).
/// `baseline` holds the same items in the same order, or nothing. p_holm is left for `correct_over_formats`.
/// Errors: Error for records that are not of the same items.
[[nodiscard]] inline std::vector<MetricSummary> summarize_records(std::span<const ItemRecord> records,
                                                                  std::span<const ItemRecord> baseline,
                                                                  std::span<const MetricInfo> protocol_metrics,
                                                                  std::uint64_t seed) {
  using namespace bench_detail;
  for (std::size_t i = 0; i < baseline.size(); ++i)
    if (baseline.size() != records.size() || baseline[i].item_id != records[i].item_id)
      throw Error("pairs", "the baseline's items are not the row's");

  std::vector<MetricSummary> metrics;
  for (const MetricInfo& info : all_metrics) {
    metrics.push_back({info, {}});
    if (std::find(protocol_metrics.begin(), protocol_metrics.end(), info) == protocol_metrics.end()) continue;
    Summary& summary = metrics.back().summary;
    const std::uint64_t metric_seed = seed_of(seed, info.name);
    if (info.kind == MetricKind::binary) {
      summary = summarize_binary(scores_of(records, info.name), scores_of(baseline, info.name), metric_seed);
    } else if (info.kind == MetricKind::real) {
      summary = summarize_real(scores_of(records, info.name), scores_of(baseline, info.name), metric_seed);
    } else {
      summary = summarize_set(info, records, baseline, metric_seed);
    }
  }
  return metrics;
}

/// Fills p_holm: for each metric, over the rows (the formats of one model, task, protocol and repetition).
inline void correct_over_formats(std::span<std::vector<MetricSummary>* const> rows) {
  for (std::size_t metric = 0; metric < all_metrics.size(); ++metric) {
    std::vector<Summary*> summaries;
    for (std::vector<MetricSummary>* row : rows)
      if (metric < row->size()) summaries.push_back(&(*row)[metric].summary);
    apply_holm(summaries);
  }
}

}  // namespace quantlens::inline v0_1
