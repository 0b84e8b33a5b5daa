/// The metrics of one row: values, intervals and paired deltas, from item records.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/stats/summary.hpp"
#include "quantlens/tasks/item_record.hpp"

namespace quantlens::inline v0_1 {

/// One metric of one row.
struct MetricSummary {
  MetricInfo info;
  Summary summary;
};

namespace bench_detail {

std::optional<double> score_of(const ItemRecord& record, std::string_view metric);

}  // namespace bench_detail

/// Every known metric, in the order of `all_metrics`; those that the protocol does not have are empty (n is 0).
/// `all_baseline` is in the same order of items: one that either side lacks is in no pair. p_holm is left for
/// `correct_over_formats`.
[[nodiscard]] std::vector<MetricSummary> summarize_records(std::span<const ItemRecord> all_records,
                                                           std::span<const ItemRecord> all_baseline,
                                                           std::span<const MetricInfo> protocol_metrics,
                                                           std::uint64_t seed);

/// Fills p_holm: for each metric, over the rows (the formats of one model, task, protocol and repetition).
void correct_over_formats(std::span<std::vector<MetricSummary>* const> rows);

}  // namespace quantlens::inline v0_1

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/summaries_impl.hpp"
#endif
