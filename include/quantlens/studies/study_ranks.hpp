/// Which format a study's measures find changed least for the worse, in each of its groups, or that they cannot decide.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/ranking.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/studies/studies.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One measure of one task, as it is ranked.
struct GroupMeasure {
  std::string name;  ///< of the study
  TaskProtocol what;
  MetricInfo metric;
};

/// One format's place in a group.
struct MeanRank {
  std::string format;
  double rank = 0;
  bool contends = true;  ///< may be the best, as far as this run can tell
};

struct MeanRanks {
  StudyGroup group;
  std::vector<GroupMeasure> measures;
  std::vector<MeanRank> formats;      ///< best first; of equals, the one that the run names first
  std::vector<std::string> left_out;  ///< formats that lack one of the measures
  bool all_equal = false;             ///< nothing differs in any measure
};

/// The measures of a group that some format has with its change to the baseline. A task's measure counts once, by the
/// protocol that is listed first. `tasks`: what each part of the study was measured on; empty: nothing.
[[nodiscard]] std::vector<GroupMeasure> group_measures(const Study& study, StudyGroup group,
                                                       std::span<const std::string> tasks,
                                                       const bench_detail::RankedRows& rows);

/// In each measure formats are ranked by their change to the baseline, 1 for the best change, equals sharing the mean
/// of their ranks; a format's value is its mean over the measures. The leader has the lowest. A rival is out where the
/// leader's scores on the same items are better in one measure at least and worse in none, each by a paired test with
/// p < 0.05 after Holm's correction over all rivals and measures of the group. None for fewer than two formats.
/// Source: the mean ranks are those of arXiv 2601.00282; the tests are not.
[[nodiscard]] std::optional<MeanRanks> mean_ranks(StudyGroup group, std::vector<GroupMeasure> measures,
                                                  const bench_detail::RankedRows& rows, std::uint64_t seed);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/studies/study_ranks_impl.hpp"
#endif
