/// The main job from command line to exit status: plan, measure, write, show.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
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

#include "quantlens/bench/manifest.hpp"
#include "quantlens/bench/options.hpp"
#include "quantlens/bench/plan.hpp"
#include "quantlens/bench/register.hpp"
#include "quantlens/bench/results.hpp"
#include "quantlens/bench/sweep.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/core/program.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/report/console.hpp"
#include "quantlens/report/progress.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline v0_1 {

/// Opens a model file under the options' engine settings. Errors: InputError for a file that is no model.
using OpenModel = std::function<std::unique_ptr<ModelProvider>(const std::filesystem::path&, const BenchOptions&)>;

namespace report_detail {

/// Google Benchmark's console reporter prints times only; ours stays silent, and the tables come after all cells.
class SilentReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

inline bool has_flag(const BenchOptions& options, std::string_view start) {
  return std::any_of(options.benchmark_arguments.begin(), options.benchmark_arguments.end(),
                     [&](const std::string& argument) { return argument.starts_with(start); });
}

/// Errors: InputError for a flag that Google Benchmark does not take.
inline void initialize_benchmark(const BenchOptions& options) {
  // Google Benchmark keeps the pointer to its program's name.
  static char program_name[] = "quantlens_bench";
  std::vector<std::string> arguments = options.benchmark_arguments;
  std::vector<char*> pointers{program_name};
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  if (count > 1) throw InputError("usage", concat("Google Benchmark does not take ", pointers[1]));
}

/// It does not notice a full disk itself. Errors: Error naming the file.
inline void check_benchmark_out(const BenchOptions& options) {
  constexpr std::string_view flag = "--benchmark_out=";
  if (has_flag(options, "--benchmark_out_format=c")) return;
  for (const std::string& argument : options.benchmark_arguments) {
    if (!argument.starts_with(flag)) continue;
    const std::string path = argument.substr(flag.size());
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) continue;  // a pipe or /dev/null cannot be read back
    if (!nlohmann::json::accept(MappedFile::open(path).text()))
      throw Error("write", concat(path, " is incomplete; is the disk full?"));
  }
}

/// The cells that the filter names, by a pass of Google Benchmark that measures nothing.
/// Errors: InputError where there are none.
inline std::vector<Cell> filtered_cells(const Plan& plan) {
  std::vector<Cell> cells;
  SilentReporter silent;
  const auto note = [&](const Cell& cell, std::size_t) {
    bench_detail::add_once(cells, cell);
    return BenchmarkReport{{}, 1, {}};
  };
  run_benchmarks(plan.cells(), 1, note, &silent);
  if (cells.empty()) throw InputError("filter", "--benchmark_filter names no cell; --list shows them");
  return cells;
}

/// Items to serve or compute, for the progress line.
inline std::size_t count_items(const Plan& plan, const std::vector<Cell>& cells, const BenchOptions& options) {
  std::size_t total = 0;
  for (const Cell& cell : cells) {
    const std::size_t n_items = plan.task_of(cell).items.size();
    total += n_items + std::min(n_items, options.latency_items);
  }
  return total * asked_repetitions(options.benchmark_arguments);
}

inline BenchmarkReport benchmark_report(const Row& row) {
  const CellOutcome& outcome = *row.outcome;
  BenchmarkReport report{row.error, outcome.seconds, {{"n", static_cast<double>(outcome.records.size())}}};
  const auto add = [&](std::string_view name, const std::optional<double>& value) {
    if (value) report.counters[std::string(name)] = *value;
  };
  for (const MetricSummary& metric : row.metrics) {
    add(metric.info.name, metric.summary.value);
    add(concat(metric.info.name, "_delta"), metric.summary.delta);
  }
  add("prompt_tokens_per_s", outcome.prompt_tokens_per_second);
  add("generated_tokens_per_s", outcome.generated_tokens_per_second);
  add("items_per_s", outcome.items_per_second);
  add("ttft_ms", outcome.latency.first_token_ms);
  add("p50_ms", outcome.latency.p50_ms);
  add("p95_ms", outcome.latency.p95_ms);
  add("peak_mib", outcome.peak_mib);
  if (outcome.sizes) {
    add("weight_mib", outcome.sizes->weight_mib);
    add("bits_per_weight", outcome.sizes->bits_per_weight);
  }
  return report;
}

/// The other model that a baseline names; none where it is a format, whatever lies in the working folder.
inline std::optional<std::filesystem::path> baseline_model(const std::string& baseline) {
  std::error_code error;
  const std::filesystem::path other = find_model(baseline);
  if (is_format(baseline) || !std::filesystem::exists(other, error)) return std::nullopt;
  return other;
}

/// A baseline that is no format is another model, whose `full` is meant.
inline std::pair<std::unique_ptr<ModelProvider>, std::string> open_baseline(const BenchOptions& options,
                                                                            const OpenModel& open) {
  if (const auto other = baseline_model(options.baseline)) return {open(*other, options), "full"};
  return {nullptr, parse_format(options.baseline).name()};
}

inline int run_cells(const BenchOptions& options, const Plan& plan, ModelProvider& provider, const OpenModel& open,
                     std::ostream& out, std::ostream& err) {
  std::vector<Cell> cells = filtered_cells(plan);
  const auto [other_provider, baseline_format] = open_baseline(options, open);
  ModelPool model(provider);
  std::optional<ModelPool> other;
  if (other_provider) other.emplace(*other_provider);

  const TimingIdentity timing{options.threads.value_or(available_threads()), options.batch, options.chunk.value_or(0),
                              options.shared_prefix, cpu_name()};
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) throw Error("write", concat("cannot make the folder ", options.out.string(), ": ", error.message()));
  Journal journal(options.out / "items.jsonl");

  Progress progress = Progress::on_terminal(err);
  const std::size_t total = count_items(plan, cells, options);
  std::size_t done = 0, computed = 0;
  const auto on_items = [&](const Cell& cell, std::size_t n, bool was_computed) {
    done += n;
    if (was_computed) computed += n;
    progress.update(cell.name(), done, std::max(done, total), computed);
  };

  Sweep sweep(plan, {journal, timing, options.latency_items, on_items}, model,
              {other ? *other : model, baseline_format}, options.seed);
  nlohmann::ordered_json manifest =
      make_manifest(options, plan, provider, timing,
                    other_provider ? concat(baseline_format, " of ", options.baseline) : baseline_format);
  const bool own_console = !has_flag(options, "--benchmark_format=") || has_flag(options, "--benchmark_format=console");
  SilentReporter silent;
  int interrupted_by = 0;
  try {
    const auto measure = [&](const Cell& cell, std::size_t repetition) {
      return benchmark_report(sweep.measure(cell, repetition));
    };
    run_benchmarks(cells, asked_repetitions(options.benchmark_arguments), measure, own_console ? &silent : nullptr);
  } catch (const Interrupted& interrupted) {
    interrupted_by = interrupted.signal;
    InterruptGuard::forget();
  }
  progress.clear();

  manifest["finished"] = utc_time();
  manifest["interrupted"] = interrupted_by != 0;
  if (!sweep.baseline_error().empty()) manifest["baseline_error"] = sweep.baseline_error();
  const nlohmann::ordered_json results = results_json(std::move(manifest), sweep, model, timing.threads);
  write_results(options.out / "results.json", results);
  check_benchmark_out(options);
  if (own_console) out << render_console(results) << std::flush;
  if (!out) throw Error("write", "cannot write to standard output");
  if (!sweep.baseline_error().empty()) err << "no deltas: the baseline failed: " << sweep.baseline_error() << "\n";
  if (interrupted_by != 0) return 128 + interrupted_by;
  const bool failed = std::any_of(results["rows"].begin(), results["rows"].end(),
                                  [](const auto& row) { return row["status"] != "ok"; });
  return failed || !sweep.baseline_error().empty() ? 1 : 0;
}

}  // namespace report_detail

/// Runs quantlens_bench on the arguments after the program's name. Data go to `out`, everything else to `err`.
/// Returns the exit status: 0; 1 where a cell or a file failed; 2 for wrong use or bad input; 130 or 143 after a
/// signal.
[[nodiscard]] inline int run_bench_program(std::span<const std::string> arguments, const OpenModel& open,
                                           std::ostream& out, std::ostream& err) {
  return run_program(out, err, "", [&] {
    const BenchOptions options = parse_bench_options(arguments);
    if (options.help) out << bench_usage;
    if (options.version) out << "quantlens_bench " << QUANTLENS_VERSION << "\n";
    if (options.help || options.version) return 0;

    const InterruptGuard guard;
    // The model's name decides on prompts, and so on what there is to measure.
    const std::unique_ptr<ModelProvider> model = open(find_model(options.model), options);
    for (const std::string& note : model->notes()) err << "note: " << printable(note) << "\n";
    const Plan plan = make_plan(options, options.tasks_dir.empty() ? find_data_folder("tasks") : options.tasks_dir,
                                model->own_name());
    for (const std::string& why : plan.skipped) err << "skipped: " << why << "\n";
    if (options.list) {
      for (const Cell& cell : plan.cells()) out << cell.name() << "\n";
      return 0;
    }
    report_detail::initialize_benchmark(options);
    if (report_detail::has_flag(options, "--benchmark_list_tests") &&
        !report_detail::has_flag(options, "--benchmark_list_tests=false")) {
      run_benchmarks(
          plan.cells(), 1, [](const Cell&, std::size_t) { return BenchmarkReport{}; }, nullptr);
      return 0;
    }
    return report_detail::run_cells(options, plan, *model, open, out, err);
  });
}

}  // namespace quantlens::inline v0_1
