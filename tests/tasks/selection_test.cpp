#include "quantlens/tasks/selection.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "../protocols/scripted_model.hpp"

using namespace quantlens;
using quantlens::test::toy_task;

namespace {

Task many_items() {
  Task task = toy_task();
  task.items.clear();
  task.demonstrations.clear();
  for (std::size_t i = 0; i < 100; ++i) task.items.push_back({std::to_string(i), {}, i % 3, {}});
  for (std::size_t i = 0; i < 12; ++i) task.demonstrations.push_back({std::to_string(i), {}, i % 3, {}});
  return task;
}

std::vector<std::string> ids(const std::vector<Item>& items) {
  std::vector<std::string> names;
  for (const Item& item : items) names.push_back(item.id);
  return names;
}

}  // namespace

TEST_CASE("a limit takes the first items of one seeded shuffle") {
  const Task task = many_items();
  const auto all = ids(select_items(task, std::nullopt, 7));
  const auto some = ids(select_items(task, 30, 7));
  CHECK(all.size() == 100);
  CHECK(std::set(all.begin(), all.end()).size() == 100);
  CHECK(all != ids(task.items));
  CHECK(some == std::vector<std::string>(all.begin(), all.begin() + 30));
  CHECK(ids(select_items(task, 1000, 7)) == all);
}

TEST_CASE("the selection depends on the seed and the task, not on the order of the data file") {
  Task task = many_items();
  const auto chosen = ids(select_items(task, 10, 7));
  CHECK(ids(select_items(task, 10, 8)) != chosen);
  std::reverse(task.items.begin(), task.items.end());
  CHECK(ids(select_items(task, 10, 7)) == chosen);
  task.name = "other";
  CHECK(ids(select_items(task, 10, 7)) != chosen);
}

TEST_CASE("demonstrations are a seeded choice in which labels take turns") {
  const Task task = many_items();
  const auto chosen = select_demonstrations(task, 7, 7);
  REQUIRE(chosen.size() == 7);
  for (std::size_t i = 0; i < chosen.size(); ++i) CHECK(chosen[i].label == i % 3);
  const auto names = ids(chosen);
  CHECK(std::set(names.begin(), names.end()).size() == 7);
  CHECK(ids(select_demonstrations(task, 7, 7)) == names);
  CHECK(ids(select_demonstrations(task, 7, 8)) != names);
  CHECK(select_demonstrations(task, 0, 7).empty());
}

TEST_CASE("a label that runs out of demonstrations leaves its turn to the others") {
  Task task = many_items();
  std::erase_if(task.demonstrations, [](const Item& item) { return item.label == 1 && item.id != "1"; });
  const auto chosen = select_demonstrations(task, 6, 7);
  std::vector<std::size_t> labels;
  for (const Item& item : chosen) labels.push_back(item.label);
  CHECK(labels == std::vector<std::size_t>{0, 1, 2, 0, 2, 0});
}

TEST_CASE("more demonstrations than there are is an error") {
  CHECK_THROWS_AS(select_demonstrations(many_items(), 13, 7), InputError);
}
