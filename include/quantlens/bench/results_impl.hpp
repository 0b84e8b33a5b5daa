/// What results.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/manifest.hpp"
#include "quantlens/bench/results.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace bench_detail {

/// JSON has no NaN and no infinity: they are null, as what is not there is.
inline nlohmann::ordered_json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

inline nlohmann::ordered_json count_or_null(const std::optional<std::size_t>& count) {
  return count ? nlohmann::ordered_json(*count) : nlohmann::ordered_json();
}

inline nlohmann::ordered_json metric_json(const MetricInfo& info, const Summary& summary) {
  const auto better = better_name(info.better);
  return {{"value", number_or_null(summary.value)},
          {"lo", number_or_null(summary.lo)},
          {"hi", number_or_null(summary.hi)},
          {"n", summary.n},
          {"delta", number_or_null(summary.delta)},
          {"delta_lo", number_or_null(summary.delta_lo)},
          {"delta_hi", number_or_null(summary.delta_hi)},
          {"n_paired", summary.n_paired},
          {"gained", count_or_null(summary.gained)},
          {"lost", count_or_null(summary.lost)},
          {"p", number_or_null(summary.p)},
          {"p_holm", number_or_null(summary.p_holm)},
          {"mde", number_or_null(summary.mde)},
          {"note", summary.note.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(summary.note)},
          {"better", better ? nlohmann::ordered_json(*better) : nlohmann::ordered_json()},
          {"beside", info.beside}};
}

inline nlohmann::ordered_json groups_json(const std::map<std::string, GroupMeans>& groups) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, group] : groups) {
    json[name] = {{"n", group.n}};
    for (const auto& [metric, mean] : group.metrics) json[name][metric] = number_or_null(mean);
  }
  return json;
}

/// Speed in batches is the quality phase's, everything else the latency phase's.
inline nlohmann::ordered_json latency_json(const CellOutcome& outcome, const LatencyResult& latency,
                                           std::size_t threads) {
  nlohmann::ordered_json json{{"prompt_tokens_per_s", number_or_null(outcome.prompt_tokens_per_second)},
                              {"generated_tokens_per_s", number_or_null(outcome.generated_tokens_per_second)},
                              {"items_per_s", number_or_null(outcome.items_per_second)}};
  const auto figures = [](const LatencyFigures& of) -> nlohmann::ordered_json {
    return {{"ttft_ms", number_or_null(of.first_token_ms)},
            {"p50_ms", number_or_null(of.p50_ms)},
            {"p95_ms", number_or_null(of.p95_ms)},
            {"decode_tokens_per_s", number_or_null(of.decode_tokens_per_s)}};
  };
  json.update(figures(latency.median));
  json["spread"] = figures(latency.spread);
  json["rounds"] = latency.decode_rates.size();
  json["threads"] = threads;
  json["others_processors"] = number_or_null(latency.others_processors);
  json["mistrusted"] = !latency.mistrusted.empty();
  json["reason"] = latency.mistrusted.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(latency.mistrusted);
  return json;
}

/// The first of the items that failed, each with its reason.
inline nlohmann::ordered_json failed_items_json(const std::vector<FailedItem>& failed) {
  constexpr std::size_t most = 5;
  nlohmann::ordered_json items = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < std::min(failed.size(), most); ++i)
    items.push_back({{"id", failed[i].id}, {"error", failed[i].error}});
  return items;
}

}  // namespace bench_detail

QUANTLENS_INLINE nlohmann::ordered_json row_json(const Row& row, std::span<const MetricInfo> known,
                                                 const nlohmann::ordered_json& manifest, const ModelPool& pool,
                                                 const RowThreads& threads) {
  using bench_detail::number_or_null;
  using Json = nlohmann::ordered_json;
  const CellOutcome& outcome = *row.outcome;
  const ModelProvider& model = pool.provider();
  const bool ok = row.error.empty();
  const char* status = !ok ? "failed" : row.latency.mistrusted.empty() ? "ok" : "mistrusted";
  const auto size = [&](double ModelWeight::*member) {
    return outcome.sizes ? number_or_null((*outcome.sizes).*member) : Json();
  };
  Json metrics = Json::object();
  for (const MetricInfo& info : known) {
    const auto of_row = std::ranges::find(row.metrics, info, &MetricSummary::info);
    metrics[std::string(info.name)] =
        bench_detail::metric_json(info, of_row != row.metrics.end() ? of_row->summary : Summary{});
  }
  return {{"model", model.name()},
          {"format", row.cell.format.name()},
          {"task", row.cell.what.name()},
          {"repetition", row.repetition},
          {"status", status},
          {"error", ok ? Json() : Json(row.error)},
          {"reproduce", ok && row.latency.mistrusted.empty() ? Json() : Json(reproducing_command(manifest, row.cell))},
          {"n", ok ? row.n : 0},
          {"n_failed", outcome.failed.size()},
          {"failed_items", bench_detail::failed_items_json(outcome.failed)},
          {"no_deltas", row.no_deltas.empty() ? Json() : Json(row.no_deltas)},
          {"metrics", metrics},
          {"groups", bench_detail::groups_json(ok ? row.groups : std::map<std::string, GroupMeans>())},
          {"latency", bench_detail::latency_json(outcome, row.latency, threads.latency)},
          {"memory",
           {{"peak_mib", number_or_null(outcome.peak_mib)},
            {"own_mib", number_or_null(outcome.own_mib)},
            {"weight_mib", size(&ModelWeight::mib)}}},
          {"provenance",
           {{"model_sha256", pool.sha256()},
            {"scheme", row.scheme},
            {"prompts", prompt_set_name(row.prompts)},
            {"bits_per_weight", size(&ModelWeight::bits_per_weight)},
            {"bits_per_weight_model", size(&ModelWeight::bits_per_weight_model)},
            {"isa", model.isa()},
            {"threads", threads.quality},
            {"source_quantized", model.source_quantized()}}}};
}

QUANTLENS_INLINE nlohmann::ordered_json ranking_json(const Ranking& ranking) {
  using Json = nlohmann::ordered_json;
  Json tasks = Json::array();
  for (const TaskProtocol& what : ranking.tasks) tasks.push_back(what.name());
  Json formats = Json::array();
  for (const RankedFormat& format : ranking.formats)
    formats.push_back({{"format", format.format},
                       {"value", bench_detail::number_or_null(format.value)},
                       {"p_holm", bench_detail::number_or_null(format.p_holm)}});
  const std::vector<std::string> contenders = ranking.contenders();
  const bool decided = contenders.size() == 1;
  return {{"aspect", ranking.aspect},
          {"metric", ranking.metric},
          {"tasks", std::move(tasks)},
          {"n", bench_detail::count_or_null(ranking.n)},
          {"decided", decided},
          {"best", decided ? Json(contenders.front()) : Json()},
          {"contenders", contenders},
          {"formats", std::move(formats)},
          {"note", ranking.note.empty() ? Json() : Json(ranking.note)},
          {"left_out", ranking.left_out}};
}

QUANTLENS_INLINE nlohmann::ordered_json results_json(nlohmann::ordered_json manifest, Sweep& sweep,
                                                     const ModelPool& model, const RowThreads& threads) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const std::vector<MetricInfo> known = known_metrics();
  for (const auto& row : sweep.finished_rows()) rows.push_back(row_json(*row, known, manifest, model, threads));
  nlohmann::ordered_json rankings = nlohmann::ordered_json::array();
  for (const Ranking& ranking : rank_formats(sweep.finished_rows(), sweep.seed()))
    rankings.push_back(ranking_json(ranking));
  return {{"schema", results_schema},
          {"manifest", std::move(manifest)},
          {"rows", std::move(rows)},
          {"rankings", std::move(rankings)}};
}

QUANTLENS_INLINE void write_results(const std::filesystem::path& path, const nlohmann::ordered_json& results) {
  write_file_atomically(path, results.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace quantlens::inline QUANTLENS_ABI
