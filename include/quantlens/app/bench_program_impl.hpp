/// What bench_program.hpp declares, defined.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/app/bench_command_line.hpp"
#include "quantlens/app/bench_program.hpp"
#include "quantlens/app/open_judge.hpp"
#include "quantlens/app/program.hpp"
#include "quantlens/app/run_progress.hpp"
#include "quantlens/bench/manifest.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/bench/prompt_check.hpp"
#include "quantlens/bench/register.hpp"
#include "quantlens/bench/results.hpp"
#include "quantlens/bench/sweep.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/models/bart_scorer.hpp"
#include "quantlens/models/bert_encoder.hpp"
#include "quantlens/report/benchmark_output.hpp"
#include "quantlens/report/console.hpp"
#include "quantlens/studies/studies.hpp"
#include "quantlens/studies/study_results.hpp"
#include "quantlens/studies/study_tasks.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

inline bool has_flag(const BenchCommandLine& options, std::string_view start) {
  return std::any_of(options.benchmark_arguments.begin(), options.benchmark_arguments.end(),
                     [&](const std::string& argument) { return argument.starts_with(start); });
}

/// Google Benchmark's own way to ask for what --list prints.
inline bool lists_tests(const BenchCommandLine& options) {
  return has_flag(options, "--benchmark_list_tests") && !has_flag(options, "--benchmark_list_tests=false");
}

QUANTLENS_INLINE void initialize_benchmark(std::span<const std::string> benchmark_arguments) {
  // Google Benchmark keeps the pointer to its program's name.
  static char program_name[] = "quantlens_bench";
  std::vector<std::string> arguments(benchmark_arguments.begin(), benchmark_arguments.end());
  std::vector<char*> pointers{program_name};
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  if (count > 1) throw InputError("usage", concat("Google Benchmark does not take ", pointers[1]));
}

/// Items to serve or compute, for the progress line.
inline std::size_t count_items(const Plan& plan, const std::vector<Cell>& cells, const BenchCommandLine& options) {
  std::size_t total = 0;
  for (const Cell& cell : cells) {
    const std::size_t n_items = plan.task_of(cell).items.size();
    total += n_items + std::min(n_items, options.latency_items) * options.latency_rounds;
  }
  return total * asked_repetitions(options.benchmark_arguments);
}

inline BenchmarkReport benchmark_report(const Row& row) {
  const CellOutcome& outcome = *row.outcome;
  BenchmarkReport report{row.error,
                         outcome.seconds,
                         {{"n", static_cast<double>(row.n)}, {"n_failed", static_cast<double>(outcome.failed.size())}}};
  const auto add = [&](std::string_view name, const std::optional<double>& value) {
    if (value) report.counters[std::string(name)] = *value;
  };
  for (const MetricSummary& metric : row.metrics) {
    if (metric.summary.n == 0) continue;
    report.counters[concat(metric.info.name, "_n")] = static_cast<double>(metric.summary.n);
    add(metric.info.name, metric.summary.value);
    add(concat(metric.info.name, "_delta"), metric.summary.delta);
  }
  add("prompt_tokens_per_s", outcome.prompt_tokens_per_second);
  add("generated_tokens_per_s", outcome.generated_tokens_per_second);
  add("items_per_s", outcome.items_per_second);
  add("ttft_ms", row.latency.median.first_token_ms);
  add("p50_ms", row.latency.median.p50_ms);
  add("p95_ms", row.latency.median.p95_ms);
  add("decode_tokens_per_s", row.latency.median.decode_tokens_per_s);
  report.counters["mistrusted"] = row.latency.mistrusted.empty() ? 0 : 1;
  add("peak_mib", outcome.peak_mib);
  add("own_mib", outcome.own_mib);
  if (outcome.sizes) {
    add("weight_mib", outcome.sizes->mib);
    add("bits_per_weight", outcome.sizes->bits_per_weight);
  }
  return report;
}

/// The rows as Google Benchmark shows them. Cells without any are left out.
inline std::vector<ReportedCell> reported_cells(const std::vector<Cell>& cells, Sweep& sweep) {
  std::vector<ReportedCell> reported;
  for (const Cell& cell : cells) {
    ReportedCell of_cell{cell, {}};
    for (const auto& row : sweep.finished_rows())
      if (row->cell == cell) of_cell.repetitions.push_back(benchmark_report(*row));
    if (!of_cell.repetitions.empty()) reported.push_back(std::move(of_cell));
  }
  return reported;
}

QUANTLENS_INLINE std::optional<std::filesystem::path> baseline_model(const std::string& baseline) {
  std::error_code error;
  const std::filesystem::path other = find_model(baseline);
  if (is_format(baseline) || !std::filesystem::exists(other, error)) return std::nullopt;
  return other;
}

/// The models of a run and what deltas are to: a format of the model, or of another one.
struct OpenedModels {
  std::unique_ptr<ModelProvider> model, other;
  NamedFormat baseline_format;
  Judge judge;
  SecondModels second;  ///< those that are model files

  [[nodiscard]] const ModelProvider& baseline() const { return other ? *other : *model; }
};

/// A baseline that is no format is another model, whose `full` is meant.
inline OpenedModels open_models(const BenchOptions& options, const OpenModel& open, const Host& host) {
  OpenedModels models{open(find_model(options.model), options), nullptr, {}, {}, {}};
  if (const auto other = baseline_model(options.baseline))
    models.other = open(*other, options);
  else
    models.baseline_format = parse_format(options.baseline);
  models.judge = open_judge(options, open, {models.model.get(), models.other.get()}, host.seconds);
  if (!options.scorer.empty()) {
    std::shared_ptr<ModelProvider> scorer = open(find_model(options.scorer), options);
    models.second.fluency_sha256 = scorer->sha256();
    models.second.fluency =
        std::make_shared<MeteredModel>([scorer] { return scorer->build(FormatSpec{}); }, host.seconds);
  }
  return models;
}

/// The models that some protocols ask beside the one under test.
struct OpenedSecondModels {
  OpenedSecondModels(const BenchOptions& options, std::ostream& err) {
    const std::size_t threads = options.threads.value_or(available_threads());
    const auto show = [&](const std::vector<std::string>& notes) {
      for (const std::string& note : notes) err << "note: " << printable(note) << "\n";
    };
    if (!options.encoder.empty()) show(encoder.emplace(options.encoder, threads).notes());
    if (!options.bart.empty()) show(bart.emplace(options.bart, threads).notes());
  }

  /// With those that are open already.
  [[nodiscard]] SecondModels seen(SecondModels models) {
    if (encoder) {
      models.encoder = &*encoder;
      models.encoder_sha256 = encoder->sha256();
    }
    if (bart) {
      models.scorer = &*bart;
      models.scorer_sha256 = bart->sha256();
    }
    return models;
  }

  std::optional<BertEncoder> encoder;
  std::optional<BartScorer> bart;
};

/// Our own tasks, where they are there or no others are given, and then the user's.
inline std::vector<std::filesystem::path> tasks_dirs(const BenchCommandLine& options,
                                                     const std::filesystem::path& own_tasks) {
  std::vector<std::filesystem::path> dirs = options.tasks_dirs;
  std::error_code error;
  if (dirs.empty() || std::filesystem::is_directory(own_tasks, error)) dirs.insert(dirs.begin(), own_tasks);
  return dirs;
}

/// What the run is to measure, after all that can be known of it without a model.
inline Plan make_checked_plan(const BenchCommandLine& options, const std::filesystem::path& own_tasks,
                              const OpenedModels& models) {
  const std::vector<std::filesystem::path> dirs = tasks_dirs(options, own_tasks);
  const std::string model_name = models.baseline().own_name();
  BenchOptions planned = options;
  if (!options.study.empty() && options.tasks.empty())
    planned.tasks = study_tasks(find_study(options.study), options, dirs, model_name);
  Plan plan = make_plan(planned, dirs, model_name);
  check_prompts(plan, *models.model, models.other.get(), options);
  return plan;
}

/// What went otherwise than it should, below the tables: items left out, rows without deltas.
inline void print_failures(const nlohmann::ordered_json& results, std::ostream& err) {
  for (const auto& [task, rows] : rows_by_task(results)) {
    if (const std::string left_out = failed_items_text(rows); !left_out.empty())
      err << printable(task + ": " + left_out) << "\n";
    for (const std::string& line : no_deltas_texts(rows)) err << printable(task + ": " + line) << "\n";
  }
}

/// What the rows say of the study that was asked for; null where none was.
inline nlohmann::ordered_json study_of(const BenchOptions& options, const nlohmann::ordered_json& results,
                                       Sweep& sweep) {
  if (options.study.empty()) return nullptr;
  const Study& study = find_study(options.study);
  return study_json(study, results, sweep.finished_rows(), published_numbers(study), options.seed);
}

inline int run_cells(const BenchCommandLine& options, const Plan& plan, const std::vector<Cell>& cells,
                     const OpenedModels& models, const Host& host, std::ostream& out, std::ostream& err) {
  OpenedSecondModels second(options, err);
  ModelPool model(*models.model);
  std::optional<ModelPool> other;
  if (models.other) other.emplace(*models.other);

  const TimingIdentity timing{options.threads.value_or(available_threads()), options.batch, options.chunk.value_or(0),
                              options.shared_prefix, cpu_name()};
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) throw Error("write", concat("cannot make the folder ", options.out.string(), ": ", error.message()));
  Journal journal(options.out / "items.jsonl");
  remove_abandoned(options.out / "results.json");  // The journal's lock keeps others out.

  if (journal.unsummed_lines() > 0)
    err << "note: " << journal.unsummed_lines() << " lines of " << printable(journal.path().string())
        << " are an older version's, without checksums: damage of them would not be noticed\n";

  const std::size_t repetitions = asked_repetitions(options.benchmark_arguments);
  RunProgress progress(err, options.quiet, cells.size() * repetitions, count_items(plan, cells, options));
  const RunContext context{
      journal,
      timing,
      {options.latency_items, options.latency_rounds, options.latency_threads},
      host,
      [&](const Cell& cell, std::size_t n, bool was_computed) { progress.on_items(cell, n, was_computed); },
      [&](std::size_t round, std::size_t n_rounds) { progress.on_round(round, n_rounds); },
      options.max_failed_items,
      models.judge,
      second.seen(models.second)};
  Sweep sweep(plan, context, model, {other ? *other : model, models.baseline_format}, options.seed);
  nlohmann::ordered_json manifest = make_manifest(
      options, plan, *models.model, timing,
      other ? concat(models.baseline_format.name(), " of ", options.baseline) : models.baseline_format.name(),
      models.other.get(), models.judge.identity, context.second);
  int interrupted_by = 0;
  try {
    sweep.run(cells, repetitions, [&](const Row& row) { progress.on_row(row); });
  } catch (const Interrupted& interrupted) {
    interrupted_by = interrupted.signal;
    InterruptGuard::forget();
  }
  progress.clear();

  manifest["finished"] = utc_time();
  manifest["interrupted"] = interrupted_by != 0;
  if (!sweep.baseline_error().empty()) manifest["baseline_error"] = sweep.baseline_error();
  nlohmann::ordered_json results =
      results_json(std::move(manifest), sweep, model, {timing.threads, options.latency_threads});
  results["study"] = study_of(options, results, sweep);
  // Before Google Benchmark, which may end the program, writes anything.
  write_results(options.out / "results.json", results);
  if (interrupted_by != 0) err << progress.interrupted_text() << "\n";
  report_benchmarks(reported_cells(cells, sweep), repetitions, options.benchmark_arguments, out);
  if (has_own_console(options.benchmark_arguments)) out << render_console(results) << std::flush;
  if (!out) throw Error("write", "cannot write to standard output");
  print_failures(results, err);
  if (interrupted_by != 0) return 128 + interrupted_by;
  const bool failed = std::any_of(results["rows"].begin(), results["rows"].end(), [](const auto& row) {
    return row["status"] == "failed" || !row["no_deltas"].is_null();
  });
  return failed || !sweep.baseline_error().empty() ? 1 : 0;
}

}  // namespace report_detail

QUANTLENS_INLINE int run_bench_program(std::span<const std::string> arguments, const OpenModel& open, std::ostream& out,
                                       std::ostream& err, const Host& host, const std::filesystem::path& own_tasks) {
  return run_program(out, err, "", [&] {
    const BenchCommandLine options = parse_bench_command_line(arguments);
    if (options.help) out << bench_help();
    if (options.version) out << "quantlens_bench " << QUANTLENS_VERSION << "\n";
    if (options.help || options.version) return 0;

    const InterruptGuard guard;
    const report_detail::OpenedModels models = report_detail::open_models(options, open, host);
    for (const ModelProvider* model : {models.model.get(), models.other.get()})
      if (model != nullptr)
        for (const std::string& note : model->notes()) err << "note: " << printable(note) << "\n";
    const Plan plan = report_detail::make_checked_plan(options, own_tasks, models);
    for (const std::string& why : plan.skipped) err << "skipped: " << printable(why) << "\n";
    report_detail::initialize_benchmark(options.benchmark_arguments);
    const std::vector<Cell> cells = filtered_cells(plan.cells(), benchmark::GetBenchmarkFilter());
    if (options.list || report_detail::lists_tests(options)) {
      for (const Cell& cell : cells) out << cell.name() << "\n";
      return 0;
    }
    check_benchmark_path(options.benchmark_arguments);
    return report_detail::run_cells(options, plan, cells, models, host, out, err);
  });
}

}  // namespace quantlens::inline QUANTLENS_ABI
