#include "quantlens/tasks/hints.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "task_folder.hpp"

using namespace quantlens;
using Catch::Contains;
using quantlens::test::replaced;

namespace {

const std::string good_toml = R"toml(
schema = "quantlens-task/1"
name = "toy"
description = "A toy."
[data]
location = "task"
format = "csv"
test = "test.csv"
demonstrations = "demonstrations.jsonl"
[fields]
label = "class"
content = { text = "text" }
[labels]
names = ["good", "bad"]
[prompts.explain]
user = "Why is {text} {label}?"
answer = "{explanation}"
)toml";

const std::string good_demonstrations = R"({"id": "d1", "text": "x", "label": "good", "explanation": "y"})"
                                        "\n"
                                        R"({"id": "d2", "text": "z", "label": "bad", "explanation": "w"})"
                                        "\n";

Task load(const std::string& toml, const std::string& demonstrations = good_demonstrations) {
  return quantlens::test::load_toy(toml, "class,text\ngood,a\n", demonstrations);
}

}  // namespace

TEST_CASE("reasoning is free text that demonstrations show as their explanation, and hints stand in its question") {
  const std::string reason =
      "[prompts.reason]\nsystem = \"s\"\nuser = \"{text}?\"\nanswer_prefix = \"R:\"\nanswer = \"R: {reasoning}\"\n"
      "demonstrations = 1\nmax_new_tokens = 7\n";
  const std::string conclude = "[prompts.conclude]\nuser = \"so?\"\nanswer = \"{label}\"\n";
  const std::string hinted = "[prompts.reason_hinted]\nuser = \"{text} {hint}?\"\n";
  const Task task = load(good_toml + reason + conclude + hinted);
  CHECK(task.prompt("reason").max_new_tokens == 7);
  const Dialogue dialogue(task, std::vector<std::string_view>{"reason", "conclude"}, 1);
  const Prompt prompt = dialogue.prompt(prompt_values(task, task.items[0], no_label));
  CHECK(prompt.messages[2] == ChatMessage{"assistant", "R: y"});
  CHECK(prompt.messages[4] == ChatMessage{"assistant", "good"});

  CHECK_THROWS_WITH(load(good_toml + conclude), Contains("continues the chat of [reason]"));
  CHECK_THROWS_WITH(load(good_toml + hinted), Contains("is a turn of the chat of [reason]"));
  CHECK_THROWS_WITH(load(good_toml + reason + replaced(hinted, " {hint}", "")), Contains("must hold {hint}"));
  CHECK_THROWS_WITH(load(good_toml + reason + hinted + "answer = \"{reasoning}\"\n"), Contains("answer"));
  CHECK_THROWS_WITH(load(good_toml + replaced(reason, "{reasoning}", "none")), Contains("must hold {reasoning}"));
  CHECK_THROWS_WITH(load(good_toml + replaced(reason, "{reasoning}", "{label}")), Contains("unknown placeholder"));
  const std::string unexplained = replaced(good_demonstrations, ", \"explanation\": \"w\"", "");
  const std::string bare = replaced(good_toml, "answer = \"{explanation}\"", "answer = \"none\"");
  CHECK_THROWS_WITH(load(bare + reason, unexplained), Contains("their column 'explanation', which some lack"));
  CHECK_NOTHROW(load(bare + replaced(reason, "demonstrations = 1\n", ""), unexplained));
}

TEST_CASE("an answer that holds label and explanation holds them in the order of its prompt's name") {
  const std::string prompt =
      "[prompts.answer_and_explain]\nuser = \"{text}?\"\nanswer_prefix = \"A:\"\n"
      "answer = \"A: {label} for {explanation}\"\ndemonstrations = 1\n";
  CHECK(load(good_toml + prompt).prompt("answer_and_explain").answer.fill_before("explanation", {{"label", "x"}}) ==
        "A: x for ");
  const std::string expected = "must hold {label} and then {explanation}";
  CHECK_THROWS_WITH(load(good_toml + replaced(prompt, " for {explanation}", "")), Contains(expected));
  CHECK_THROWS_WITH(load(good_toml + replaced(prompt, "{label} for {explanation}", "{explanation} so {label}")),
                    Contains(expected));
  CHECK_NOTHROW(load(good_toml + replaced(replaced(prompt, "{label} for {explanation}", "{explanation} so {label}"),
                                          "answer_and_explain", "explain_and_answer")));
}

TEST_CASE("a task may put hints in its own words, and others for models that were trained on its prompts") {
  const std::string hints = "[hints]\ngrader = \"it is {suggestion}!\"\n";
  const std::string trained =
      "[trained]\nmodels = [\"m\"]\n[trained.prompts.classify]\nuser = \"{text}\"\nanswer = \"{label}\"\n"
      "[trained.hints]\ngrader = \"hint {suggestion}\"\n";
  Task task = load(good_toml + hints + trained);
  CHECK(hint_of(task, "grader", "bad") == "it is bad!");
  CHECK(hint_of(task, "expert_opinion", "bad").find("bad") != std::string::npos);
  CHECK(task.trained.hints.at("grader").fill({{"suggestion", "bad"}}) == "hint bad");
  CHECK_THROWS_WITH(load(good_toml + replaced(hints, "grader", "gradr")), Contains("did you mean 'grader'"));
  CHECK_THROWS_WITH(load(good_toml + replaced(hints, "{suggestion}", "it")), Contains("must hold {suggestion}"));
}

TEST_CASE("a demonstration's right option changes places with the first one") {
  Task task = quantlens::test::toy_task();
  task.labels = {"A", "B", "C", "D"};
  const auto exchanged = [&](const std::string& text, std::size_t label) {
    return with_first_option_right(task, {"d", {{"text", text}, {"label", task.labels[label]}}, label, {}});
  };
  const Item right = exchanged("Which is it? A) an oak B) owl C) ox", 1);
  CHECK(right.fields.at("text") == "Which is it? A) owl B) an oak C) ox");
  CHECK(right.label == 0);
  CHECK(right.fields.at("label") == "A");
  CHECK(exchanged("A) an oak B) owl C) ox", 2).fields.at("text") == "A) ox B) owl C) an oak");
  CHECK(exchanged("A) an oak B) owl", 0).fields.at("text") == "A) an oak B) owl");
  CHECK(exchanged("A) an oak B) owl", 3).label == 3);
  CHECK(exchanged("plain", 1).fields.at("label") == "B");
}

TEST_CASE("the label that is suggested is a wrong one, of the item's options where it lists some") {
  Task task = quantlens::test::toy_task();
  task.labels = {"A", "B", "C", "D"};
  std::set<std::size_t> suggested, of_options;
  for (int i = 0; i < 40; ++i) {
    Item item{concat("item-", i), {{"text", "which?"}}, 1, {}};
    suggested.insert(wrong_label(task, item, 3));
    CHECK(wrong_label(task, item, 3) == wrong_label(task, item, 3));
    item.fields["text"] = "which? A) up B) down C) far";
    of_options.insert(wrong_label(task, item, 3));
  }
  CHECK(suggested == std::set<std::size_t>{0, 2, 3});
  CHECK(of_options == std::set<std::size_t>{0, 2});
  task.labels = {"A"};
  CHECK(wrong_label(task, {"x", {{"text", ""}}, 0, {}}, 3) == no_label);
}
