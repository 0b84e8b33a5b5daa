/// Which quantized format of a run is best for what, or that its rows cannot decide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/bench/sweep.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One format's place in a ranking.
struct RankedFormat {
  std::string format;
  double value = 0;
  std::optional<double> p_holm;  ///< of the test against the leader; none for itself, and where nothing is tested
  bool contends = true;          ///< may be the best, as far as this run can tell
};

/// One aspect, such as accuracy, over the formats that finished every task that tells of it.
struct Ranking {
  std::string_view aspect;
  std::string_view metric;  ///< what values are of, as rows call it
  std::vector<TaskProtocol> tasks;
  std::optional<std::size_t> n;       ///< items that are compared; none where items do not matter
  std::vector<RankedFormat> formats;  ///< best first; of equals, the one that the run names first
  std::vector<std::string> left_out;  ///< formats of the run without a finished row for each task
  std::string note = {};              ///< why nothing is ranked although there are values; may be empty

  [[nodiscard]] std::vector<std::string> contenders() const;
};

/// An aspect that items tell of, by one metric.
struct ScoredAspect {
  std::string_view name;
  MetricInfo metric;
};

inline constexpr ScoredAspect scored_aspects[] = {
    {"accuracy", metric::accuracy}, {"explanation", metric::rouge_l}, {"counterfactuals", metric::flip_soft}};

/// How much faster than a rival the leader has to be, in every round of every task. Rounds go round the formats, so
/// other work on the machine slows both of a pair; what is left between formats of the same kernels is below this.
inline constexpr double speed_margin = 0.02;

/// So many pairs that all point one way are unlikely by chance: two-sided sign test, 2 / 2^6 < 0.05.
inline constexpr std::size_t least_speed_pairs = 6;

namespace bench_detail {

/// The rows that count: quantized formats, first repetition, finished.
struct RankedRows {
  std::vector<std::string> formats;  ///< all that ran, in the run's order
  std::vector<TaskProtocol> tasks;
  std::map<std::pair<TaskProtocol, std::string>, const Row*> rows;

  explicit RankedRows(std::span<const std::unique_ptr<Row>> all);

  /// Null where the cell did not finish.
  [[nodiscard]] const Row* row(const TaskProtocol& what, const std::string& format) const;
};

/// Two-sided p of the same items' scores in two formats: sign-flip permutation; where all differences are 0, 1 or -1,
/// McNemar's test, which is the same and exact for any number of items. Errors: InputError for no items.
double paired_p(std::span<const double> a, std::span<const double> b, std::uint64_t seed);

/// None where fewer than two formats have an item in common, or no task reports the metric.
std::optional<Ranking> rank_by_items(const RankedRows& rows, const ScoredAspect& aspect, std::uint64_t seed);

}  // namespace bench_detail

/// The aspects that these rows tell of for two formats or more. All formats but `full` take part, whatever the
/// baseline.
///
/// By items: the leader has the best mean over the items of all tasks, and each rival is compared with it on the same
/// items (exact McNemar, or sign-flip permutation); those with p >= 0.05 after Holm's correction over the rivals
/// contend with it. By size: equals contend. By speed: see `rank_by_speed`. The best is a leader that nobody contends
/// with. Units: the metric's own; MiB; tokens per second.
[[nodiscard]] std::vector<Ranking> rank_formats(std::span<const std::unique_ptr<Row>> rows, std::uint64_t seed);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/ranking_impl.hpp"
#endif
