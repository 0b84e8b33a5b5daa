/// What set_metrics.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/metrics/macro_average.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/protocols/set_statistic.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace set_metrics_detail {

inline LabelPair labels_of(const ItemRecord& record) { return {record.gold, record.predicted}; }

inline std::optional<PairSums> impacts_of(const ItemRecord& record) { return impact_and_mention(record.edits); }
inline std::optional<PairSums> flips_of(const ItemRecord& record) { return flip_and_mention(record.edits); }

/// Groups are numbered in the order in which they first appear among the row's items, so that both sides of a pair
/// agree on their numbers.
inline Summary summarize_recall_macro(RecordList records, RecordList baseline, std::uint64_t seed) {
  std::map<std::string_view, std::size_t> numbers;
  for (const ItemRecord* record : records) numbers.try_emplace(record->group, numbers.size());
  const auto outcomes = [&](RecordList list) {
    std::vector<std::optional<GroupedScore>> all;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto score = list[i] == nullptr ? std::nullopt : score_of(*list[i], metric::recall_top1.name);
      all.push_back(score ? std::optional(GroupedScore{numbers.at(records[i]->group), *score}) : std::nullopt);
    }
    return all;
  };
  return summarize_set_level(outcomes(records), outcomes(baseline), macro_average, seed);
}

}  // namespace set_metrics_detail

QUANTLENS_INLINE Metric macro_f1_metric() {
  return {metric::macro_f1, summarize_set<LabelPair, set_metrics_detail::labels_of, macro_f1>};
}

QUANTLENS_INLINE Metric recall_macro_metric() {
  return {metric::recall_macro, set_metrics_detail::summarize_recall_macro};
}

QUANTLENS_INLINE Metric flips_mentioned_metric() {
  return {metric::flips_mentioned, summarize_set<PairSums, set_metrics_detail::flips_of, flips_mentioned>};
}

QUANTLENS_INLINE Metric cct_metric() {
  return {metric::cct, summarize_set<PairSums, set_metrics_detail::impacts_of, mention_correlation>};
}

QUANTLENS_INLINE Metric phi_cct_metric() {
  return {metric::phi_cct, summarize_set<PairSums, set_metrics_detail::flips_of, mention_correlation>};
}

}  // namespace quantlens::inline QUANTLENS_ABI
