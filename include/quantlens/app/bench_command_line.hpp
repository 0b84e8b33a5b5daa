/// The command line of quantlens_bench.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/bench_options.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What is to be measured, and what the program does with it.
struct BenchCommandLine : BenchOptions {
  std::vector<std::filesystem::path> tasks_dirs;  ///< besides those that come with quantlens
  std::filesystem::path out = "./quantlens-out";
  bool quiet = false;
  bool list = false;
  bool version = false;
  bool help = false;
  std::vector<std::string> benchmark_arguments;  ///< every --benchmark_* flag, for Google Benchmark
};

/// Reads the arguments after the program's name, as `--flag value` or `--flag=value`; of a flag that is given again the
/// last value counts, but every --tasks-dir.
/// Errors: InputError for an unknown flag (with the nearest known one), a missing or malformed value.
[[nodiscard]] BenchCommandLine parse_bench_command_line(std::span<const std::string> arguments);

/// What `--help` prints.
[[nodiscard]] std::string bench_help();

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/bench_command_line_impl.hpp"
#endif
