/// What register.hpp declares, defined.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <regex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/bench/register.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/parse_number.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::size_t asked_repetitions(std::span<const std::string> benchmark_arguments) {
  constexpr std::string_view flag = "--benchmark_repetitions=";
  std::size_t repetitions = 1;
  for (const std::string& argument : benchmark_arguments)
    if (argument.starts_with(flag))
      repetitions = parse_whole_number("--benchmark_repetitions", std::string_view(argument).substr(flag.size()), {});
  return repetitions;
}

QUANTLENS_INLINE std::vector<Cell> filtered_cells(std::vector<Cell> cells, std::string filter) {
  if (filter.empty() || filter == "all") return cells;
  const bool excludes = filter.starts_with('-');
  if (excludes) filter.erase(0, 1);
  try {
    const std::regex expression(filter, std::regex::extended);
    std::erase_if(cells, [&](const Cell& cell) { return std::regex_search(cell.name(), expression) == excludes; });
  } catch (const std::regex_error& error) {
    throw InputError("filter", concat("--benchmark_filter: '", filter, "' is no regular expression: ", error.what()));
  }
  if (cells.empty()) throw InputError("filter", "--benchmark_filter names no cell; --list without it shows them all");
  return cells;
}

QUANTLENS_INLINE void run_benchmarks(std::span<const Cell> cells, std::size_t repetitions,
                                     const std::function<BenchmarkReport(const Cell&, std::size_t)>& report,
                                     benchmark::BenchmarkReporter* display, benchmark::BenchmarkReporter* file) {
  std::vector<std::size_t> calls(cells.size(), 0);
  benchmark::ClearRegisteredBenchmarks();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto run = [&, i](benchmark::State& state) {
      const BenchmarkReport of_cell = report(cells[i], calls[i]++ % repetitions);
      if (!of_cell.error.empty()) return state.SkipWithError(of_cell.error.c_str());
      for ([[maybe_unused]] auto iteration : state) state.SetIterationTime(of_cell.seconds);
      for (const auto& [name, value] : of_cell.counters)
        if (std::isfinite(value)) state.counters[counter_prefix + name] = value;
    };
    benchmark::RegisterBenchmark(cells[i].name().c_str(), run)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kSecond);
  }
  benchmark::RunSpecifiedBenchmarks(display, file, ".");
  benchmark::ClearRegisteredBenchmarks();
}

}  // namespace quantlens::inline QUANTLENS_ABI
