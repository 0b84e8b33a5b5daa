/// A metric as its protocol declares it, with its statistics where it is defined on a set of items only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

struct Summary;

/// Records in the order of a row's items; null where there is none of an item.
using RecordList = std::span<const ItemRecord* const>;

/// The statistics of a set-level metric over a row's records and, paired with them, the baseline's (empty: there are
/// none). set_statistic.hpp makes one from what a record tells and from the value of a set.
using SetSummary = Summary (*)(RecordList records, RecordList baseline, std::uint64_t seed);

struct Metric {
  MetricInfo info;
  SetSummary summarize = nullptr;  ///< of set-level metrics

  /// Of items; implicit, so that protocols list metrics of both kinds.
  Metric(const MetricInfo& of_items) : info(of_items) {}
  Metric(const MetricInfo& of_sets, SetSummary statistics) : info(of_sets), summarize(statistics) {}
};

/// The score of an item; none where the record has none of that name.
[[nodiscard]] inline std::optional<double> score_of(const ItemRecord& record, std::string_view metric) {
  const auto found = record.scores.find(std::string(metric));
  return found == record.scores.end() ? std::nullopt : found->second;
}

}  // namespace quantlens::inline QUANTLENS_ABI
