/// What benchmark_output.hpp declares, defined.
#pragma once

#include <benchmark/benchmark.h>

#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/bench/cell.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/report/benchmark_output.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// Google Benchmark's console reporter prints times only; ours stays silent, and the tables come after all cells.
class SilentReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

/// Gives every run every counter and makes each number finite: CSV aborts where runs differ in their counters, JSON
/// writes bare NaN, which aggregates over repetitions are full of (0 / 0 for a coefficient of variation). What is
/// missing or undefined is 0.
template <class Reporter>
class CompleteReporter final : public Reporter {
 public:
  explicit CompleteReporter(std::set<std::string> counters) : counters_(std::move(counters)) {}

  void ReportRuns(const std::vector<benchmark::BenchmarkReporter::Run>& runs) override {
    std::vector<benchmark::BenchmarkReporter::Run> complete = runs;
    for (auto& run : complete) {
      for (const std::string& name : counters_) run.counters.try_emplace(name, 0);
      for (auto& [name, counter] : run.counters) make_finite(counter.value);
      make_finite(run.real_accumulated_time);
      make_finite(run.cpu_accumulated_time);
    }
    Reporter::ReportRuns(complete);
  }

 private:
  static void make_finite(double& value) {
    if (!std::isfinite(value)) value = 0;
  }

  std::set<std::string> counters_;
};

/// What a --benchmark_<name>= flag says, or the environment in its place, as Google Benchmark reads them.
inline std::string benchmark_flag(std::span<const std::string> arguments, std::string_view name) {
  std::string variable = concat("BENCHMARK_", name), value;
  for (char& c : variable) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (const char* set = std::getenv(variable.c_str())) value = set;
  const std::string flag = concat("--benchmark_", name, "=");
  for (const std::string& argument : arguments)
    if (argument.starts_with(flag)) value = argument.substr(flag.size());
  return value;
}

// Google Benchmark means to drop its CSV one day, and says so wherever it is named.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
using CsvReporter = CompleteReporter<benchmark::CSVReporter>;

/// None for a format that needs no help.
inline std::unique_ptr<benchmark::BenchmarkReporter> complete_reporter(std::string_view format,
                                                                       const std::set<std::string>& counters) {
  if (format == "json") return std::make_unique<CompleteReporter<benchmark::JSONReporter>>(counters);
  if (format == "csv") return std::make_unique<CsvReporter>(counters);
  return nullptr;
}
#pragma GCC diagnostic pop

/// It does not notice a full disk itself. Errors: Error naming the file.
inline void check_benchmark_out(const std::string& path, std::string_view format) {
  std::error_code error;
  // A pipe or /dev/null cannot be read back.
  if (path.empty() || format != "json" || !std::filesystem::is_regular_file(path, error)) return;
  if (!nlohmann::json::accept(MappedFile::open(path).text()))
    throw Error("write", concat(path, " is incomplete; is the disk full?"));
}

}  // namespace report_detail

QUANTLENS_INLINE void check_benchmark_path(std::span<const std::string> benchmark_arguments) {
  const std::string path = report_detail::benchmark_flag(benchmark_arguments, "out");
  std::error_code error;
  const bool is_special = std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error) &&
                          !std::filesystem::is_directory(path, error);
  if (path.empty() || is_special || std::ofstream(path, std::ios::app)) return;
  throw InputError("file", concat("--benchmark_out: cannot write to ", path, ": ", std::strerror(errno)));
}

QUANTLENS_INLINE bool has_own_console(std::span<const std::string> benchmark_arguments) {
  const std::string format = report_detail::benchmark_flag(benchmark_arguments, "format");
  return format.empty() || format == "console";
}

QUANTLENS_INLINE void report_benchmarks(std::span<const ReportedCell> reported, std::size_t repetitions,
                                        std::span<const std::string> benchmark_arguments, std::ostream& out) {
  using namespace report_detail;
  if (reported.empty()) return;
  std::set<std::string> counters;
  std::vector<Cell> cells;
  for (const ReportedCell& cell : reported) {
    cells.push_back(cell.cell);
    for (const BenchmarkReport& report : cell.repetitions)
      for (const auto& [name, value] : report.counters) counters.insert(counter_prefix + name);
  }
  std::unique_ptr<benchmark::BenchmarkReporter> display = std::make_unique<SilentReporter>(), file;
  if (!has_own_console(benchmark_arguments))
    display = complete_reporter(benchmark_flag(benchmark_arguments, "format"), counters);
  if (display) display->SetOutputStream(&out);
  const std::string path = benchmark_flag(benchmark_arguments, "out");
  std::string format = benchmark_flag(benchmark_arguments, "out_format");
  if (format.empty()) format = "json";
  if (!path.empty()) file = complete_reporter(format, counters);
  const auto serve = [&](const Cell& cell, std::size_t repetition) {
    for (const ReportedCell& candidate : reported)
      if (candidate.cell == cell && repetition < candidate.repetitions.size()) return candidate.repetitions[repetition];
    return BenchmarkReport{"not run", 0, {}};
  };
  run_benchmarks(cells, repetitions, serve, display.get(), file.get());
  check_benchmark_out(path, format);
}

}  // namespace quantlens::inline QUANTLENS_ABI
