/// Google Benchmark's own outputs of runs that were measured before: strict JSON and CSV, whatever the runs hold.
#pragma once

#include <cstddef>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/register.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A cell and what Google Benchmark shows of it, one report for each repetition.
struct ReportedCell {
  Cell cell;
  std::vector<BenchmarkReport> repetitions;
};

/// Google Benchmark itself would end the program, after everything was measured. Errors: InputError where the file of
/// --benchmark_out cannot be written.
void check_benchmark_path(std::span<const std::string> benchmark_arguments);

/// Whether --benchmark_format leaves standard output to us.
[[nodiscard]] bool has_own_console(std::span<const std::string> benchmark_arguments);

/// Writes what --benchmark_format and --benchmark_out ask for; `out` is standard output. Nothing of no cells.
/// Errors: Error where a file is incomplete.
void report_benchmarks(std::span<const ReportedCell> reported, std::size_t repetitions,
                       std::span<const std::string> benchmark_arguments, std::ostream& out);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/benchmark_output_impl.hpp"
#endif
