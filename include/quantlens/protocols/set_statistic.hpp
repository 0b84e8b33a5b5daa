/// Makes the statistics of a set-level metric from what each record tells of it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "quantlens/protocols/metric.hpp"
#include "quantlens/stats/set_level.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// `outcome_of(record)` is what a record tells, an Outcome or none; `statistic(std::span<const Outcome>)` is the value
/// of a set, a number or none where it is undefined. Example: Metric{metric::macro_f1, summarize_set<LabelPair,
/// labels_of, macro_f1>}.
template <class Outcome, auto outcome_of, auto statistic>
[[nodiscard]] Summary summarize_set(RecordList records, RecordList baseline, std::uint64_t seed) {
  const auto outcomes = [](RecordList list) {
    std::vector<std::optional<Outcome>> all;
    for (const ItemRecord* record : list)
      all.push_back(record == nullptr ? std::nullopt : std::optional<Outcome>(outcome_of(*record)));
    return all;
  };
  return summarize_set_level(outcomes(records), outcomes(baseline), statistic, seed);
}

}  // namespace quantlens::inline QUANTLENS_ABI
