/// What study_results.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "quantlens/bench/ranking.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/studies/study_ranks.hpp"
#include "quantlens/studies/study_results.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace study_detail {

using Json = nlohmann::ordered_json;

/// Whether some entry of a list is so.
template <class Holds>
bool any(const Json& list, const Holds& holds) {
  return std::any_of(list.begin(), list.end(), holds);
}

/// The formats of a run, in its order.
inline std::vector<std::string> columns_of(const Json& results) {
  std::vector<std::string> columns;
  for (const Json& row : results["rows"]) bench_detail::add_once(columns, row["format"].get<std::string>());
  return columns;
}

/// What each part was measured on: its task, or what stands in for it; empty: nothing.
inline std::vector<std::string> tasks_of(const Study& study, const Json& results) {
  const auto has_rows = [&](std::string_view task) {
    return any(results["rows"],
               [&](const Json& row) { return row["task"].get<std::string>().starts_with(concat(task, "/")); });
  };
  std::vector<std::string> tasks;
  for (const StudyPart& part : study.parts)
    tasks.emplace_back(has_rows(part.task) ? part.task : has_rows(part.stand_in) ? part.stand_in : "");
  return tasks;
}

/// The row of the first repetition; null where there is none.
inline const Json* find_row(const Json& rows, const std::string& task, const std::string& column) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Json& row) {
    return row["task"] == task && row["format"] == column && row["repetition"] == 0;
  });
  return found == rows.end() ? nullptr : &*found;
}

/// The share of the commonest label among a task's items: what saying always the same is worth.
inline std::optional<double> chance_of(const TaskProtocol& what, std::span<const std::unique_ptr<Row>> rows) {
  const auto row = std::ranges::find_if(
      rows, [&](const auto& of) { return of->cell.what == what && of->error.empty() && of->n > 0; });
  if (row == rows.end()) return std::nullopt;
  std::map<std::size_t, double> counts;
  for (const ItemRecord& record : (*row)->outcome->records) ++counts[record.gold];
  const auto most = std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
  return most->second / static_cast<double>((*row)->outcome->records.size());
}

/// A metric of a row in the units of the study.
inline Json scaled(Json metric, double scale) {
  for (const char* key : {"value", "lo", "hi", "delta", "delta_lo", "delta_hi", "mde"})
    if (metric[key].is_number()) metric[key] = metric[key].get<double>() * scale;
  return metric;
}

/// A measure in all columns; null where no row has a value of it.
inline Json measure_json(const StudyMeasure& measure, const TaskProtocol& what, const Json& results,
                         std::span<const std::unique_ptr<Row>> rows) {
  Json cells = Json::array();
  bool is_measured = false;
  Json chance;
  if (measure.group == StudyGroup::accuracy)
    if (const std::optional<double> share = chance_of(what, rows)) chance = *share;
  for (const std::string& column : columns_of(results)) {
    Json cell{{"column", column}, {"above_chance", nullptr}};
    const Json* row = find_row(results["rows"], what.name(), column);
    if (row != nullptr && (*row)["metrics"].contains(measure.metric)) {
      const Json metric = scaled((*row)["metrics"][std::string(measure.metric)], measure.scale);
      if (chance.is_number() && metric["lo"].is_number()) cell["above_chance"] = metric["lo"] > chance;
      is_measured = is_measured || metric["n"] > 0;
      cell.update(metric);
    }
    cells.push_back(std::move(cell));
  }
  if (!is_measured) return nullptr;
  return {{"name", measure.name},
          {"group", study_group_name(measure.group)},
          {"published", measure.is_published},
          {"task", what.name()},
          {"metric", measure.metric},
          {"scale", measure.scale},
          {"chance", chance},
          {"cells", std::move(cells)}};
}

/// Whether this build has the protocol, with the metric.
inline bool is_known(const StudyMeasure& measure) {
  const auto protocols = make_protocols();
  return std::ranges::any_of(protocols, [&](const auto& protocol) {
    const std::vector<Metric> metrics = protocol->metrics();
    return protocol->name() == measure.protocol &&
           std::ranges::any_of(metrics, [&](const Metric& metric) { return metric.info.name == measure.metric; });
  });
}

inline std::string why_missing(const StudyMeasure& measure) {
  if (!is_known(measure)) return "not in this build";
  return measure.needs.empty() ? "not measured in this run" : concat("needs ", measure.needs);
}

/// The measures of the study that no part has, and why.
inline Json missing_json(const Study& study, const Json& parts) {
  Json missing = Json::array();
  const auto has = [](const Json& list, std::string_view name) {
    return any(list, [&](const Json& entry) { return entry["name"] == name; });
  };
  for (const StudyPart& part : study.parts)
    for (const StudyMeasure& measure : part.measures) {
      const bool is_there = any(parts, [&](const Json& of) { return has(of["measures"], measure.name); });
      if (measure.is_published && !is_there && !has(missing, measure.name))
        missing.push_back({{"name", measure.name}, {"why", why_missing(measure)}});
    }
  for (const StudyPart& part : study.parts)
    if (!any(parts, [&](const Json& of) {
          return of["what"] == part.what && (of["task"] == part.task || of["stands_for"] == part.task);
        }))
      missing.push_back({{"name", concat(part.what, " of ", part.task)}, {"why", "no data of it in this run"}});
  return missing;
}

inline Json ranks_json(const MeanRanks& ranks, const Json& published) {
  Json measures = Json::array(), columns = Json::array(), contenders = Json::array();
  for (const GroupMeasure& measure : ranks.measures)
    measures.push_back({{"name", measure.name}, {"task", measure.what.name()}});
  for (const MeanRank& format : ranks.formats) {
    columns.push_back({{"column", format.format}, {"mean_rank", format.rank}});
    if (format.contends) contenders.push_back(format.format);
  }
  const bool decided = contenders.size() == 1;
  const std::string group(study_group_name(ranks.group));
  const Json best =
      published.is_null() ? Json() : published.value("best_preserved", Json::object()).value(group, Json());
  return {{"group", group},
          {"measures", std::move(measures)},
          {"decided", decided},
          {"best", decided ? contenders.front() : Json()},
          {"contenders", contenders},
          {"columns", std::move(columns)},
          {"note", ranks.all_equal ? Json("all have the same changes") : Json()},
          {"left_out", ranks.left_out},
          {"published_best", best}};
}

/// Of the published rows those that stand beside this run's.
inline Json published_beside(const Json& published, const Json& results) {
  if (published.is_null()) return nullptr;
  const std::vector<std::string> columns = columns_of(results);
  const std::string own_name = results["manifest"]["model"]["own_name"];
  const bool is_in_it = any(published["rows"], [&](const Json& row) { return row["model"] == own_name; });
  Json beside = published, rows = Json::array();
  for (const Json& row : published["rows"])
    if (std::ranges::find(columns, row["column"].get<std::string>()) != columns.end() &&
        (!is_in_it || row["model"] == own_name))
      rows.push_back(row);
  beside["rows"] = std::move(rows);
  return beside;
}

}  // namespace study_detail

QUANTLENS_INLINE nlohmann::ordered_json published_numbers(const Study& study) {
  const std::filesystem::path file = find_data_folder("docs/studies") / study.published;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return nullptr;
  return read_json_file(file);
}

QUANTLENS_INLINE nlohmann::ordered_json study_json(const Study& study, const nlohmann::ordered_json& results,
                                                   std::span<const std::unique_ptr<Row>> rows,
                                                   const nlohmann::ordered_json& published, std::uint64_t seed) {
  using study_detail::Json;
  const std::vector<std::string> tasks = study_detail::tasks_of(study, results);
  Json parts = Json::array();
  for (std::size_t i = 0; i < study.parts.size(); ++i) {
    const StudyPart& part = study.parts[i];
    Json measures = Json::array();
    for (const StudyMeasure& measure : part.measures)
      if (Json json = study_detail::measure_json(measure, {tasks[i], std::string(measure.protocol)}, results, rows);
          !json.is_null())
        measures.push_back(std::move(json));
    if (measures.empty()) continue;
    parts.push_back({{"what", part.what},
                     {"task", tasks[i]},
                     {"stands_for", tasks[i] == part.task ? Json() : Json(part.task)},
                     {"measures", std::move(measures)}});
  }
  Json groups = Json::array();
  const bench_detail::RankedRows ranked(rows);
  for (const StudyGroup group : ranked_groups)
    if (const auto ranks = mean_ranks(group, group_measures(study, group, tasks, ranked), ranked, seed))
      groups.push_back(study_detail::ranks_json(*ranks, published));
  Json missing = study_detail::missing_json(study, parts);
  return {{"name", study.name},
          {"source", study.source},
          {"columns", study_detail::columns_of(results)},
          {"parts", std::move(parts)},
          {"missing", std::move(missing)},
          {"mean_ranks", std::move(groups)},
          {"published", study_detail::published_beside(published, results)}};
}

}  // namespace quantlens::inline QUANTLENS_ABI
