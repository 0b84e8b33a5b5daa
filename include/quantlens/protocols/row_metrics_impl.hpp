/// What row_metrics.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/calibration.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/protocols/row_metrics.hpp"
#include "quantlens/protocols/set_statistic.hpp"
#include "quantlens/stats/summary.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace row_metrics_detail {

inline std::optional<ConfidentAnswer> answer_of(const ItemRecord& record) {
  const auto confidence = score_of(record, metric::label_confidence.name);
  return confidence ? std::optional(ConfidentAnswer{*confidence, record.predicted == record.gold}) : std::nullopt;
}

/// The share of items that have the baseline's label; an answer without one is the same as another. It compares two
/// rows already: there is no delta.
inline Summary summarize_same_label(RecordList records, RecordList baseline, std::uint64_t seed) {
  std::vector<std::optional<double>> same;
  for (std::size_t i = 0; i < baseline.size(); ++i)
    same.push_back(records[i] == nullptr || baseline[i] == nullptr
                       ? std::nullopt
                       : std::optional(records[i]->predicted == baseline[i]->predicted ? 1.0 : 0.0));
  return summarize_binary(same, {}, seed);
}

inline bool predicts_labels(const std::vector<Metric>& metrics) {
  return std::ranges::any_of(metrics, [](const Metric& metric) { return metric.info.name == metric::accuracy.name; });
}

}  // namespace row_metrics_detail

QUANTLENS_INLINE std::vector<Metric> row_metrics(const Protocol& protocol) {
  namespace detail = row_metrics_detail;
  std::vector<Metric> all = protocol.metrics();
  if (detail::predicts_labels(all)) {
    all.emplace_back(metric::same_label, detail::summarize_same_label);
    all.emplace_back(metric::label_confidence);
    all.emplace_back(metric::brier);
    all.emplace_back(metric::ece,
                     summarize_set<ConfidentAnswer, detail::answer_of, expected_calibration_error<calibration_bins>>);
    all.emplace_back(metric::ace,
                     summarize_set<ConfidentAnswer, detail::answer_of, adaptive_calibration_error<calibration_bins>>);
    all.emplace_back(metric::type2_auroc, summarize_set<ConfidentAnswer, detail::answer_of, type2_auroc>);
  }
  all.emplace_back(metric::generated_tokens);
  return all;
}

}  // namespace quantlens::inline QUANTLENS_ABI
