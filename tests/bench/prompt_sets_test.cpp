#include "quantlens/bench/prompt_sets.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace quantlens;

namespace {

Task task_with_trained_prompts() {
  Task task;
  task.name = "toy";
  task.prompts["classify"].user = TextTemplate("ordinary");
  task.trained.models = {"refworld-*", "other"};
  task.trained.prompts["classify"].user = TextTemplate("trained");
  return task;
}

}  // namespace

TEST_CASE("prompt sets: a model that was trained on a task's prompts gets these, unless the user says otherwise",
          "[bench]") {
  const Task task = task_with_trained_prompts();
  const auto chosen = [&](PromptChoice choice, std::string_view model) {
    return prompt_set_name(choose_prompts(task, choice, model));
  };
  CHECK(chosen(PromptChoice::automatic, "refworld-small") == "trained");
  CHECK(chosen(PromptChoice::automatic, "other") == "trained");
  CHECK(chosen(PromptChoice::automatic, "another") == "plain");
  CHECK(chosen(PromptChoice::automatic, "") == "plain");
  CHECK(chosen(PromptChoice::plain, "refworld-small") == "plain");
  CHECK(chosen(PromptChoice::trained, "another") == "trained");

  Task without = task;
  without.trained.prompts.clear();
  CHECK(choose_prompts(without, PromptChoice::trained, "refworld-small") == PromptSet::plain);
}

TEST_CASE("prompt sets: a task shows the prompts of the chosen set", "[bench]") {
  const PromptedTask task(task_with_trained_prompts());
  const auto user = [&](PromptSet set) { return task.under(set).prompt("classify").user.fill({}); };
  CHECK(user(PromptSet::plain) == "ordinary");
  CHECK(user(PromptSet::trained) == "trained");
  CHECK(task.under(PromptSet::trained).name == "toy");
}
