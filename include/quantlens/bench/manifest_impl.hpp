/// What manifest.hpp declares, defined.
#pragma once

#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/bench/manifest.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/shell_argument.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos)
      return line.substr(colon + 2);
  return "unknown";
}

QUANTLENS_INLINE std::string utc_time() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

namespace bench_detail {

inline nlohmann::ordered_json model_json(const ModelProvider& model, const std::string& path) {
  return {{"name", model.name()},
          {"own_name", model.own_name()},
          {"path", path},
          {"sha256", model.sha256()},
          {"source_quantized", model.source_quantized()},
          {"source_types", model.source_types()}};
}

/// `source` is how the user called it.
inline nlohmann::ordered_json judge_json(const nlohmann::json& identity, const std::string& source) {
  if (identity.is_null()) return {};
  nlohmann::ordered_json judge{{"source", source}};
  for (const auto& [key, value] : identity.items()) judge[key] = value;
  return judge;
}

/// Null where the run has no such model.
inline nlohmann::ordered_json second_json(const std::filesystem::path& path, const std::string& sha256) {
  if (path.empty()) return nullptr;
  return {{"path", path.string()}, {"sha256", sha256}};
}

inline nlohmann::ordered_json tasks_json(const Plan& plan) {
  using Json = nlohmann::ordered_json;
  Json tasks = Json::object();
  for (const PlannedTask& task : plan.tasks) {
    const Json set(prompt_set_name(task.prompts));
    const Json differ = task.differs.empty() ? Json() : Json(task.differs);
    tasks[task.what.name()] = {{"task_sha256", task.task_sha256},
                               {"items_sha256", task.items_sha256},
                               {"n_items", task.items.size()},
                               {"prompts", {{"model", set}, {"baseline", set}, {"differ", differ}}},
                               {"protocol_version", task.protocol->version()},
                               {"protocol_options", task.protocol->options().values()}};
  }
  return tasks;
}

}  // namespace bench_detail

QUANTLENS_INLINE nlohmann::ordered_json make_manifest(const BenchOptions& options, const Plan& plan,
                                                      const ModelProvider& model, const TimingIdentity& timing,
                                                      std::string_view baseline, const ModelProvider* other,
                                                      const nlohmann::json& judge, const SecondModels& second) {
  using Json = nlohmann::ordered_json;
  Json environment = Json::object();
  for (const char* name : {"QUANTLENS_ISA", "OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "OMP_WAIT_POLICY"})
    environment[name] = std::getenv(name) == nullptr ? Json() : Json(std::getenv(name));
#ifdef __clang__
  constexpr std::string_view compiler = "clang " __clang_version__;
#else
  constexpr std::string_view compiler = "g++ " __VERSION__;
#endif
  return {{"version", QUANTLENS_VERSION},
          {"answers_version", answers_version},
          {"compiler", compiler},
          {"isa", model.isa()},
          {"cpu", timing.cpu},
          {"threads", timing.threads},
          {"batch", timing.batch},
          {"chunk", timing.chunk == 0 ? Json() : Json(timing.chunk)},
          {"shared_prefix", timing.shared_prefix},
          {"seed", options.seed},
          {"limit", options.limit ? Json(*options.limit) : Json()},
          {"latency_items", options.latency_items},
          {"latency_rounds", options.latency_rounds},
          {"latency_threads", options.latency_threads},
          {"argv", options.arguments},
          {"study", options.study.empty() ? Json() : Json(options.study)},
          {"max_failed_items", options.max_failed_items},
          {"model", bench_detail::model_json(model, options.model.string())},
          {"baseline", baseline},
          {"baseline_model", other == nullptr ? Json() : bench_detail::model_json(*other, options.baseline)},
          {"judge", bench_detail::judge_json(judge, options.judge.source)},
          {"encoder", bench_detail::second_json(options.encoder, second.encoder_sha256)},
          {"bart", bench_detail::second_json(options.bart, second.scorer_sha256)},
          {"scorer", bench_detail::second_json(options.scorer, second.fluency_sha256)},
          {"tasks", bench_detail::tasks_json(plan)},
          {"skipped", plan.skipped},
          {"environment", environment},
          {"started", utc_time()},
          {"finished", nullptr},
          {"interrupted", false},
          {"baseline_error", nullptr}};
}

QUANTLENS_INLINE std::string reproducing_command(const nlohmann::ordered_json& manifest, const Cell& cell) {
  std::string command = "quantlens_bench";
  const auto add = [&](std::string_view argument) { command += " " + shell_argument(argument); };
  for (const auto& argument : manifest.at("argv")) add(argument.get<std::string>());
  const auto& limit = manifest.at("limit");
  add("--tasks");
  add(cell.what.name());
  add("--formats");
  add(cell.format.name());
  add("--limit");
  add(limit.is_null() ? "all" : limit.dump());
  add("--out");
  add("quantlens-again");
  return command;
}

}  // namespace quantlens::inline QUANTLENS_ABI
