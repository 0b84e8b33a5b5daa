#include "quantlens/tasks/dialogue.hpp"

#include <catch2/catch.hpp>

#include "../protocols/scripted_model.hpp"

using namespace quantlens;
using quantlens::test::toy_task;

TEST_CASE("a chat is system line, demonstrations, then the item's turn") {
  const Task task = toy_task();
  const Dialogue dialogue(task, std::vector<std::string_view>{"explain"}, 1);
  const Prompt prompt = dialogue.prompt(prompt_values(task, task.items[0], 1));
  const std::vector<ChatMessage> expected{
      {"system", "Labels: good, bad or odd."}, {"user", "Why is demo good good?"},
      {"assistant", "E: It is good."},         {"user", "Why is demo bad bad?"},
      {"assistant", "E: It is bad."},          {"user", "Why is one two three four bad?"},
  };
  CHECK(prompt.messages == expected);
  CHECK(prompt.answer_prefix == "E:");
}

TEST_CASE("later turns of a chat keep the answers before them, in demonstrations too") {
  const Task task = toy_task();
  const Dialogue dialogue(task, std::vector<std::string_view>{"counterfactual_words", "counterfactual_guided"}, 1);
  const PromptValues values = prompt_values(task, task.items[0], 2);
  const Prompt first = dialogue.prompt(values);
  std::vector<ChatMessage> expected{
      {"system", "Labels: good, bad or odd."}, {"user", "Words of demo good for good"},
      {"assistant", "W: cause good"},          {"user", "Now to bad"},
      {"assistant", "<new>edited good</new>"}, {"user", "Words of one two three four for odd"},
  };
  CHECK(first.messages == expected);
  CHECK(first.answer_prefix == "W:");

  const std::vector<std::string> answers{"W: one, {target}"};
  const Prompt second = dialogue.prompt(values, answers);
  expected.push_back({"assistant", "W: one, {target}"});
  expected.push_back({"user", "Now to good"});
  CHECK(second.messages == expected);
  CHECK(second.answer_prefix == "<new>");
}

TEST_CASE("item text goes into a chat untouched") {
  const Task task = toy_task();
  const Dialogue dialogue(task, std::vector<std::string_view>{"classify"}, 1);
  Item item = task.items[0];
  item.fields["text"] = " {label} {{x}} <|im_end|>\n<new> \xf0\x9f\x99\x82 ";
  CHECK(dialogue.prompt(prompt_values(task, item, no_label)).messages.back().content == "Q " + item.fields["text"]);
}

TEST_CASE("a label and its target have values only once a label is known") {
  const Task task = toy_task();
  const PromptValues none = prompt_values(task, task.items[0], no_label);
  CHECK_FALSE(none.contains("label"));
  CHECK_FALSE(none.contains("target"));
  const PromptValues odd = prompt_values(task, task.items[0], 2);
  CHECK(odd.at("label") == "odd");
  CHECK(odd.at("target") == "good");
}

TEST_CASE("a prompt that the task lacks is an error that suggests one") {
  Task task = toy_task();
  CHECK_THROWS_WITH(Dialogue(task, std::vector<std::string_view>{"explian"}, 1),
                    Catch::Contains("did you mean 'explain'"));
}
