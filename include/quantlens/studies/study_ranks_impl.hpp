/// What study_ranks.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/protocols/metric.hpp"
#include "quantlens/stats/corrections.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/stats/rank_correlation.hpp"
#include "quantlens/studies/study_ranks.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace study_detail {

/// A row's metric with its change to the baseline; null where it has none.
inline const MetricSummary* changed_metric(const Row* row, std::string_view metric) {
  if (row == nullptr) return nullptr;
  const auto found = std::ranges::find(row->metrics, metric, [](const MetricSummary& of) { return of.info.name; });
  return found == row->metrics.end() || !found->summary.delta ? nullptr : &*found;
}

/// What is better is greater.
inline double oriented(double value, Better better) { return better == Better::lower ? -value : value; }

/// The scores of two rows over the items that have one in both.
struct PairedScores {
  std::vector<double> a, b;

  PairedScores(const Row& row_a, const Row& row_b, std::string_view metric) {
    std::map<std::string_view, double> of_a;
    for (const ItemRecord& record : row_a.outcome->records)
      if (const auto score = score_of(record, metric)) of_a[record.item_id] = *score;
    for (const ItemRecord& record : row_b.outcome->records) {
      const auto score = score_of(record, metric);
      const auto in_a = of_a.find(record.item_id);
      if (!score || in_a == of_a.end()) continue;
      a.push_back(in_a->second);
      b.push_back(*score);
    }
  }
  /// The sum over items of a's advantage.
  [[nodiscard]] double advantage(Better better) const {
    return oriented(std::reduce(a.begin(), a.end()) - std::reduce(b.begin(), b.end()), better);
  }
};

/// Whether each format may be the best, the first one of `formats` leading.
inline std::vector<bool> contenders(const MeanRanks& ranks, const bench_detail::RankedRows& rows, std::uint64_t seed) {
  const std::string& leader = ranks.formats.front().format;
  std::vector<double> p, advantages;
  for (std::size_t rival = 1; rival < ranks.formats.size(); ++rival)
    for (const GroupMeasure& measure : ranks.measures) {
      const std::string& format = ranks.formats[rival].format;
      const PairedScores scores(*rows.row(measure.what, leader), *rows.row(measure.what, format), measure.metric.name);
      const std::uint64_t own_seed = seed_of(seed, "study", measure.what.name(), measure.metric.name, format);
      p.push_back(scores.a.empty() ? 1 : bench_detail::paired_p(scores.a, scores.b, own_seed));
      advantages.push_back(scores.advantage(measure.metric.better));
    }
  const std::vector<double> p_holm = holm(p);
  std::vector<bool> contend{true};
  for (std::size_t first = 0; first < p.size(); first += ranks.measures.size()) {
    bool is_worse = false, is_better = false;
    for (std::size_t i = first; i < first + ranks.measures.size(); ++i)
      if (p_holm[i] < 0.05) (advantages[i] > 0 ? is_worse : is_better) = true;
    contend.push_back(is_better || !is_worse);
  }
  return contend;
}

}  // namespace study_detail

QUANTLENS_INLINE std::vector<GroupMeasure> group_measures(const Study& study, StudyGroup group,
                                                          std::span<const std::string> tasks,
                                                          const bench_detail::RankedRows& rows) {
  std::vector<GroupMeasure> measures;
  for (std::size_t part = 0; part < study.parts.size(); ++part)
    for (const StudyMeasure& measure : study.parts[part].measures) {
      const TaskProtocol what{tasks[part], std::string(measure.protocol)};
      const bool is_known = std::ranges::any_of(
          measures, [&](const auto& known) { return known.name == measure.name && known.what.task == what.task; });
      if (measure.group != group || is_known) continue;
      for (const std::string& format : rows.formats)
        if (const MetricSummary* metric = study_detail::changed_metric(rows.row(what, format), measure.metric)) {
          measures.push_back({std::string(measure.name), what, metric->info});
          break;
        }
    }
  return measures;
}

QUANTLENS_INLINE std::optional<MeanRanks> mean_ranks(StudyGroup group, std::vector<GroupMeasure> measures,
                                                     const bench_detail::RankedRows& rows, std::uint64_t seed) {
  MeanRanks ranks{group, std::move(measures), {}, {}};
  std::vector<std::string> formats;
  for (const std::string& format : rows.formats) {
    const bool has_all = std::ranges::all_of(ranks.measures, [&](const GroupMeasure& measure) {
      return study_detail::changed_metric(rows.row(measure.what, format), measure.metric.name) != nullptr;
    });
    (has_all ? formats : ranks.left_out).push_back(format);
  }
  if (ranks.measures.empty() || formats.size() < 2) return std::nullopt;

  ranks.all_equal = true;
  std::vector<double> sums(formats.size());
  for (const GroupMeasure& measure : ranks.measures) {
    std::vector<double> losses;
    for (const std::string& format : formats) {
      const auto* metric = study_detail::changed_metric(rows.row(measure.what, format), measure.metric.name);
      losses.push_back(-study_detail::oriented(*metric->summary.delta, measure.metric.better));
    }
    ranks.all_equal = ranks.all_equal && quantlens::all_equal(losses);
    const std::vector<double> places = average_ranks(losses);
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += places[i];
  }
  for (std::size_t i = 0; i < formats.size(); ++i)
    ranks.formats.push_back({formats[i], sums[i] / static_cast<double>(ranks.measures.size())});
  // By insertion, so that equal ranks keep their order: std::stable_sort of libstdc++ 12 warns with newer compilers.
  for (auto next = ranks.formats.begin(); next != ranks.formats.end(); ++next)
    std::rotate(std::upper_bound(ranks.formats.begin(), next, next->rank,
                                 [](double rank, const MeanRank& format) { return rank < format.rank; }),
                next, next + 1);
  const std::vector<bool> contend = study_detail::contenders(ranks, rows, seed);
  for (std::size_t i = 0; i < contend.size(); ++i) ranks.formats[i].contends = contend[i];
  return ranks;
}

}  // namespace quantlens::inline QUANTLENS_ABI
