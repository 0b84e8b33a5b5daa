/// What the commands of the quantlens tool share: how they are registered and which options several of them take.
#pragma once

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/app/engine_options.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/runtime/engine.hpp"

namespace quantlens::tool {

/// A command's work, once the command line is read; data go to the stream.
using Work = std::function<void(std::ostream&)>;

/// Adds a subcommand. `Options` has `add_to(CLI::App&)`, and `run(std::ostream&)` for when the command is chosen.
template <class Options>
void add_command(CLI::App& app, const std::string& name, const std::string& description, Work& chosen) {
  CLI::App* command = app.add_subcommand(name, description);
  const auto options = std::make_shared<Options>();
  options->add_to(*command);
  command->callback([options, &chosen] { chosen = [options](std::ostream& out) { options->run(out); }; });
}

struct ModelOption {
  std::string path;

  void add_to(CLI::App& command, bool required = true) {
    add_path_option(command, "--model",
                    "A .gguf file, a Hugging Face folder, or a reference model such as refworld-faithful", path,
                    "MODEL")
        ->required(required)
        ->each([this](const std::string& model) { path = find_model(model).string(); });
  }
};

/// How prompts treat the spellings of special tokens.
struct SpecialOption {
  bool parse = false;

  CLI::Option* add_to(CLI::App& command) {
    return command.add_flag("--parse-special", parse,
                            "Special-token strings become tokens; one BOS at the start is enough");
  }

  /// Tells the user once that a text holds what looks like a special token and is none.
  void warn(const Tokenizer& tokenizer, std::string_view text) {
    if (parse || warned_) return;
    const auto found = tokenizer.find_special(text);
    if (!found) return;
    warned_ = true;
    std::cerr << "warning: '" << printable(*found)
              << "' in the text is taken as plain text; --parse-special makes it a token\n";
  }

 private:
  bool warned_ = false;
};

/// A model in a format, with an engine: what runs the transformer.
struct EngineCommandOptions {
  ModelOption model;
  std::string format = "full";
  EngineOptions engine;
  CalibrationOptions calibration;

  void add_to(CLI::App& command) {
    model.add_to(command);
    command.add_option("--format", format, "Such as native-a8, rtn-w4-g64, gptq-w4-g64-act, bnb-nf4, or a plan")
        ->type_name("FORMAT")
        ->capture_default_str();
    add_calibration_options(command, calibration);
    add_threads_option(command, engine.threads);
  }

  void add_batching_to(CLI::App& command) {
    add_batching_options(command, engine.batch, engine.chunk, engine.shared_prefix);
  }
};

/// A model's or a template's text as stdout gets it: as it is, but on a terminal what would steer it is spelled out.
[[nodiscard]] inline std::string shown(const std::string& text) {
  return ::isatty(STDOUT_FILENO) == 1 ? printable_lines(text) : text;
}

/// Tells the user what a load read otherwise than the files say.
inline void print_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) std::cerr << "note: " << printable(note) << '\n';
}

inline void print_notes(const ModelFile& file) { print_notes(file.notes()); }

/// The model that the options ask for. Errors: those of ModelSession, parse_format and build_transformer.
class LoadedModel {
 public:
  explicit LoadedModel(const EngineCommandOptions& options)
      : session_(options.model.path, options.engine, options.calibration),
        transformer_(session_.build_transformer(parse_format(options.format))) {
    print_notes(session_.file());
  }

  [[nodiscard]] const ModelSession& session() const noexcept { return session_; }
  [[nodiscard]] const Transformer& transformer() const noexcept { return transformer_; }
  [[nodiscard]] Transformer& transformer() noexcept { return transformer_; }

 private:
  ModelSession session_;
  Transformer transformer_;
};

}  // namespace quantlens::tool
