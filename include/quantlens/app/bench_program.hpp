/// The main job from command line to exit status: plan, measure, write, show.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <span>
#include <string>

#include "quantlens/bench/host.hpp"
#include "quantlens/bench/model_provider.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// The other model that a baseline names; none where it is a format, whatever lies in the working folder.
std::optional<std::filesystem::path> baseline_model(const std::string& baseline);

/// Errors: InputError for a flag that Google Benchmark does not take.
void initialize_benchmark(std::span<const std::string> benchmark_arguments);

}  // namespace report_detail

/// Runs quantlens_bench on the arguments after the program's name. Data go to `out`, everything else to `err`. `host`
/// is what it runs on, `own_tasks` holds the tasks that come with quantlens. Returns the exit status: 0; 1 where a cell
/// or a file failed; 2 for wrong use or bad input; 130 or 143 after a signal.
[[nodiscard]] int run_bench_program(std::span<const std::string> arguments, const OpenModel& open, std::ostream& out,
                                    std::ostream& err, const Host& host = {},
                                    const std::filesystem::path& own_tasks = find_data_folder("tasks"));

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/bench_program_impl.hpp"
#endif
