#include "quantlens/bench/plan.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "scripted_provider.hpp"

using namespace quantlens;
using quantlens::test::TempFolder;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

}  // namespace

TEST_CASE("plan: a task's hash covers the examples that it draws from its own items", "[bench]") {
  const TempFolder folder;
  quantlens::test::write_facts_task(folder.path());
  const auto hash = [&] { return make_plan({}, {folder.path()}, "").tasks.at(0).task_sha256; };
  const std::string before = hash();
  CHECK(hash() == before);
  const std::string items = quantlens::test::read_text(folder.path() / "facts/test.jsonl");
  quantlens::test::write_text(folder.path() / "facts/test.jsonl", replaced(items, "Banks", "Coins"));
  CHECK(hash() != before);
}

TEST_CASE("plan: the chosen prompts decide on the protocols of a task", "[bench]") {
  const TempFolder folder;
  quantlens::test::write_tiny_task(folder.path(), 3);
  std::string toml(quantlens::test::tiny_task);
  toml +=
      "[trained]\nmodels = [\"m-*\"]\n"
      "[trained.prompts.classify]\nuser = \"{text}\"\nanswer = \"{label}\"\n"
      "[trained.prompts.counterfactual]\nuser = \"{text} to {target}\"\nanswer = \"{label}\"\n";
  quantlens::test::write_text(folder.path() / "tiny/task.toml", toml);
  const auto protocols = [&](PromptChoice prompts, std::string_view model) {
    BenchOptions options;
    options.prompts = prompts;
    std::vector<std::string> names;
    for (const PlannedTask& task : make_plan(options, {folder.path()}, model).tasks)
      names.push_back(task.what.protocol);
    return names;
  };
  const std::vector<std::string> plain{"nle", "self_consistency_words", "perturb_test"};
  const std::vector<std::string> trained{"counterfactual", "self_consistency_counterfactual"};
  CHECK(protocols(PromptChoice::automatic, "") == plain);
  CHECK(protocols(PromptChoice::automatic, "m-1") == trained);
  CHECK(protocols(PromptChoice::plain, "m-1") == plain);
  CHECK(protocols(PromptChoice::trained, "") == trained);

  // What is run only by name is no part of a task's protocols, but one of those that it can be asked with.
  BenchOptions named;
  named.tasks = {"tiny/cc_shap"};
  REQUIRE(make_plan(named, {folder.path()}, "").tasks.size() == 1);
  CHECK(make_plan(named, {folder.path()}, "").tasks[0].what.protocol == "cc_shap");
}

TEST_CASE("plan: of two tasks with the same name the later folder's counts, and all others are there", "[bench]") {
  const TempFolder own, mine;
  quantlens::test::write_tiny_task(own.path(), 3);
  quantlens::test::write_facts_task(own.path());
  quantlens::test::write_tiny_task(mine.path(), 5);
  BenchOptions options;
  options.tasks = {"tiny/nle", "facts"};
  const Plan plan = make_plan(options, {own.path(), mine.path()}, "");
  REQUIRE(plan.tasks.size() == 2);
  CHECK(plan.tasks[0].items.size() == 5);
  CHECK(plan.tasks[1].what.task == "facts");
  CHECK(make_plan(options, {mine.path(), own.path()}, "").tasks[0].items.size() == 3);

  const TempFolder empty;
  CHECK_THROWS_WITH(make_plan(options, {own.path(), empty.path()}, ""),
                    Catch::Contains("no task folder in '" + empty.path().string()));
  options.tasks = {"fact"};
  CHECK_THROWS_WITH(make_plan(options, {own.path(), mine.path()}, ""), Catch::Contains("did you mean 'facts'"));
}
