/// What options.hpp declares, defined.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/bench/options.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"

namespace quantlens::inline v0_1 {

QUANTLENS_INLINE std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

namespace bench_detail {

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

QUANTLENS_INLINE BenchOptions parse_bench_options(std::span<const std::string> arguments) {
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
      {"--protocol-options",
       [&](const auto& flag, const auto& value) {
         options.protocol_options.clear();
         for (const std::string& choice : bench_detail::parse_list(flag, value))
           options.protocol_options.push_back(parse_option_choice(choice));
       }},
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
