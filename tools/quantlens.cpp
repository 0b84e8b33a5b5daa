/// The quantlens tool: looks into model files and runs models. `quantlens --help` lists its commands.
/// Data to stdout, everything else to stderr. Exit status: 0, 1 where something failed, 2 for wrong use or bad input,
/// 130 or 143 where a signal stopped work that goes on later.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "quantlens/app/program.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/io/truncated_file.hpp"
#include "quantlens/version.hpp"
#include "quantlens_check_task.hpp"
#include "quantlens_command.hpp"
#include "quantlens_inspect.hpp"
#include "quantlens_model.hpp"
#include "quantlens_quantize.hpp"
#include "quantlens_text.hpp"

namespace {

/// CLI11 itself only says that a subcommand is missing. Errors: InputError with the nearest known name.
void require_known_command(const CLI::App& app, const std::string& name) {
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  if (std::find(known.begin(), known.end(), name) == known.end()) throw quantlens::unknown_name("command", name, known);
}

int run(int argc, char** argv) {
  using namespace quantlens::tool;
  CLI::App app("Looks into language model files and runs them in any quantization format.", "quantlens");
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
  if (argc > 1 && argv[1][0] != '-') require_known_command(app, argv[1]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream why;
    const int status = app.exit(error, std::cout, why);
    std::cerr << quantlens::printable_lines(why.str());
    return status == 0 ? 0 : quantlens::exit_wrong_use;
  }
  chosen(std::cout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  quantlens::install_truncated_file_handler();
  return quantlens::run_program(std::cout, std::cerr, "quantlens: ", [&] { return run(argc, argv); });
}
