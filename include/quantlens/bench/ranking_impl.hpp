/// What ranking.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/bench/ranking.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/stats/corrections.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/stats/paired_tests.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<std::string> Ranking::contenders() const {
  std::vector<std::string> names;
  for (const RankedFormat& format : formats)
    if (format.contends) names.push_back(format.format);
  return names;
}

namespace bench_detail {

QUANTLENS_INLINE RankedRows::RankedRows(std::span<const std::unique_ptr<Row>> all) {
  for (const auto& row : all) {
    if (row->repetition != 0 || row->cell.format.is_full()) continue;
    add_once(formats, row->cell.format.name());
    if (!row->error.empty()) continue;
    add_once(tasks, row->cell.what);
    rows[{row->cell.what, row->cell.format.name()}] = row.get();
  }
}

QUANTLENS_INLINE const Row* RankedRows::row(const TaskProtocol& what, const std::string& format) const {
  const auto found = rows.find({what, format});
  return found == rows.end() ? nullptr : found->second;
}

/// Who is compared in an aspect, and in which tasks.
struct Field {
  std::vector<TaskProtocol> tasks;
  std::vector<std::string> formats, left_out;
};

/// The tasks that tell of an aspect by some format, and the formats that have all of them. `tells` says whether a row
/// tells of it.
template <class Tells>
Field field_of(const RankedRows& rows, const Tells& tells) {
  const auto does_tell = [&](const TaskProtocol& what, const std::string& format) {
    const Row* row = rows.row(what, format);
    return row != nullptr && tells(*row);
  };
  Field field;
  for (const TaskProtocol& what : rows.tasks)
    if (std::any_of(rows.formats.begin(), rows.formats.end(),
                    [&](const auto& format) { return does_tell(what, format); }))
      field.tasks.push_back(what);
  for (const std::string& format : rows.formats) {
    const bool has_all = std::all_of(field.tasks.begin(), field.tasks.end(),
                                     [&](const TaskProtocol& what) { return does_tell(what, format); });
    (has_all ? field.formats : field.left_out).push_back(format);
  }
  return field;
}

/// Places of `values`, best first; equals stay in their order.
inline std::vector<std::size_t> best_first(std::span<const double> values, Better better) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (values[a] == values[b]) return a < b;
    return better == Better::lower ? values[a] < values[b] : values[a] > values[b];
  });
  return order;
}

/// One list of item scores for each format, over the items that have a score in all of them. An item counts once,
/// with its mean over the protocols of its task: most of them ask for the label by the same prompt, and an outcome that
/// is seen twice is no second piece of evidence.
inline std::vector<std::vector<double>> shared_scores(const RankedRows& rows, const Field& field,
                                                      std::string_view metric) {
  struct Sums {
    std::vector<double> of_formats;
    double n = 0;
  };
  std::map<std::pair<std::string, std::string>, Sums> items;
  for (const TaskProtocol& what : field.tasks) {
    std::map<std::string, std::vector<double>> scores;
    for (const std::string& format : field.formats) {
      for (const ItemRecord& record : rows.row(what, format)->outcome->records)
        if (const auto score = score_of(record, metric)) scores[record.item_id].push_back(*score);
    }
    for (const auto& [id, of_formats] : scores) {
      if (of_formats.size() < field.formats.size()) continue;
      Sums& sums = items[{what.task, id}];
      sums.of_formats.resize(of_formats.size());
      std::transform(of_formats.begin(), of_formats.end(), sums.of_formats.begin(), sums.of_formats.begin(),
                     std::plus<>{});
      ++sums.n;
    }
  }
  std::vector<std::vector<double>> shared(field.formats.size());
  for (const auto& [item, sums] : items)
    for (std::size_t format = 0; format < shared.size(); ++format)
      shared[format].push_back(sums.of_formats[format] / sums.n);
  return shared;
}

QUANTLENS_INLINE double paired_p(std::span<const double> a, std::span<const double> b, std::uint64_t seed) {
  const std::vector<double> differences = paired_differences(a, b);
  const auto is_whole = [](double d) { return d == 0 || std::abs(d) == 1; };
  if (!std::all_of(differences.begin(), differences.end(), is_whole)) return sign_flip_p(differences, seed);
  return mcnemar_p(static_cast<std::size_t>(std::count(differences.begin(), differences.end(), 1.0)),
                   static_cast<std::size_t>(std::count(differences.begin(), differences.end(), -1.0)));
}

QUANTLENS_INLINE std::optional<Ranking> rank_by_items(const RankedRows& rows, const ScoredAspect& aspect,
                                                      std::uint64_t seed) {
  const Field field = field_of(rows, [&](const Row& row) {
    const std::vector<ItemRecord>& records = row.outcome->records;
    return !records.empty() && records.front().scores.contains(std::string(aspect.metric.name));
  });
  if (field.tasks.empty() || field.formats.size() < 2) return std::nullopt;
  const std::vector<std::vector<double>> scores = shared_scores(rows, field, aspect.metric.name);
  if (scores.front().empty()) return std::nullopt;

  std::vector<double> values;
  for (const std::vector<double>& of_format : scores) values.push_back(mean(of_format));
  const std::vector<std::size_t> order = best_first(values, aspect.metric.better);
  const std::size_t leader = order.front();
  std::vector<double> p;
  for (const std::size_t rival : std::span(order).subspan(1))
    p.push_back(paired_p(scores[leader], scores[rival], seed_of(seed, "ranking", aspect.name, field.formats[rival])));
  const std::vector<double> p_holm = holm(p);

  Ranking ranking{aspect.name, aspect.metric.name, field.tasks, scores.front().size(), {}, field.left_out};
  ranking.formats.push_back({field.formats[leader], values[leader], std::nullopt, true});
  for (std::size_t i = 1; i < order.size(); ++i)
    ranking.formats.push_back({field.formats[order[i]], values[order[i]], p_holm[i - 1], p_holm[i - 1] >= 0.05});
  if (all_equal(values)) ranking.note = "all have the same value";
  return ranking;
}

/// Bytes are counted, not measured, so only equals contend.
inline std::optional<Ranking> rank_by_size(const RankedRows& rows) {
  Ranking ranking{"size", "weight_mib", {}, {}, {}, {}};
  std::vector<std::string> formats;
  std::vector<double> sizes;
  for (const std::string& format : rows.formats) {
    const auto weighed = std::find_if(rows.rows.begin(), rows.rows.end(), [&](const auto& entry) {
      return entry.first.second == format && entry.second->outcome->sizes;
    });
    (weighed == rows.rows.end() ? ranking.left_out : formats).push_back(format);
    if (weighed != rows.rows.end()) sizes.push_back(weighed->second->outcome->sizes->mib);
  }
  if (formats.size() < 2) return std::nullopt;
  const std::vector<std::size_t> order = best_first(sizes, Better::lower);
  for (const std::size_t i : order)
    ranking.formats.push_back({formats[i], sizes[i], std::nullopt, sizes[i] == sizes[order.front()]});
  return ranking;
}

/// Whether every round has a rate that may be believed.
inline bool has_speed(const Row& row) {
  const auto& rates = row.latency.decode_rates;
  return row.latency.mistrusted.empty() && !rates.empty() &&
         std::all_of(rates.begin(), rates.end(), [](const auto& rate) { return rate.has_value(); });
}

/// The value is the geometric mean over tasks, in which every task's ratio of two formats weighs the same, of the
/// median over rounds. A rival is out where the leader is faster by more than `speed_margin` in every round of every
/// task, and there are at least `least_speed_pairs` of them. Rows that are mistrusted take no part.
inline std::optional<Ranking> rank_by_speed(const RankedRows& rows) {
  const Field field = field_of(rows, has_speed);
  if (field.tasks.empty() || field.formats.size() < 2) return std::nullopt;
  std::vector<std::vector<double>> rates;  // of all tasks' rounds, for each format
  std::vector<double> values;
  for (const std::string& format : field.formats) {
    double logarithms = 0;
    rates.emplace_back();
    for (const TaskProtocol& what : field.tasks) {
      const LatencyResult& latency = rows.row(what, format)->latency;
      for (const auto& rate : latency.decode_rates) rates.back().push_back(*rate);
      logarithms += std::log(*latency.median.decode_tokens_per_s);
    }
    values.push_back(std::exp(logarithms / static_cast<double>(field.tasks.size())));
  }
  const std::vector<std::size_t> order = best_first(values, Better::higher);
  const std::vector<double>& best = rates[order.front()];
  const auto contends = [&](std::size_t rival) {
    const bool behind = std::equal(best.begin(), best.end(), rates[rival].begin(), rates[rival].end(),
                                   [](double a, double b) { return a > (1 + speed_margin) * b; });
    return rival == order.front() || best.size() < least_speed_pairs || !behind;
  };
  Ranking ranking{"speed", "decode_tokens_per_s", field.tasks, {}, {}, field.left_out};
  for (const std::size_t i : order) ranking.formats.push_back({field.formats[i], values[i], std::nullopt, contends(i)});
  return ranking;
}

}  // namespace bench_detail

QUANTLENS_INLINE std::vector<Ranking> rank_formats(std::span<const std::unique_ptr<Row>> rows, std::uint64_t seed) {
  const bench_detail::RankedRows ranked(rows);
  std::vector<Ranking> rankings;
  const auto add = [&](std::optional<Ranking> ranking) {
    if (ranking) rankings.push_back(std::move(*ranking));
  };
  for (const ScoredAspect& aspect : scored_aspects) add(bench_detail::rank_by_items(ranked, aspect, seed));
  add(bench_detail::rank_by_size(ranked));
  add(bench_detail::rank_by_speed(ranked));
  return rankings;
}

}  // namespace quantlens::inline QUANTLENS_ABI
