/// The command line of quantlens_bench.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/protocols/protocol_options.hpp"

namespace quantlens::inline v0_1 {

/// Which prompts of a task are used, on both sides of every pair: those that the baseline's model was trained on where
/// the task has such for its name, always the ordinary ones, or the trained ones whatever the model.
enum class PromptChoice { automatic, plain, trained };

/// Items of each task where the user names none: with the built-in tasks a run of some minutes, which shows differences
/// of 9 points where a tenth of the pairs are discordant.
inline constexpr std::size_t unnamed_limit = 100;

/// Everything a user may ask of the main job.
struct BenchOptions {
  std::filesystem::path model = "refworld-faithful";  ///< a path, or the name of a reference model
  std::vector<std::string> formats{"full", "rtn-w8", "rtn-w4-g32"};
  std::vector<std::string>
      tasks;                   ///< `task/protocol`, or `task` for all of its protocols; empty: all whose data are here
  std::filesystem::path data;  ///< holds DIR/<task>/...; empty: only tasks that bring their data
  std::filesystem::path tasks_dir;
  std::filesystem::path out = "./quantlens-out";
  std::string baseline = "full";  ///< a format, or another model
  PromptChoice prompts = PromptChoice::automatic;
  std::vector<OptionChoice> protocol_options;  ///< choices for protocols
  std::optional<std::size_t> limit;            ///< items of each task; none: all of them
  std::optional<std::size_t> threads;          ///< none: all processors
  std::optional<std::size_t> chunk;            ///< prompt tokens per forward pass; none: the engine's choice
  std::size_t batch = 16;                      ///< items per slice, and sequences per forward pass
  std::size_t latency_items = 6;
  std::size_t latency_rounds = 5;
  std::size_t latency_threads = 1;
  double max_failed_items = 0.05;           ///< share of a cell's items that may fail before the cell does
  std::filesystem::path calibration;        ///< text for formats that look at some; empty: our own
  std::size_t calibration_sequences = 128;  ///< windows of it
  std::size_t calibration_length = 512;     ///< tokens of a window
  std::uint64_t seed = 0;
  bool shared_prefix = true;
  bool quiet = false;
  bool list = false;
  bool version = false;
  bool help = false;
  std::vector<std::string> benchmark_arguments;  ///< every --benchmark_* flag, for Google Benchmark
  std::vector<std::string> arguments;            ///< the whole command line, as given
};

/// What `--help` prints.
inline constexpr std::string_view bench_usage =
    R"(quantlens_bench [options]: what each format of a model costs in quality, speed and memory

  --model MODEL        a .gguf file, a Hugging Face folder, or a reference model: refworld-faithful (default),
                       refworld-unfaithful, refworld-small
  --formats LIST       default full,rtn-w8,rtn-w4-g32
  --tasks LIST         task/protocol, or task for all of its protocols; default: every task whose data are here and
                       whose prompts fit into the model's context
  --data DIR           data sets that tasks do not bring: DIR/<task>/...
  --tasks-dir DIR      where the task folders are
  --prompts SET        auto (default): the prompts that the baseline's model was trained on, where a task has such
                       for its name, else the ordinary ones; plain: always these; trained: wherever there are
  --protocol-options LIST
                       choices for protocols, [PROTOCOL.]OPTION=VALUE, such as label_score=mean
  --limit N            the first N items of a seeded shuffle, the same for all formats, or all; default all of
                       tasks that --tasks names, else 100 of each
  --threads T          default: as many as affinity, cgroup quota and OMP_NUM_THREADS allow
  --out DIR            results.json and items.jsonl; the same DIR resumes; default ./quantlens-out
  --seed S             default 0
  --baseline B         what deltas compare with: a format, or another model; default full
  --calibration FILE   text or JSON lines that gptq and awq look at; default: a set of our own
  --calibration-sequences N, --calibration-length N
                       its first windows, of so many tokens each; default 128 of 512
  --latency-items N    items of the latency phase, one at a time; default 6
  --latency-rounds N   how often it goes round all formats; default 5
  --latency-threads T  its threads; default 1, which other work on the machine disturbs least
  --max-failed-items S the share of a cell's items that may fail (too long, refused by the chat template) and are
                       then left out; more fail the cell; default 0.05
  --batch N            items at a time in the quality phase; default 16
  --chunk N            prompt tokens at a time
  --no-shared-prefix   compute shared prompt prefixes anew for each item
  --quiet              nothing on standard error about how far the run is
  --list               print the cells, one a line
  --version, --help
  --benchmark_*        Google Benchmark's own, such as --benchmark_filter=REGEX, which sees cells as --list names
                       them: 'nle/rtn-w8$'; '-REGEX' for all others
)";

/// "a,b,,c" -> a b c.
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

namespace bench_detail {

template <class Integer>
Integer parse_integer(std::string_view flag, std::string_view text, Integer least) {
  Integer value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least)
    throw InputError("usage", concat(flag, " takes a whole number from ", least, "; got '", text, "'"));
  return value;
}

}  // namespace bench_detail

/// Reads the arguments after the program's name, as `--flag value` or `--flag=value`.
/// Errors: InputError for an unknown flag (with the nearest known one), a missing or malformed value.
[[nodiscard]] BenchOptions parse_bench_options(std::span<const std::string> arguments);

}  // namespace quantlens::inline v0_1

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/options_impl.hpp"
#endif
