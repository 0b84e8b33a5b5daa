/// What bench_command_line.hpp declares, defined.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "quantlens/app/bench_command_line.hpp"
#include "quantlens/app/command_line.hpp"
#include "quantlens/app/engine_options.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/studies/studies.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace app_detail {

inline PromptChoice parse_prompt_choice(const std::string& text) {
  const std::vector<std::string> known{"auto", "plain", "trained"};  // in the order of the enumerators
  const auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) throw unknown_name("--prompts", text, known);
  return static_cast<PromptChoice>(found - known.begin());
}

inline void add_measured_options(CLI::App& app, BenchCommandLine& options, bool& limits) {
  app.option_defaults()->group("What is measured");
  add_path_option(app, "--model",
                  "A .gguf file, a Hugging Face folder, or a reference model: refworld-faithful, refworld-unfaithful, "
                  "refworld-small",
                  options.model, "MODEL");
  add_value_option(app, "--study",
                   "A published study: its columns, tasks and measures, shown beside the numbers that were published; "
                   "other flags change what it measures. There is: self-explanations",
                   {"STUDY"}, [&options](const std::string& value) { options.study = find_study(value).name; });
  // Before --formats, which so has the last word.
  add_value_option(app, "--columns", "Other formats for the columns of the study; the same as --formats", {"LIST"},
                   [&options](const std::string& value) { options.formats = parse_list("--columns", value); });
  add_list_option(app, "--formats", "Separated by commas", options.formats);
  add_list_option(app, "--tasks",
                  "task/protocol, or task for all of its protocols but cc_shap and cc_shap_cot; default: every task "
                  "whose data are here and whose prompts fit into the model's context",
                  options.tasks);
  add_path_option(app, "--data", "Data sets that tasks do not bring: DIR/<task>/...", options.data, "DIR");
  add_value_option(app, "--tasks-dir",
                   "Holds task folders, besides those that come with quantlens; may be given several times; of two "
                   "tasks with the same name the one that was given last counts",
                   {"DIR"}, [&options](const std::string& value) {
                     if (value.empty()) throw InputError("usage", "--tasks-dir takes a path; got ''");
                     options.tasks_dirs.emplace_back(value);
                   });
  add_value_option(app, "--prompts",
                   "auto: the prompts that the baseline's model was trained on, where a task has such for its name, "
                   "else the ordinary ones; plain: always these; trained: wherever there are",
                   {"SET", "auto"},
                   [&options](const std::string& value) { options.prompts = parse_prompt_choice(value); });
  add_value_option(app, "--protocol-options",
                   "Choices for protocols, separated by commas: [PROTOCOL.]OPTION=VALUE, such as label_score=mean",
                   {"LIST"}, [&options](const std::string& value) {
                     options.protocol_options.clear();
                     for (const std::string& choice : split_list(value))
                       options.protocol_options.push_back(parse_option_choice(choice));
                   });
  add_value_option(app, "--limit",
                   "The first N items of a seeded shuffle, the same for all formats, or all; default all of tasks "
                   "that --tasks names, else 100 of each",
                   {"N"}, [&](const std::string& value) {
                     limits = true;
                     options.limit.reset();
                     if (value != "all") options.limit = parse_whole_number("--limit", value, {});
                   });
  add_count_option(app, "--seed", "Of all that is drawn at random", options.seed, {0});
  add_value_option(app, "--baseline", "What deltas compare with: a format, or another model", {"B", options.baseline},
                   [&options](const std::string& value) { options.baseline = value; });
  add_path_option(app, "--encoder",
                  "The Hugging Face folder of a BERT or RoBERTa, such as all-MiniLM-L6-v2, for protocols that compare "
                  "meanings",
                  options.encoder, "DIR");
  add_path_option(app, "--bart",
                  "The Hugging Face folder of a BART, such as bart-large-cnn, for protocols that report BARTScore",
                  options.bart, "DIR");
  add_value_option(app, "--scorer",
                   "The model that says how fluent counterfactuals are, a file or the name of a reference model; by "
                   "default the model itself, unquantized",
                   {"MODEL"}, [&options](const std::string& value) { options.scorer = value; });
  add_real_option(app, "--max-failed-items",
                  "The share of a cell's items that may fail (too long, refused by the chat template) and are then "
                  "left out; more fail the cell",
                  options.max_failed_items, {0, 1, "share"});
}

inline void add_judge_options(CLI::App& app, JudgeOptions& judge) {
  app.option_defaults()->group("A judge, for protocols that ask one");
  add_value_option(app, "--judge",
                   "A model file of any kind, or the URL of an OpenAI-compatible endpoint, whose key is taken from "
                   "QUANTLENS_JUDGE_KEY, or over https from OPENAI_API_KEY",
                   {"MODEL|URL"}, [&judge](const std::string& value) { judge.source = value; });
  add_value_option(app, "--judge-model", "The endpoint's name for its model", {"NAME"},
                   [&judge](const std::string& value) { judge.model = value; });
  add_switch(app, "--judge-self", "Let the model under test be its own judge", judge.allow_self);
  add_path_option(app, "--judge-cache", "The endpoint's answers, so that none is paid for twice", judge.cache, "DIR");
  add_count_option(app, "--judge-max-requests", "Requests to the endpoint, those that fail included",
                   judge.max_requests);
  add_count_option(app, "--judge-max-tokens", "Tokens of its questions and answers", judge.max_tokens);
}

inline void add_run_options(CLI::App& app, BenchCommandLine& options) {
  app.option_defaults()->group("How it runs");
  add_threads_option(app, options.threads);
  add_batching_options(app, options.batch, options.chunk, options.shared_prefix);
  app.option_defaults()->group("Latency phase, one item at a time");
  add_count_option(app, "--latency-items", "Items of it", options.latency_items, {0});
  add_count_option(app, "--latency-rounds", "How often it goes round all formats", options.latency_rounds);
  add_count_option(app, "--latency-threads", "Its threads; one is what other work on the machine disturbs least",
                   options.latency_threads);
  app.option_defaults()->group("Calibration text");
  add_calibration_options(app, options.calibration);
}

inline void add_program_options(CLI::App& app, BenchCommandLine& options) {
  app.option_defaults()->group("Output");
  add_path_option(app, "--out", "results.json and items.jsonl; the same DIR resumes", options.out, "DIR");
  add_switch(app, "--quiet", "Nothing on standard error about how far the run is", options.quiet);
  add_switch(app, "--list", "Print the cells, one a line", options.list);
  add_switch(app, "--version", "Print the version", options.version);
  add_switch(app, "--help", "Print this help", options.help);
  app.footer(
      "--benchmark_* flags go to Google Benchmark, such as --benchmark_filter=REGEX, which sees cells as --list names "
      "them: 'nle/rtn-w8$'; '-REGEX' for all others.");
}

/// What a study asks for where no flag says otherwise: its columns, and no times.
inline void apply_study(const Study& study, BenchCommandLine& options) {
  options.formats.assign(study.columns.begin(), study.columns.end());
  options.latency_items = 0;
}

/// Calls use(app) with the options of the program; `limits` is set where the user gives a limit.
template <class Use>
void with_bench_app(BenchCommandLine& options, bool& limits, Use&& use) {
  CLI::App app("What each format of a model costs in quality, speed and memory.", "quantlens_bench");
  lay_out_help(app);
  app.set_help_flag();  // --help is a switch like others: what stands beside it is checked, too
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  add_measured_options(app, options, limits);
  add_judge_options(app, options.judge);
  add_run_options(app, options);
  add_program_options(app, options);
  use(app);
}

}  // namespace app_detail

QUANTLENS_INLINE BenchCommandLine parse_bench_command_line(std::span<const std::string> arguments) {
  const auto parsed_over = [&](BenchCommandLine options, bool& limits) {
    options.arguments.assign(arguments.begin(), arguments.end());
    app_detail::with_bench_app(options, limits, [&](CLI::App& app) {
      static_cast<void>(parse_command_line(app, arguments, &options.benchmark_arguments));
    });
    return options;
  };
  bool limits = false;
  BenchCommandLine options = parsed_over({}, limits);
  if (!options.study.empty()) {
    BenchCommandLine defaults;
    app_detail::apply_study(find_study(options.study), defaults);
    options = parsed_over(defaults, limits);
  }
  if (!limits && options.tasks.empty()) options.limit = unnamed_limit;
  return options;
}

QUANTLENS_INLINE std::string bench_help() {
  BenchCommandLine defaults;
  bool limits = false;
  std::string help;
  app_detail::with_bench_app(defaults, limits, [&](CLI::App& app) { help = app.help(); });
  return help;
}

}  // namespace quantlens::inline QUANTLENS_ABI
