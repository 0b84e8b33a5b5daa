/// Cells as Google Benchmarks.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <functional>
#include <map>
#include <regex>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/cell.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a Google Benchmark shows of a cell. Counters are called ql_*, because its JSON puts them beside its own keys.
struct BenchmarkReport {
  std::string error;  ///< empty: ok
  double seconds = 0;
  std::map<std::string, double> counters;
};

inline constexpr const char* counter_prefix = "ql_";

/// The number that a --benchmark_repetitions flag asks for.
[[nodiscard]] std::size_t asked_repetitions(std::span<const std::string> benchmark_arguments);

/// The cells that --benchmark_filter (or BENCHMARK_FILTER) names, as Google Benchmark reads it: an extended regular
/// expression to be found anywhere in a cell's name, or nowhere in it where a '-' leads the expression. All of them
/// without a filter. Errors: InputError for a malformed expression, and where no cell is named.
[[nodiscard]] std::vector<Cell> filtered_cells(std::vector<Cell> cells, std::string filter);

/// Registers each cell, runs it, and shows what `report` says of it.
///
/// Each runs one iteration under manual time, because what was measured before takes no time and would be run 10^9
/// times. Google Benchmark does not tell the repetition, so calls are counted; its warm-up, where asked for, calls once
/// more, which `report` then serves again. Reporters may be null: then what the flags ask for.
void run_benchmarks(std::span<const Cell> cells, std::size_t repetitions,
                    const std::function<BenchmarkReport(const Cell&, std::size_t)>& report,
                    benchmark::BenchmarkReporter* display, benchmark::BenchmarkReporter* file = nullptr);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/register_impl.hpp"
#endif
