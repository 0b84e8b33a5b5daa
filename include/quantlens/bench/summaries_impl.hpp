/// What summaries.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/bench/summaries.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace bench_detail {

/// For each of the row's records that of the same item among `records`. Both are in the run's order of items, of which
/// each may lack some. Empty where there are no records at all.
inline std::vector<const ItemRecord*> records_of_same_items(std::span<const ItemRecord> row,
                                                            std::span<const ItemRecord> records) {
  std::vector<const ItemRecord*> list;
  if (records.empty()) return list;
  for (const ItemRecord& of_row : row) {
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const ItemRecord& record) { return record.item_id == of_row.item_id; });
    list.push_back(found == records.end() ? nullptr : &*found);
    if (found != records.end()) records = records.subspan(static_cast<std::size_t>(found - records.begin()) + 1);
  }
  return list;
}

inline std::vector<std::optional<double>> scores_of(RecordList records, std::string_view metric) {
  std::vector<std::optional<double>> scores;
  for (const ItemRecord* record : records)
    scores.push_back(record == nullptr ? std::nullopt : score_of(*record, metric));
  return scores;
}

/// Errors: Error "metrics" for a set-level metric without statistics.
inline Summary summarize(const Metric& metric, RecordList records, RecordList baseline, std::uint64_t seed) {
  const std::string_view name = metric.info.name;
  switch (metric.info.kind) {
    case MetricKind::binary:
      return summarize_binary(scores_of(records, name), scores_of(baseline, name), seed);
    case MetricKind::real:
      return summarize_real(scores_of(records, name), scores_of(baseline, name), seed);
    case MetricKind::set_level:
      break;
  }
  if (metric.summarize == nullptr) throw Error("metrics", concat("no statistics for the set-level metric ", name));
  return metric.summarize(records, baseline, seed);
}

}  // namespace bench_detail

QUANTLENS_INLINE std::vector<MetricSummary> summarize_records(std::span<const ItemRecord> all_records,
                                                              std::span<const ItemRecord> all_baseline,
                                                              std::span<const Metric> metrics, std::uint64_t seed) {
  const auto records = bench_detail::records_of_same_items(all_records, all_records);
  const auto baseline = bench_detail::records_of_same_items(all_records, all_baseline);
  std::vector<MetricSummary> summaries;
  for (const Metric& metric : metrics) {
    summaries.push_back(
        {metric.info, bench_detail::summarize(metric, records, baseline, seed_of(seed, metric.info.name))});
    limit_mde(summaries.back().summary, metric.info.largest_difference);
  }
  return summaries;
}

QUANTLENS_INLINE void correct_over_formats(std::span<std::vector<MetricSummary>* const> rows) {
  std::size_t n_metrics = 0;
  for (const std::vector<MetricSummary>* row : rows) n_metrics = std::max(n_metrics, row->size());
  for (std::size_t metric = 0; metric < n_metrics; ++metric) {
    std::vector<Summary*> summaries;
    for (std::vector<MetricSummary>* row : rows)
      if (metric < row->size()) summaries.push_back(&(*row)[metric].summary);
    apply_holm(summaries);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
