#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "program_harness.hpp"
#include "quantlens/report/bench_program.hpp"

using namespace quantlens;
using namespace quantlens_test;

namespace {

/// The tiny task with prompts of its own for the model m.
void write_trained_task(const Program& program) {
  write_text(program.folder.path() / "tasks/tiny/task.toml",
             std::string(tiny_task) +
                 "[trained]\nmodels = [\"m*\"]\n"
                 "[trained.prompts.classify]\nuser = \"topic: {text}\"\nanswer = \"{label}\"\n"
                 "[trained.prompts.explain]\nuser = \"topic: {text} why?\"\nanswer = \"{label}\"\n");
}

/// How often the explanations' questions in the journal start with which word.
std::map<std::string, int> questions_asked(const Program& program) {
  std::map<std::string, int> asked;
  std::istringstream journal(read_text(program.out() / "items.jsonl"));
  for (std::string text; std::getline(journal, text);) {
    const Json line = Json::parse(text);
    if (line["kind"] != "item") continue;
    const auto content = line["record"]["transcript"][1]["messages"][0]["content"].get<std::string>();
    ++asked[content.substr(0, content.find(' '))];
  }
  return asked;
}

}  // namespace

TEST_CASE("bench program: a model gets the prompts that it was trained on, and --prompts overrides that", "[report]") {
  Program program;
  write_trained_task(program);
  const std::vector<std::string> full{"--model",   "m.gguf", "--tasks",         "tiny/nle",
                                      "--formats", "full",   "--latency-items", "0"};
  const auto with_prompts = [&](const std::string& set) {
    std::vector<std::string> arguments = full;
    arguments.insert(arguments.end(), {"--prompts", set});
    return arguments;
  };
  const auto prompts = [&] { return program.results()["rows"][0]["provenance"]["prompts"]; };
  REQUIRE(program.run(full).status == 0);
  CHECK(prompts() == "trained");
  REQUIRE(program.run(with_prompts("plain")).status == 0);
  CHECK(prompts() == "plain");
  REQUIRE(program.run(with_prompts("trained")).status == 0);
  CHECK(prompts() == "trained");
  CHECK(questions_asked(program) == std::map<std::string, int>{{"topic:", 12}, {"Why", 12}});  // the last run asks none
}

TEST_CASE("bench program: a baseline of another model is asked with its own prompts", "[report]") {
  Program program;
  write_trained_task(program);
  write_text(program.folder.path() / "other.gguf", "x");
  const std::string other = (program.folder.path() / "other.gguf").string();
  REQUIRE(program
              .run({"--model", "m.gguf", "--tasks", "tiny/nle", "--formats", "full", "--latency-items", "0",
                    "--baseline", other})
              .status == 0);
  CHECK(program.results()["rows"][0]["provenance"]["prompts"] == "trained");
  CHECK(program.results()["rows"][0]["metrics"]["accuracy"]["n_paired"] == 12);
  CHECK(questions_asked(program) == std::map<std::string, int>{{"topic:", 12}, {"Why", 12}});
}
