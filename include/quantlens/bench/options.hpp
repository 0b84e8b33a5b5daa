/// The command line of quantlens_bench.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"

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
  std::optional<std::size_t> limit;    ///< items of each task; none: all of them
  std::optional<std::size_t> threads;  ///< none: all processors
  std::optional<std::size_t> chunk;    ///< prompt tokens per forward pass; none: the engine's choice
  std::size_t batch = 16;              ///< items per slice, and sequences per forward pass
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
[[nodiscard]] inline std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

namespace bench_detail {

template <class Integer>
Integer parse_integer(std::string_view flag, std::string_view text, Integer least) {
  Integer value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || value < least)
    throw InputError("usage", concat(flag, " takes a whole number from ", least, "; got '", text, "'"));
  return value;
}

inline double parse_share(std::string_view flag, std::string_view text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 1))
    throw InputError("usage", concat(flag, " takes a share from 0 to 1; got '", text, "'"));
  return value;
}

inline std::vector<std::string> parse_list(std::string_view flag, std::string_view text) {
  std::vector<std::string> parts = split_list(text);
  if (parts.empty()) throw InputError("usage", concat(flag, " takes a list such as a,b; got '", text, "'"));
  return parts;
}

inline PromptChoice parse_prompt_choice(std::string_view flag, const std::string& text) {
  const std::vector<std::string> known{"auto", "plain", "trained"};  // in the order of the enumerators
  const auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) throw unknown_name(flag, text, known);
  return static_cast<PromptChoice>(found - known.begin());
}

/// Google Benchmark prints its usage and exits with 0 on these, so they are checked here.
inline void check_benchmark_flag(std::string_view argument) {
  for (const std::string_view flag : {"--benchmark_format=", "--benchmark_out_format="}) {
    if (!argument.starts_with(flag)) continue;
    const std::string value(argument.substr(flag.size()));
    const std::vector<std::string> known{"console", "json", "csv"};
    if (std::find(known.begin(), known.end(), value) == known.end())
      throw unknown_name(flag.substr(0, flag.size() - 1), value, known);
  }
}

}  // namespace bench_detail

/// Reads the arguments after the program's name, as `--flag value` or `--flag=value`.
/// Errors: InputError for an unknown flag (with the nearest known one), a missing or malformed value.
[[nodiscard]] inline BenchOptions parse_bench_options(std::span<const std::string> arguments) {
  using bench_detail::parse_integer;
  BenchOptions options;
  options.arguments.assign(arguments.begin(), arguments.end());

  using Take = std::function<void(const std::string&, const std::string&)>;
  const auto path = [](std::filesystem::path& into) {
    return [&into](const std::string& flag, const std::string& value) {
      if (value.empty()) throw InputError("usage", flag + " takes a path; got ''");
      into = value;
    };
  };
  const auto list = [](std::vector<std::string>& into) {
    return [&into](const auto& flag, const auto& value) { into = bench_detail::parse_list(flag, value); };
  };
  const auto count = [](auto& into, std::size_t least) {
    return [&into, least](const auto& flag, const auto& value) { into = parse_integer(flag, value, least); };
  };
  bool limits = false;
  const std::vector<std::pair<std::string, Take>> with_value{
      {"--model", path(options.model)},
      {"--formats", list(options.formats)},
      {"--tasks", list(options.tasks)},
      {"--data", path(options.data)},
      {"--tasks-dir", path(options.tasks_dir)},
      {"--prompts",
       [&](const auto& flag, const auto& value) { options.prompts = bench_detail::parse_prompt_choice(flag, value); }},
      {"--limit",
       [&](const auto& flag, const auto& value) {
         limits = true;
         options.limit.reset();
         if (value != "all") options.limit = parse_integer(flag, value, std::size_t{1});
       }},
      {"--threads", count(options.threads, 1)},
      {"--out", path(options.out)},
      {"--seed",
       [&](const auto& flag, const auto& value) { options.seed = parse_integer(flag, value, std::uint64_t{0}); }},
      {"--batch", count(options.batch, 1)},
      {"--chunk", count(options.chunk, 1)},
      {"--latency-items", count(options.latency_items, 0)},
      {"--latency-rounds", count(options.latency_rounds, 1)},
      {"--latency-threads", count(options.latency_threads, 1)},
      {"--max-failed-items",
       [&](const auto& flag, const auto& value) { options.max_failed_items = bench_detail::parse_share(flag, value); }},
      {"--calibration", path(options.calibration)},
      {"--calibration-sequences", count(options.calibration_sequences, 1)},
      {"--calibration-length", count(options.calibration_length, 1)},
      {"--baseline", [&](const auto&, const auto& value) { options.baseline = value; }},
  };
  const std::vector<std::pair<std::string, std::function<void()>>> alone{
      {"--no-shared-prefix", [&] { options.shared_prefix = false; }},
      {"--quiet", [&] { options.quiet = true; }},
      {"--list", [&] { options.list = true; }},
      {"--version", [&] { options.version = true; }},
      {"--help", [&] { options.help = true; }},
  };
  const auto find = [](const auto& flags, std::string_view name) {
    return std::find_if(flags.begin(), flags.end(), [&](const auto& flag) { return flag.first == name; });
  };

  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument.starts_with("--benchmark_")) {
      bench_detail::check_benchmark_flag(argument);
      options.benchmark_arguments.push_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (const auto flag = find(with_value, name); flag != with_value.end()) {
      if (equals == std::string::npos && i + 1 == arguments.size()) throw InputError("usage", name + " needs a value");
      flag->second(name, equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1));
    } else if (const auto switch_flag = find(alone, argument); switch_flag != alone.end()) {
      switch_flag->second();
    } else {
      std::vector<std::string> known;
      for (const auto& entry : with_value) known.push_back(entry.first);
      for (const auto& entry : alone) known.push_back(entry.first);
      known.emplace_back("--benchmark_*");
      throw unknown_name("flag", name, known);
    }
  }
  if (!limits && options.tasks.empty()) options.limit = unnamed_limit;
  return options;
}

}  // namespace quantlens::inline v0_1
