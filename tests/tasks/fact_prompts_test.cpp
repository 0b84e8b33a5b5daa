#include "quantlens/tasks/fact_prompts.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "../protocols/toy_facts.hpp"

using namespace quantlens;
using quantlens::test::recall_task;
using quantlens::test::two_hop_task;

namespace {

std::vector<std::string> ids(const std::vector<const Item*>& items) {
  std::vector<std::string> names;
  for (const Item* item : items) names.push_back(item->id);
  return names;
}

std::set<std::string> id_set(const std::vector<const Item*>& items) {
  const auto names = ids(items);
  return {names.begin(), names.end()};
}

}  // namespace

TEST_CASE("examples are of the item's group and never of its topic; where these end there are fewer") {
  const Task task = recall_task();
  FactExamples examples(task, "subject", true, 1);
  CHECK(id_set(examples.choose(task.items[0], 5)) == std::set<std::string>{"c2", "c3", "c4"});
  CHECK(id_set(examples.choose(task.items[1], 5)) == std::set<std::string>{"c1", "c3", "c4", "c5"});
  CHECK(ids(examples.choose(task.items[6], 5)) == std::vector<std::string>{"m1"});
  CHECK(examples.choose(task.items[1], 2).size() == 2);
  CHECK(examples.choose(task.items[0], 0).empty());

  FactExamples from_all(task, "subject", false, 1);
  CHECK(id_set(from_all.choose(task.items[0], 9)) == std::set<std::string>{"c2", "c3", "c4", "m2"});
}

TEST_CASE("examples come in one seeded order, whatever the order of the file and whoever asked before") {
  Task task = recall_task();
  const auto chosen = [&](std::uint64_t seed, std::size_t item) {
    FactExamples examples(task, "subject", true, seed);
    static_cast<void>(examples.choose(task.items[3], 1));
    return ids(examples.choose(task.items[item], 3));
  };
  const auto first = chosen(1, 1);
  std::set<std::vector<std::string>> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) orders.insert(chosen(seed, 1));
  CHECK(orders.size() > 5);
  std::reverse(task.demonstrations.begin(), task.demonstrations.end());
  CHECK(chosen(1, 1) == first);

  // Spain's examples are Brazil's, but for the two countries themselves.
  FactExamples examples(task, "subject", true, 1);
  auto of_brazil = ids(examples.choose(task.items[1], 4)), of_spain = ids(examples.choose(task.items[2], 4));
  std::erase(of_brazil, "c3");
  std::erase(of_spain, "c2");
  CHECK(of_brazil == of_spain);
}

TEST_CASE("where groups do not count, the items of all groups see the same examples") {
  const Task task = recall_task();
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    FactExamples examples(task, "subject", false, seed);
    auto of_spain = ids(examples.choose(task.items[2], 9)), of_japan = ids(examples.choose(task.items[6], 9));
    CHECK(of_spain.size() == 6);
    std::erase(of_spain, "m2");
    std::erase(of_japan, "c3");
    CHECK(of_spain == of_japan);
  }
}

TEST_CASE("a plain prompt is lines of question and answer, then the item's question, and no chat") {
  const Task task = recall_task();
  const std::vector<const Item*> examples{&task.items[2], &task.items[3]};
  const Prompt prompt = fact_prompt(task.prompt("recall"), examples, task.items[0]);
  CHECK(prompt.messages.empty());
  CHECK(prompt.answer_prefix ==
        "The capital of Spain is Madrid.\nThe capital of Kenya is Nairobi.\nThe capital of Norway is");
  CHECK(fact_prompt(task.prompt("recall"), {}, task.items[0]).answer_prefix == "The capital of Norway is");
}

TEST_CASE("a prompt that is not plain is a chat") {
  const Task task = recall_task();
  PromptTemplate form = task.prompt("recall");
  form.plain = false;
  form.system = TextTemplate("Complete the sentence.");
  form.answer_prefix = "It is";
  form.answer = TextTemplate("It is {object}");
  const std::vector<const Item*> examples{&task.items[2]};
  const Prompt prompt = fact_prompt(form, examples, task.items[0]);
  CHECK(prompt.messages == std::vector<ChatMessage>{{"system", "Complete the sentence."},
                                                    {"user", "The capital of Spain is"},
                                                    {"assistant", "It is Madrid"},
                                                    {"user", "The capital of Norway is"}});
  CHECK(prompt.answer_prefix == "It is");
}
