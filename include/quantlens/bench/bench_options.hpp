/// What a run of the bench is asked to measure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/asking/protocol_options.hpp"
#include "quantlens/models/calibration_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Which prompts of a task are used, on both sides of every pair: those that the baseline's model was trained on where
/// the task has such for its name, always the ordinary ones, or the trained ones whatever the model.
enum class PromptChoice { automatic, plain, trained };

/// Items of each task where the user names none: with the built-in tasks a run of some minutes, which shows differences
/// of 9 points where a tenth of the pairs are discordant.
inline constexpr std::size_t unnamed_limit = 100;

/// Another model that rates answers.
struct JudgeOptions {
  std::string source;       ///< a path, the name of a reference model, or the URL of an endpoint; empty: there is none
  std::string model;        ///< the endpoint's name for its model
  bool allow_self = false;  ///< whether the model under test may be its own judge
  std::filesystem::path cache;          ///< an endpoint's answers are kept here; empty: for this run alone
  std::size_t max_requests = 10'000;    ///< to an endpoint
  std::size_t max_tokens = 10'000'000;  ///< of an endpoint's questions and answers together
};

struct BenchOptions {
  std::filesystem::path model = "refworld-faithful";  ///< a path, or the name of a reference model
  std::string study;  ///< the published study that formats and tasks are of; empty: none
  std::vector<std::string> formats{"full", "rtn-w8", "rtn-w4-g32"};
  std::vector<std::string>
      tasks;                   ///< `task/protocol`, or `task` for all of its protocols; empty: all whose data are here
  std::filesystem::path data;  ///< holds DIR/<task>/...; empty: only tasks that bring their data
  std::string baseline = "full";  ///< a format, or another model
  std::filesystem::path encoder;  ///< the folder of a BERT, which compares meanings; empty: none
  std::filesystem::path bart;     ///< the folder of a BART, which scores texts given others; empty: none
  std::string scorer;             ///< a model that says how fluent texts are; empty: the model's own `full`
  PromptChoice prompts = PromptChoice::automatic;
  std::vector<OptionChoice> protocol_options;
  std::optional<std::size_t> limit;    ///< items of each task; none: all of them
  std::optional<std::size_t> threads;  ///< none: all processors
  std::optional<std::size_t> chunk;    ///< prompt tokens per forward pass; none: the engine's choice
  std::size_t batch = 16;              ///< items per slice, and sequences per forward pass
  bool shared_prefix = true;
  std::size_t latency_items = 6;
  std::size_t latency_rounds = 5;
  std::size_t latency_threads = 1;
  double max_failed_items = 0.05;  ///< share of a cell's items that may fail before the cell does
  CalibrationOptions calibration;  ///< for formats that look at text
  JudgeOptions judge;
  std::uint64_t seed = 0;
  std::vector<std::string> arguments;  ///< the whole command line, as given
};

}  // namespace quantlens::inline QUANTLENS_ABI
