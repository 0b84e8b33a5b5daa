/// The flags of the engine and of calibration text, the same in every program that has them.
#pragma once

#include <cstddef>
#include <string>

#include "quantlens/app/command_line.hpp"
#include "quantlens/models/calibration_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

inline constexpr WholeRange thread_range{1, 4096};
/// Of sequences, windows and tokens.
inline constexpr WholeRange size_range{1, std::size_t{1} << 30};

/// Each of these is a number, or one that need not be given.
template <class Threads>
CLI::Option* add_threads_option(CLI::App& app, Threads& threads) {
  return add_value_option(
      app, "--threads", "Threads; default: as many as affinity, cgroup quota and OMP_NUM_THREADS allow", {"T"},
      [&threads](const std::string& value) { threads = parse_whole_number("--threads", value, thread_range); });
}

template <class Chunk>
CLI::Option* add_chunk_option(CLI::App& app, Chunk& chunk) {
  return add_count_option(app, "--chunk", "Prompt tokens at a time", chunk, size_range);
}

/// --batch, --chunk and --no-shared-prefix.
template <class Chunk>
void add_batching_options(CLI::App& app, std::size_t& batch, Chunk& chunk, bool& shared_prefix) {
  add_count_option(app, "--batch", "Items or sequences at a time", batch, size_range);
  add_chunk_option(app, chunk);
  add_switch(app, "--no-shared-prefix", "Compute shared prompt prefixes anew for each sequence", shared_prefix, false);
}

/// --calibration, --calibration-sequences and --calibration-length.
inline void add_calibration_options(CLI::App& app, CalibrationOptions& calibration) {
  add_path_option(app, "--calibration", "Text or JSON lines that gptq and awq look at; default: a set of our own",
                  calibration.file);
  add_count_option(app, "--calibration-sequences", "Its first windows", calibration.sequences, size_range);
  add_count_option(app, "--calibration-length", "Tokens of a window", calibration.length, {1, std::size_t{1} << 20});
}

}  // namespace quantlens::inline QUANTLENS_ABI
