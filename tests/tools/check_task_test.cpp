// `quantlens check-task` on the committed tasks and on copies with planted faults.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "tool_program.hpp"

using namespace quantlens::test;
using Json = nlohmann::json;

namespace {

const std::filesystem::path tasks = QUANTLENS_SOURCE_DIR "/tasks";

/// The one line of a copy of `task` in whose file `name` a text stands for another.
Json check_edited(const std::string& task, const std::string& name, const std::string& what, const std::string& by) {
  const TempFolder folder;
  const auto copy = folder.path() / task;
  std::filesystem::copy(tasks / task, copy, std::filesystem::copy_options::recursive);
  std::string text = read_text(copy / name);
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  text.replace(at, what.size(), by);
  std::ofstream(copy / name, std::ios::binary) << text;
  const Result result = run({"check-task", copy.string()});
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Catch::Contains("1 of 1 task folders cannot be used"));
  return json_lines(result.out).at(0);
}

std::string error_of(const Json& line) { return line.at("error").get<std::string>(); }

}  // namespace

TEST_CASE("every committed task can be used, or lacks nothing but its user's data") {
  std::vector<std::string> arguments{"check-task"};
  for (const auto& entry : std::filesystem::directory_iterator(tasks)) arguments.push_back(entry.path().string());
  const Result result = run(arguments);
  CHECK(result.status == 0);
  CHECK(result.err.empty());
  const std::vector<Json> lines = json_lines(result.out);
  CHECK(lines.size() == arguments.size() - 1);
  for (const Json& line : lines) CHECK(line.contains("no_data") != line.contains("n_items"));
}

TEST_CASE("a task is described by what it holds and by the protocols that it supports") {
  const Json line = json_lines(run({"check-task", (tasks / "world_topic").string()}).out).at(0);
  CHECK(line["task"] == "world_topic");
  CHECK(line["labels"] == Json{"world", "sports", "business", "technology"});
  CHECK(line["n_items"] == 1600);
  CHECK(line["n_items_of_label"] == Json{{"world", 400}, {"sports", 400}, {"business", 400}, {"technology", 400}});
  const auto has = [](const Json& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  CHECK(has(line["prompts"], "classify_redacted"));
  CHECK(has(line["protocols"], "perturb_test"));
  CHECK_FALSE(has(line["protocols"], "recall"));
}

TEST_CASE("what is wrong with a task is named") {
  CHECK_THAT(error_of(check_edited("starter_topics", "task.toml", "Text: {text}", "Text: {txt}")),
             Catch::Contains("did you mean 'text'?"));
  CHECK_THAT(error_of(check_edited("starter_topics", "task.toml", "unknown = \"unknown\"", "unknown = \"sports\"")),
             Catch::Contains("'unknown' must not be among 'names'"));
  CHECK_THAT(error_of(check_edited("starter_topics", "task.toml", "[prompts.explain]", "[prompts.explian]")),
             Catch::Contains("did you mean 'explain'?"));
  CHECK_THAT(error_of(check_edited("lre", "task.toml", "answer = \" {object}\"", "answer = \" {subject}\"")),
             Catch::Contains("must hold {object}"));
  CHECK_THAT(error_of(check_edited("world_nli", "test.jsonl", "\"id\"", "\"ident\"")), Catch::Contains("id"));
}

TEST_CASE("a data set that is asked for and not there is a fault") {
  const TempFolder folder;
  const Result result = run({"check-task", (tasks / "lre").string(), "--data", folder.path().string()});
  CHECK(result.status == 2);
  CHECK_THAT(error_of(json_lines(result.out).at(0)), Catch::Contains("needs its data set"));
}
