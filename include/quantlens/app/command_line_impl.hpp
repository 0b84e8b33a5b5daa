/// What command_line.hpp declares, defined.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/app/command_line.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/report/plain_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE CLI::Option* add_value_option(CLI::App& app, const std::string& flag, const std::string& description,
                                               const ValueText& text, TakeValue take) {
  // each() gets the values as they are given, the callback what CLI11 makes of them.
  CLI::Option* option = app.add_option(
      flag, [](const CLI::results_t&) { return true; }, description);
  return option->each(std::move(take))->type_name(text.name)->default_str(text.default_text);
}

QUANTLENS_INLINE CLI::Option* add_switch(CLI::App& app, const std::string& flag, const std::string& description,
                                         bool& into, bool value) {
  return app.add_flag_callback(
      flag, [&into, value] { into = value; }, description);
}

QUANTLENS_INLINE CLI::Option* add_real_option(CLI::App& app, const std::string& flag, const std::string& description,
                                              double& into, const RealRange& range) {
  return add_value_option(app, flag, description, {"X", concat(into)}, [flag, &into, range](const std::string& value) {
    into = parse_real_number(flag, value, range);
  });
}

QUANTLENS_INLINE CLI::Option* add_list_option(CLI::App& app, const std::string& flag, const std::string& description,
                                              std::vector<std::string>& into) {
  std::string default_text;
  for (const std::string& name : into) default_text += (default_text.empty() ? "" : ",") + name;
  return add_value_option(app, flag, description, {"LIST", default_text},
                          [flag, &into](const std::string& value) { into = parse_list(flag, value); });
}

QUANTLENS_INLINE std::vector<std::string> parse_list(const std::string& flag, const std::string& value) {
  std::vector<std::string> names = split_list(value);
  if (names.empty()) throw InputError("usage", concat(flag, " takes a list such as a,b; got '", value, "'"));
  return names;
}

QUANTLENS_INLINE std::vector<std::string> split_list(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) parts.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

namespace app_detail {

inline constexpr std::size_t help_width = 120, help_column = 28;

/// Flags to the left; to the right, in lines that fit, what they do, their defaults and what they go with.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(help_column); }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    return Formatter::make_usage(app, std::move(name)) + "\n";
  }

  std::string make_group(std::string group, bool, std::vector<const CLI::Option*> options) const override {
    std::string out = group + ":\n";
    for (const CLI::Option* option : options) out += make_option(option, false);
    return out;
  }

  std::string make_option(const CLI::Option* option, bool) const override {
    const bool takes_value = option->get_items_expected_max() > 0;
    std::string lead = "  " + option->get_name(false, true);
    if (takes_value) lead += " " + option->get_type_name();
    lead.resize(std::max(lead.size() + 1, help_column), ' ');
    return wrapped(lead, make_option_desc(option));
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (!option->get_default_str().empty()) text += "; default " + option->get_default_str();
    if (option->get_required()) text += "; required";
    for (const CLI::Option* other : option->get_needs()) text += "; only with " + other->get_name();
    for (const CLI::Option* other : option->get_excludes()) text += "; not with " + other->get_name();
    return text;
  }

  std::string make_footer(const CLI::App* app) const override {
    return app->get_footer().empty() ? "" : wrapped("", app->get_footer());
  }

 private:
  /// `lead` takes the left column of the first line.
  static std::string wrapped(const std::string& lead, const std::string& text) {
    std::istringstream stream(text);
    const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
    return report_detail::wrapped_words(words, help_width, lead.empty() ? 0 : help_column, lead);
  }
};

inline std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// Errors: InputError with the nearest known name.
inline const CLI::App& find_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::App* command : commands_of(app)) {
    if (command->get_name() == name) return *command;
    known.push_back(command->get_name());
  }
  throw unknown_name("command", name, known);
}

inline bool takes_positionals(const CLI::App& command) {
  return !command.get_options([](const CLI::Option* option) { return option->get_positional(); }).empty();
}

inline InputError unknown_flag(const CLI::App& command, const std::string& flag, bool takes_benchmark) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  if (takes_benchmark) known.emplace_back("--benchmark_*");
  return unknown_name("flag", flag, known);
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

/// Known flags, each with its value as an argument of its own. CLI11 itself reads `--flag=` as a flag whose value
/// follows, lets a switch have a value, and takes `--` for no mistake.
inline std::vector<std::string> checked_arguments(const CLI::App& app, std::span<const std::string> arguments,
                                                  std::vector<std::string>* benchmark_arguments) {
  std::vector<std::string> checked;
  const CLI::App* command = &app;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (benchmark_arguments != nullptr && argument.starts_with("--benchmark_")) {
      check_benchmark_flag(argument);
      benchmark_arguments->push_back(argument);
      continue;
    }
    if (!argument.starts_with('-') && !commands_of(*command).empty()) {
      command = &find_command(*command, argument);
      checked.push_back(argument);
      continue;
    }
    if (!argument.starts_with('-') && takes_positionals(*command)) {
      checked.push_back(argument);
      continue;
    }
    const std::size_t equals = argument.find('=');
    const std::string flag = argument.substr(0, equals);
    const CLI::Option* option = command->get_option_no_throw(flag);
    if (option == nullptr) throw unknown_flag(*command, flag, benchmark_arguments != nullptr);
    const bool takes_value = option->get_items_expected_max() > 0, has_value = equals != std::string::npos;
    if (has_value && !takes_value)
      throw InputError("unknown_name", concat("unknown flag '", argument, "': ", flag, " takes no value"));
    checked.push_back(flag);
    if (!takes_value) continue;
    if (!has_value && i + 1 == arguments.size()) throw InputError("usage", flag + " needs a value");
    checked.push_back(has_value ? argument.substr(equals + 1) : arguments[++i]);
  }
  return checked;
}

}  // namespace app_detail

QUANTLENS_INLINE void lay_out_help(CLI::App& app) { app.formatter(std::make_shared<app_detail::HelpFormatter>()); }

QUANTLENS_INLINE std::optional<std::string> parse_command_line(CLI::App& app, std::span<const std::string> arguments,
                                                               std::vector<std::string>* benchmark_arguments) {
  std::vector<std::string> checked = app_detail::checked_arguments(app, arguments, benchmark_arguments);
  std::reverse(checked.begin(), checked.end());  // as CLI11 wants them
  try {
    app.parse(checked);
  } catch (const CLI::Success& asked) {
    std::ostringstream text;
    app.exit(asked, text, text);
    return text.str();
  } catch (const CLI::ParseError& error) {
    throw InputError("usage", concat(error.what(), "; --help lists what there is"));
  }
  return std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
