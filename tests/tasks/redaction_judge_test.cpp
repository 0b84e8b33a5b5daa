#include "quantlens/tasks/redaction_judge.hpp"

#include <catch2/catch.hpp>

#include "../protocols/scripted_model.hpp"
#include "quantlens/tasks/dialogue.hpp"

using namespace quantlens;
using quantlens::test::toy_task;

namespace {

/// What the judge is asked about the first item, in roles and contents.
std::vector<ChatMessage> question(const Task& task) {
  const Task judge = redaction_judge(task);
  const Dialogue dialogue(judge, std::vector<std::string_view>{"classify"}, 5);
  return dialogue.prompt(prompt_values(judge, task.items[0], no_label)).messages;
}

}  // namespace

TEST_CASE("redaction judge: unknown comes last, and the other labels keep their numbers") {
  CHECK(redaction_judge(toy_task()).labels == std::vector<std::string>{"good", "bad", "odd", "unknown"});
  Task task = toy_task();
  task.unknown_label.clear();
  CHECK(redaction_judge(task).labels == task.labels);
  CHECK(redaction_judge(task).demonstrations.size() == 3);
}

TEST_CASE("redaction judge: its own prompt lists unknown, and a redacted demonstration shows it") {
  const auto messages = question(toy_task());
  REQUIRE(messages.size() == 10);
  CHECK(messages[0].content == "Labels: good, bad, odd or unknown.");
  CHECK(messages[1].content == "R demo good, else unknown");
  CHECK(messages[2].content == "A: good");
  CHECK(messages[7].content == "R demo [REDACTED], else unknown");
  CHECK(messages[8].content == "A: unknown");
  CHECK(messages[9].content == "R one two three four, else unknown");
}

TEST_CASE("redaction judge: without a prompt of its own it is asked as ever, with one more label") {
  Task task = toy_task();
  task.prompts.erase("classify_redacted");
  const auto messages = question(task);
  REQUIRE(messages.size() == 6);
  CHECK(messages[0].content == "Labels: good, bad, odd or unknown.");
  CHECK(messages[5].content == "Q one two three four");
}

TEST_CASE("redaction judge: a task without the label or the field shows no redacted demonstration") {
  CHECK(redacted_demonstrations(toy_task()).size() == 3);
  Task task = toy_task();
  task.edit_field.clear();
  CHECK(redacted_demonstrations(task).empty());
  task = toy_task();
  task.unknown_label.clear();
  CHECK(redacted_demonstrations(task).empty());
  task = toy_task();
  for (Item& item : task.demonstrations) item.fields.erase("redacted");
  CHECK(redacted_demonstrations(task).empty());
}
