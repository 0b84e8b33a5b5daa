/// Command lines of our programs by CLI11: options whose values we check, help that a terminal shows whole, our errors.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "quantlens/core/parse_number.hpp"
#include "quantlens/version.hpp"

// CLI11 itself is included by the definitions, and by programs that add options of their own.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace quantlens::inline QUANTLENS_ABI {

/// How an option's value is called in the help, and what it is where nobody gives one; empty: the help names none.
struct ValueText {
  std::string name, default_text = {};
};

/// What happens to each value of an option, in the order in which they are given. Throws InputError for a wrong one.
using TakeValue = std::function<void(const std::string& value)>;

/// Adds `flag VALUE`.
CLI::Option* add_value_option(CLI::App& app, const std::string& flag, const std::string& description,
                              const ValueText& text, TakeValue take);

/// Adds `flag` alone, which sets `into` to `value`.
CLI::Option* add_switch(CLI::App& app, const std::string& flag, const std::string& description, bool& into,
                        bool value = true);

/// A path that is not empty. Its default is shown where there is one.
template <class Path>
CLI::Option* add_path_option(CLI::App& app, const std::string& flag, const std::string& description, Path& into,
                             const std::string& name = "FILE") {
  return add_value_option(app, flag, description, {name, std::filesystem::path(into).string()},
                          [flag, &into](const std::string& value) {
                            if (value.empty()) throw InputError("usage", flag + " takes a path; got ''");
                            into = value;
                          });
}

/// A whole number into an unsigned integer, whose default is shown, or into an optional one. `range` fits its type.
template <class Count>
CLI::Option* add_count_option(CLI::App& app, const std::string& flag, const std::string& description, Count& into,
                              const WholeRange& range = {}) {
  std::string default_text;
  if constexpr (!std::is_same_v<Count, std::optional<std::size_t>>) default_text = std::to_string(into);
  return add_value_option(app, flag, description, {"N", default_text}, [flag, &into, range](const std::string& value) {
    into = parse_whole_number(flag, value, range);
  });
}

CLI::Option* add_real_option(CLI::App& app, const std::string& flag, const std::string& description, double& into,
                             const RealRange& range);

/// Names separated by commas, one at least.
CLI::Option* add_list_option(CLI::App& app, const std::string& flag, const std::string& description,
                             std::vector<std::string>& into);

/// The names of a list option. Errors: InputError for none.
[[nodiscard]] std::vector<std::string> parse_list(const std::string& flag, const std::string& value);

/// "a,b,,c" -> a b c.
[[nodiscard]] std::vector<std::string> split_list(std::string_view list);

/// For an app without options and commands so far: its help and that of its commands is laid out in two columns.
void lay_out_help(CLI::App& app);

/// Reads the arguments after the program's name, as `--flag value` or `--flag=value`. The app is one command or has
/// commands, of which the first argument that is no flag is one. Every --benchmark_* goes to `benchmark_arguments`,
/// where there is one. Returns what a help or version flag asks to print instead of any work.
/// Errors: InputError for an unknown flag or command (with the nearest known one), for a value that is missing or
/// malformed, and for flags that are missing or do not go together.
[[nodiscard]] std::optional<std::string> parse_command_line(CLI::App& app, std::span<const std::string> arguments,
                                                            std::vector<std::string>* benchmark_arguments = nullptr);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/command_line_impl.hpp"
#endif
