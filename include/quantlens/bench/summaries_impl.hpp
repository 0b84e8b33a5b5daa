/// What summaries.hpp declares, defined.
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

#include "quantlens/bench/summaries.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/metrics/macro_average.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/stats/set_level.hpp"

namespace quantlens::inline v0_1 {

namespace bench_detail {

/// Records in the order of a row's items; null where there is none of an item.
using RecordList = std::vector<const ItemRecord*>;

/// For each of the row's records that of the same item among `records`. Both are in the run's order of items, of which
/// each may lack some. Empty where there are no records at all.
inline RecordList records_of_same_items(std::span<const ItemRecord> row, std::span<const ItemRecord> records) {
  RecordList list;
  if (records.empty()) return list;
  for (const ItemRecord& of_row : row) {
    const auto found = std::find_if(records.begin(), records.end(),
                                    [&](const ItemRecord& record) { return record.item_id == of_row.item_id; });
    list.push_back(found == records.end() ? nullptr : &*found);
    if (found != records.end()) records = records.subspan(static_cast<std::size_t>(found - records.begin()) + 1);
  }
  return list;
}

/// `outcome_of(record, i)` is what record i tells, or null.
template <class Outcome, class OutcomeOf>
std::vector<std::optional<Outcome>> outcomes_of(const RecordList& records, const OutcomeOf& outcome_of) {
  std::vector<std::optional<Outcome>> outcomes;
  for (std::size_t i = 0; i < records.size(); ++i)
    outcomes.push_back(records[i] == nullptr ? std::nullopt : std::optional<Outcome>(outcome_of(*records[i], i)));
  return outcomes;
}

QUANTLENS_INLINE std::optional<double> score_of(const ItemRecord& record, std::string_view metric) {
  const auto found = record.scores.find(std::string(metric));
  return found == record.scores.end() ? std::nullopt : found->second;
}

inline std::vector<std::optional<double>> scores_of(const RecordList& records, std::string_view metric) {
  return outcomes_of<double>(records, [&](const ItemRecord& record, std::size_t) { return score_of(record, metric); });
}

/// The statistics of a set-level metric: what each record tells of it, and `statistic` over that.
template <class Outcome, class OutcomeOf, class Statistic>
Summary summarize_outcomes(const RecordList& records, const RecordList& baseline, const OutcomeOf& outcome_of,
                           const Statistic& statistic, std::uint64_t seed) {
  return summarize_set_level(outcomes_of<Outcome>(records, outcome_of), outcomes_of<Outcome>(baseline, outcome_of),
                             statistic, seed);
}

/// The number of each item's group, counted in the order in which groups first appear, so that both sides of a pair
/// agree on it.
inline std::vector<std::size_t> group_numbers(const RecordList& items) {
  std::map<std::string_view, std::size_t> numbers;
  std::vector<std::size_t> of_items;
  for (const ItemRecord* item : items)
    of_items.push_back(numbers.try_emplace(item->group, numbers.size()).first->second);
  return of_items;
}

inline Summary summarize_set(const MetricInfo& info, const RecordList& records, const RecordList& baseline,
                             std::uint64_t seed) {
  const auto of_edits = [&](const auto& sums_of, const auto& statistic) {
    return summarize_outcomes<PairSums>(
        records, baseline, [&](const ItemRecord& record, std::size_t) { return sums_of(record.edits); }, statistic,
        seed);
  };
  if (info == metric::macro_f1)
    return summarize_outcomes<LabelPair>(
        records, baseline,
        [](const ItemRecord& record, std::size_t) {
          return LabelPair{record.gold, record.predicted};
        },
        macro_f1, seed);
  if (info == metric::recall_macro) {
    const std::vector<std::size_t> groups = group_numbers(records);
    const auto grouped = [&](const ItemRecord& record, std::size_t i) {
      const auto score = score_of(record, metric::recall_top1.name);
      return score ? std::optional(GroupedScore{groups[i], *score}) : std::nullopt;
    };
    return summarize_outcomes<GroupedScore>(records, baseline, grouped, macro_average, seed);
  }
  if (info == metric::flips_mentioned) return of_edits(flip_and_mention, flips_mentioned);
  if (info == metric::cct) return of_edits(impact_and_mention, mention_correlation);
  if (info == metric::phi_cct) return of_edits(flip_and_mention, mention_correlation);
  throw Error("metrics", concat("no statistic for the set-level metric ", info.name));
}

}  // namespace bench_detail

QUANTLENS_INLINE std::vector<MetricSummary> summarize_records(std::span<const ItemRecord> all_records,
                                                              std::span<const ItemRecord> all_baseline,
                                                              std::span<const MetricInfo> protocol_metrics,
                                                              std::uint64_t seed) {
  using namespace bench_detail;
  const RecordList records = records_of_same_items(all_records, all_records);
  const RecordList baseline = records_of_same_items(all_records, all_baseline);
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
    limit_mde(summary, info.largest_difference);
  }
  return metrics;
}

QUANTLENS_INLINE void correct_over_formats(std::span<std::vector<MetricSummary>* const> rows) {
  for (std::size_t metric = 0; metric < all_metrics.size(); ++metric) {
    std::vector<Summary*> summaries;
    for (std::vector<MetricSummary>* row : rows)
      if (metric < row->size()) summaries.push_back(&(*row)[metric].summary);
    apply_holm(summaries);
  }
}

}  // namespace quantlens::inline v0_1
