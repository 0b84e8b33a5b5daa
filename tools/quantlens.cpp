/// The quantlens tool: looks into model files and runs models. `quantlens --help` lists its commands.
/// Data to stdout, everything else to stderr. Exit status: 0, 1 where something failed, 2 for wrong use or bad input,
/// 130 or 143 where a signal stopped work that goes on later.
#include <CLI/CLI.hpp>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "quantlens/app/command_line.hpp"
#include "quantlens/app/program.hpp"
#include "quantlens/io/truncated_file.hpp"
#include "quantlens/version.hpp"
#include "quantlens_check_task.hpp"
#include "quantlens_command.hpp"
#include "quantlens_inspect.hpp"
#include "quantlens_model.hpp"
#include "quantlens_quantize.hpp"
#include "quantlens_text.hpp"

namespace {

int run(std::span<const std::string> arguments) {
  using namespace quantlens::tool;
  CLI::App app("Looks into language model files and runs them in any quantization format.", "quantlens");
  quantlens::lay_out_help(app);
  app.set_version_flag("--version", "quantlens " QUANTLENS_VERSION);
  app.require_subcommand(1);
  Work chosen;
  add_command<InspectCommand>(app, "inspect", "What a model file holds, as JSON, after all checks of a load", chosen);
  add_command<TokenizeCommand>(app, "tokenize", "Token ids of each line of a file, one JSON array each", chosen);
  add_command<RenderChatCommand>(app, "render-chat", "A chat as the model's template renders it", chosen);
  add_command<GenerateCommand>(app, "generate", "The completion of a prompt", chosen);
  add_command<ScoreCommand>(app, "score", "Log-probabilities of continuations, as JSON lines", chosen);
  add_command<PerplexityCommand>(app, "perplexity", "Perplexity of a text in windows without overlap", chosen);
  add_command<QuantizeCommand>(app, "quantize", "Writes the model in another format, as other programs load it",
                               chosen);
  add_command<SpeedCommand>(app, "speed", "Prefill and decode speed in tokens per second", chosen);
  add_command<CheckTaskCommand>(app, "check-task", "Whether task folders can be used, as JSON lines", chosen);
  if (const auto text = quantlens::parse_command_line(app, arguments)) {
    std::cout << *text;
    return 0;
  }
  chosen(std::cout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  quantlens::install_truncated_file_handler();
  return quantlens::run_program(std::cout, std::cerr,
                                "quantlens: ", [&] { return run(std::vector<std::string>(argv + 1, argv + argc)); });
}
