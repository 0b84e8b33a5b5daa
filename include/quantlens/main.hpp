/// QUANTLENS_MAIN(): the main job as a program of one line.
#pragma once

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "quantlens/app/bench_program.hpp"
#include "quantlens/bench/session_provider.hpp"
#include "quantlens/io/truncated_file.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Runs quantlens_bench on a command line; returns the exit status.
[[nodiscard]] inline int bench_main(int argc, char** argv) {
  install_truncated_file_handler();
  const OpenModel open = [](const std::filesystem::path& path, const BenchOptions& options) {
    return std::make_unique<SessionProvider>(path, options);
  };
  return run_bench_program(std::vector<std::string>(argv + 1, argv + argc), open, std::cout, std::cerr);
}

}  // namespace quantlens::inline QUANTLENS_ABI

/// Defines main().
#define QUANTLENS_MAIN() \
  int main(int argc, char** argv) { return quantlens::bench_main(argc, argv); }
