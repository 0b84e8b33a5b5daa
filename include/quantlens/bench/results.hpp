/// results.json, schema quantlens-results/1: a manifest, one row a cell, and rankings; every key is always there.
#pragma once

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "quantlens/bench/keys.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/bench/ranking.hpp"
#include "quantlens/bench/sweep.hpp"
#include "quantlens/io/atomic_file.hpp"

namespace quantlens::inline v0_1 {

inline constexpr const char* results_schema = "quantlens-results/1";

namespace bench_detail {

/// JSON has no NaN and no infinity: they are null, as what is not there is.
inline nlohmann::ordered_json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
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
          {"p", number_or_null(summary.p)},
          {"p_holm", number_or_null(summary.p_holm)},
          {"mde", number_or_null(summary.mde)},
          {"better", better ? nlohmann::ordered_json(*better) : nlohmann::ordered_json()}};
}

/// For each group of items their number and the mean of every per-item metric over those that have it.
inline nlohmann::ordered_json groups_json(std::span<const ItemRecord> records) {
  struct Mean {
    double sum = 0;
    std::size_t n = 0;
  };
  struct Group {
    std::size_t n = 0;
    std::map<std::string, Mean> metrics;
  };
  std::map<std::string, Group> groups;
  for (const ItemRecord& record : records) {
    if (record.group.empty()) continue;
    Group& group = groups[record.group];
    ++group.n;
    for (const auto& [metric, score] : record.scores) {
      Mean& mean = group.metrics[metric];
      mean.sum += score.value_or(0);
      if (score) ++mean.n;
    }
  }
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, group] : groups) {
    json[name] = {{"n", group.n}};
    for (const auto& [metric, mean] : group.metrics)
      json[name][metric] =
          number_or_null(mean.n == 0 ? std::nullopt : std::optional(mean.sum / static_cast<double>(mean.n)));
  }
  return json;
}

}  // namespace bench_detail

/// One row. A failed cell has status "failed", its `error`, n 0 and nulls.
[[nodiscard]] inline nlohmann::ordered_json row_json(const Row& row, const ModelProvider& model,
                                                     const std::string& model_sha256, std::size_t threads) {
  using bench_detail::number_or_null;
  using Json = nlohmann::ordered_json;
  const CellOutcome& outcome = *row.outcome;
  const bool ok = row.error.empty();
  const auto size = [&](double ModelSizes::*member) {
    return outcome.sizes ? number_or_null((*outcome.sizes).*member) : Json();
  };
  Json metrics = Json::object();
  for (std::size_t i = 0; i < all_metrics.size(); ++i)
    metrics[std::string(all_metrics[i].name)] =
        bench_detail::metric_json(all_metrics[i], ok ? row.metrics[i].summary : Summary{});
  return {{"model", model.name()},
          {"format", row.cell.format},
          {"task", row.cell.what.name()},
          {"repetition", row.repetition},
          {"status", ok ? "ok" : "failed"},
          {"error", ok ? Json() : Json(row.error)},
          {"n", ok ? outcome.records.size() : 0},
          {"metrics", metrics},
          {"groups", ok ? bench_detail::groups_json(outcome.records) : Json::object()},
          {"latency",
           {{"prompt_tokens_per_s", number_or_null(outcome.prompt_tokens_per_second)},
            {"generated_tokens_per_s", number_or_null(outcome.generated_tokens_per_second)},
            {"items_per_s", number_or_null(outcome.items_per_second)},
            {"ttft_ms", number_or_null(outcome.latency.first_token_ms)},
            {"p50_ms", number_or_null(outcome.latency.p50_ms)},
            {"p95_ms", number_or_null(outcome.latency.p95_ms)}}},
          {"memory", {{"peak_mib", number_or_null(outcome.peak_mib)}, {"weight_mib", size(&ModelSizes::weight_mib)}}},
          {"provenance",
           {{"model_sha256", model_sha256},
            {"scheme", row.scheme},
            {"prompts", prompt_set_name(row.prompts)},
            {"bits_per_weight", size(&ModelSizes::bits_per_weight)},
            {"bits_per_weight_model", size(&ModelSizes::bits_per_weight_model)},
            {"isa", model.isa()},
            {"threads", threads},
            {"source_quantized", model.source_quantized()}}}};
}

/// One aspect; `best` is null where it cannot be decided.
[[nodiscard]] inline nlohmann::ordered_json ranking_json(const Ranking& ranking) {
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
  return {{"aspect", ranking.aspect},    {"metric", ranking.metric},
          {"tasks", std::move(tasks)},   {"n", ranking.n ? Json(*ranking.n) : Json()},
          {"decided", decided},          {"best", decided ? Json(contenders.front()) : Json()},
          {"contenders", contenders},    {"formats", std::move(formats)},
          {"left_out", ranking.left_out}};
}

/// The whole document.
[[nodiscard]] inline nlohmann::ordered_json results_json(nlohmann::ordered_json manifest, Sweep& sweep,
                                                         const ModelPool& model, std::size_t threads) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const auto& row : sweep.finished_rows())
    rows.push_back(row_json(*row, model.provider(), model.sha256(), threads));
  nlohmann::ordered_json rankings = nlohmann::ordered_json::array();
  for (const Ranking& ranking : rank_formats(sweep.finished_rows(), sweep.seed()))
    rankings.push_back(ranking_json(ranking));
  return {{"schema", results_schema},
          {"manifest", std::move(manifest)},
          {"rows", std::move(rows)},
          {"rankings", std::move(rankings)}};
}

/// Writes the document whole or not at all. Errors: Error naming the file; what was there before stays.
inline void write_results(const std::filesystem::path& path, const nlohmann::ordered_json& results) {
  write_file_atomically(path, results.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

}  // namespace quantlens::inline v0_1
