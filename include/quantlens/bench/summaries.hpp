/// The metrics of one row: values, intervals and paired deltas, from item records.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/protocols/metric.hpp"
#include "quantlens/stats/summary.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One metric of one row.
struct MetricSummary {
  MetricInfo info;
  Summary summary;
};

/// The metrics that a protocol declares, in their order. `all_baseline` is in the same order of items: one that either
/// side lacks is in no pair. p_holm is left for `correct_over_formats`.
[[nodiscard]] std::vector<MetricSummary> summarize_records(std::span<const ItemRecord> all_records,
                                                           std::span<const ItemRecord> all_baseline,
                                                           std::span<const Metric> metrics, std::uint64_t seed);

/// Fills p_holm: for each metric, over the rows (the formats of one model, task, protocol and repetition).
void correct_over_formats(std::span<std::vector<MetricSummary>* const> rows);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/summaries_impl.hpp"
#endif
