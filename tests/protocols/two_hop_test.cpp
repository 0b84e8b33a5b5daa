#include "quantlens/protocols/two_hop.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "scripted_model.hpp"
#include "toy_facts.hpp"

using namespace quantlens;
using quantlens::test::recall_task;
using quantlens::test::ScriptedModel;
using quantlens::test::two_hop_task;

namespace {

/// Knows the country of Bergen by its other name, that of Sevilla and Tromso, and every capital; of the chains, the
/// ends of Sevilla's and of Mombasa's.
ScriptedModel scripted() {
  ScriptedModel model;
  model.on_complete = [](const Prompt& prompt) -> std::string {
    const std::string line = prompt.answer_prefix.substr(prompt.answer_prefix.rfind('\n') + 1);
    if (line == "Bergen lies in") return "\n Norge, in the west";
    if (line == "Sevilla lies in") return " Spain.";
    if (line == "Tromso lies in") return " norway";  // case counts
    if (line == "Mombasa lies in") return " the east of Kenya";
    if (line == "The capital of Norway is") return " Oslo";
    if (line == "The capital of Spain is") return " Madrid";
    if (line == "The capital of Kenya is") return " Nairobi";
    if (line == "The capital of the country of Sevilla is") return " Madrid.";
    if (line == "The capital of the country of Mombasa is") return " Nairobi City";
    return " Bergen";
  };
  return model;
}

std::optional<double> score(const ItemRecord& record, const char* metric) { return record.scores.at(metric); }

}  // namespace

TEST_CASE("two_hop: each hop and the chain are right where the completion starts with an accepted answer") {
  const Task task = two_hop_task();
  ScriptedModel model = scripted();
  const auto records = TwoHop().run(task, task.items, {model, model}, 1);
  REQUIRE(records.size() == 4);
  const std::vector<double> first{1, 1, 0, 0}, second{1, 1, 1, 1}, both{0, 1, 1, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(score(records[i], "first_hop") == first[i]);
    CHECK(score(records[i], "second_hop") == second[i]);
    CHECK(score(records[i], "two_hop") == both[i]);
  }
}

TEST_CASE("two_hop: the chain given both hops is null where a hop is wrong") {
  const Task task = two_hop_task();
  ScriptedModel model = scripted();
  const auto records = TwoHop().run(task, task.items, {model, model}, 1);
  CHECK(score(records[0], "two_hop_given_hops") == 0.0);
  CHECK(score(records[1], "two_hop_given_hops") == 1.0);
  CHECK(score(records[2], "two_hop_given_hops") == std::nullopt);
  CHECK(score(records[3], "two_hop_given_hops") == std::nullopt);

  model.on_complete = [answer = model.on_complete](const Prompt& prompt) {
    return prompt.answer_prefix == "The capital of Spain is" ? std::string(" Sevilla") : answer(prompt);
  };
  CHECK(score(TwoHop().run(task, task.items, {model, model}, 1)[1], "two_hop_given_hops") == std::nullopt);
}

TEST_CASE("two_hop: three plain questions an item, each a batch of its own; records keep the group") {
  const Task task = two_hop_task();
  ScriptedModel model = scripted();
  const auto records = TwoHop().run(task, task.items, {model, model}, 1);
  CHECK(model.batches == std::vector<std::size_t>{4, 4, 4});
  CHECK(model.completed[0].prompt == Prompt{{}, "Bergen lies in"});
  CHECK(model.completed[4].prompt == Prompt{{}, "The capital of Norway is"});
  CHECK(model.completed[8].prompt == Prompt{{}, "The capital of the country of Bergen is"});
  CHECK(model.completed[8].max_new_tokens == 32);
  CHECK(records[0].group == "seen");
  CHECK(records[2].group == "new");
  REQUIRE(records[0].transcript.size() == 3);
  CHECK(records[0].transcript[0].at("step") == "first_hop");
  CHECK(records[0].transcript[2].at("step") == "two_hop");
}

TEST_CASE("two_hop: examples never share the item's bridge, and are the same for its three questions") {
  const Task task = two_hop_task(9);
  ScriptedModel model = scripted();
  static_cast<void>(TwoHop().run(task, {&task.items[0], 1}, {model, model}, 1));
  REQUIRE(model.completed.size() == 3);
  const auto lines = [&](std::size_t i) {
    const std::string& text = model.completed[i].prompt.answer_prefix;
    return std::vector{text.substr(0, text.find('\n')), text.substr(text.find('\n') + 1)};
  };
  const bool spain_first = lines(0)[0] == "Sevilla lies in Spain.";
  const std::string one = spain_first ? "Sevilla lies in Spain.\nMombasa lies in Kenya.\n"
                                      : "Mombasa lies in Kenya.\nSevilla lies in Spain.\n";
  CHECK(model.completed[0].prompt.answer_prefix == one + "Bergen lies in");
  const std::string two = spain_first ? "The capital of Spain is Madrid.\nThe capital of Kenya is Nairobi.\n"
                                      : "The capital of Kenya is Nairobi.\nThe capital of Spain is Madrid.\n";
  CHECK(model.completed[1].prompt.answer_prefix == two + "The capital of Norway is");
}

TEST_CASE("two_hop: it is for tasks that ask all three questions") {
  CHECK(TwoHop().supports(two_hop_task()));
  CHECK_FALSE(TwoHop().supports(recall_task()));
  for (const char* name : {"first_hop", "second_hop", "two_hop"}) {
    Task task = two_hop_task();
    task.prompts.erase(name);
    CHECK_FALSE(TwoHop().supports(task));
  }
}
