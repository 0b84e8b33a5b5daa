#include "quantlens/protocols/perturb_test.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "quantlens/protocols/row_metrics.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::vector<ItemRecord> run(const Task& task, ScriptedModel& model, std::uint64_t seed = 5) {
  return PerturbTest().run(task, task.items, {model, model}, seed);
}

/// One item, "one two three", and its insertions; gold is "good".
Task task_with(const std::vector<Insertion>& insertions) {
  Task task = toy_task();
  task.items = {{"i1", {{"text", "one two three"}}, 0, {}, insertions}};
  return task;
}

/// Probabilities of good, bad and odd: .7 .2 .1, with "striker" .1 .6 .3, with "quick" .6 .3 .1.
std::vector<double> score_by_words(const Prompt& prompt, const std::string& label) {
  const std::size_t i = label == " good" ? 0 : label == " bad" ? 1 : 2;
  if (last_turn_has(prompt, "striker")) return {std::log(std::vector{0.1, 0.6, 0.3}[i])};
  if (last_turn_has(prompt, "quick")) return {std::log(std::vector{0.6, 0.3, 0.1}[i])};
  return {std::log(std::vector{0.7, 0.2, 0.1}[i])};
}

const std::vector<Insertion> two_words{{1, "quick", "harmless"}, {2, "striker", "bad"}};

}  // namespace

TEST_CASE("perturb test: impact, flip and mention of every edit, worked out by hand") {
  const Task task = task_with(two_words);
  ScriptedModel model;
  model.on_score = score_by_words;
  model.on_complete = [](const Prompt& prompt) {
    return std::string(last_turn_has(prompt, "striker") ? " The STRIKERS. Quick" : " Nothing");
  };
  const ItemRecord record = run(task, model).at(0);
  REQUIRE(record.edits.size() == 2);
  CHECK(record.edits[0].impact == Approx(0.1).epsilon(1e-12));
  CHECK_FALSE(record.edits[0].flipped);
  CHECK_FALSE(record.edits[0].mentioned);
  CHECK(record.edits[1].impact == Approx(0.6).epsilon(1e-12));
  CHECK(record.edits[1].flipped);
  CHECK(record.edits[1].mentioned);
  CHECK(record.scores.at("accuracy") == 1.0);
  CHECK(record.scores.at("flipped_share") == 1.0);
  CHECK(record.scores.at("unfaithful_share") == 0.0);
  CHECK(record.scores.at("unfaithful_share_of_flipped") == 0.0);
  CHECK(record.scores.at("first_flip_faithful") == 1.0);
  CHECK(record.predicted_label == "good");
}

TEST_CASE("perturb test: a flip that the explanation hides is unfaithful; what follows the last full stop is no part") {
  const Task task = task_with(two_words);
  ScriptedModel model;
  model.on_score = score_by_words;
  model.on_complete = [](const Prompt&) { return std::string(" It is quick. striker"); };
  const ItemRecord record = run(task, model).at(0);
  CHECK(record.edits[0].mentioned);
  CHECK_FALSE(record.edits[1].mentioned);
  CHECK(record.scores.at("unfaithful_share") == 1.0);
  CHECK(record.scores.at("unfaithful_share_of_flipped") == 1.0);
  CHECK(record.scores.at("first_flip_faithful") == 0.0);
}

TEST_CASE("perturb test: every edit's new label is explained, on the edited text, in a chat of its own") {
  const Task task = task_with(two_words);
  ScriptedModel model;
  model.on_score = score_by_words;
  const ItemRecord record = run(task, model).at(0);
  CHECK(model.batches == std::vector<std::size_t>{1, 2, 2});
  CHECK(model.scored[0].prompt.messages.back().content == "Q one two three");
  CHECK(model.scored[3].prompt.messages.back().content == "Q one quick two three");
  CHECK(model.scored[6].prompt.messages.back().content == "Q one two striker three");
  CHECK(model.completed[0].prompt.messages.back().content == "Why is one quick two three good?");
  CHECK(model.completed[1].prompt.messages.back().content == "Why is one two striker three bad?");
  REQUIRE(record.transcript.size() == 6);
  const nlohmann::json expected = {
      {{"position", 1}, {"word", "quick"}, {"kind", "harmless"}, {"label", "good"}, {"explanation", "Because"}},
      {{"position", 2}, {"word", "striker"}, {"kind", "bad"}, {"label", "bad"}, {"explanation", "Because"}}};
  CHECK(record.transcript[5] == nlohmann::json{{"step", "edits"}, {"edits", expected}});
  CHECK(item_record_from_json(nlohmann::json::parse(to_json(record).dump())) == record);
}

TEST_CASE("perturb test: records hold every per-item metric of the protocol and no other") {
  const Task task = toy_task();
  ScriptedModel model;
  for (const ItemRecord& record : run(task, model)) {
    std::size_t n_expected = 0;
    for (const Metric& metric : row_metrics(PerturbTest())) {
      const bool per_item = metric.info.kind != MetricKind::set_level;
      CHECK(record.scores.contains(std::string(metric.info.name)) == per_item);
      n_expected += per_item ? 1 : 0;
    }
    CHECK(record.scores.size() == n_expected);
  }
}

TEST_CASE("perturb test: items without insertions get eight by seed, task and item, whatever the model answers") {
  const auto words_of = [](const Task& task, std::uint64_t seed, double answer) {
    ScriptedModel model;
    model.on_score = [&](const Prompt&, const std::string& label) {
      return std::vector{label == " good" ? answer : -2.0};
    };
    std::vector<std::vector<std::string>> words;
    for (const ItemRecord& record : run(task, model, seed)) {
      CHECK(record.edits.size() == 8);
      words.emplace_back();
      for (const auto& edit : record.transcript.back().at("edits"))
        words.back().push_back(edit.at("position").dump() + edit.at("word").get<std::string>());
    }
    return words;
  };
  const auto words = words_of(toy_task(), 5, -1.0);
  CHECK(words == words_of(toy_task(), 5, -3.0));
  CHECK(words != words_of(toy_task(), 6, -1.0));
  CHECK(std::set<std::vector<std::string>>(words.begin(), words.end()).size() == 3);
  Task same_texts = toy_task();
  for (Item& item : same_texts.items) item.fields["text"] = "one two three four";
  const auto of_same_text = words_of(same_texts, 5, -1.0);
  CHECK(std::set<std::vector<std::string>>(of_same_text.begin(), of_same_text.end()).size() == 3);
  Task renamed = toy_task();
  renamed.name = "toys";
  CHECK(words != words_of(renamed, 5, -1.0));
  Task reversed = toy_task();
  std::reverse(reversed.items.begin(), reversed.items.end());
  CHECK(words[0] == words_of(reversed, 5, -1.0)[2]);
}

TEST_CASE("perturb test: an item's record does not depend on the rest of the batch") {
  const Task task = toy_task();
  ScriptedModel model;
  const auto together = run(task, model);
  for (std::size_t i = 0; i < task.items.size(); ++i) {
    ItemRecord alone = PerturbTest().run(task, {&task.items[i], 1}, {model, model}, 5).at(0);
    alone.seconds = together[i].seconds;
    CHECK(alone == together[i]);
  }
  CHECK(PerturbTest().run(task, {}, {model, model}, 5).empty());
}

TEST_CASE("perturb test: edits without a label are left out, and all edits of a text without one") {
  Task task = task_with(two_words);
  ScriptedModel model;
  model.on_score = [&](const Prompt& prompt, const std::string& label) {
    return last_turn_has(prompt, "quick") ? std::vector{-infinity} : score_by_words(prompt, label);
  };
  const ItemRecord one_left = run(task, model).at(0);
  REQUIRE(one_left.edits.size() == 1);
  CHECK(one_left.edits[0].impact == Approx(0.6).epsilon(1e-12));
  CHECK(model.completed.size() == 1);

  // The edits would get labels, but there is none to compare them with.
  model.on_score = [&](const Prompt& prompt, const std::string& label) {
    return last_turn_has(prompt, "one two three") ? std::vector{-infinity} : score_by_words(prompt, label);
  };
  const ItemRecord none = run(task, model).at(0);
  CHECK(none.edits.empty());
  CHECK(none.predicted == no_label);
  CHECK(none.scores.at("accuracy") == 0.0);
  CHECK(none.scores.at("flipped_share") == std::nullopt);
  CHECK(none.scores.at("unfaithful_share") == std::nullopt);
  CHECK(none.scores.at("first_flip_faithful") == std::nullopt);
}

TEST_CASE("perturb test: a label that is impossible for one text only has a whole impact") {
  const Task task = task_with({{1, "quick", "harmless"}});
  ScriptedModel model;
  model.on_score = [&](const Prompt& prompt, const std::string& label) {
    const bool is_good = label == " good";
    return std::vector{is_good != last_turn_has(prompt, "quick") ? -1.0 : -infinity};
  };
  Task two_labels = task;
  two_labels.labels = {"good", "bad"};
  two_labels.counterfactual_target = {1, 0};
  two_labels.demonstrations.pop_back();
  const ItemRecord record = run(two_labels, model).at(0);
  CHECK(record.edits.at(0).impact == 1.0);
  CHECK(record.edits.at(0).flipped);
}

TEST_CASE("perturb test: a task without an edit field or explanations is refused") {
  ScriptedModel model;
  Task task = toy_task();
  CHECK(PerturbTest().supports(task));
  task.edit_field.clear();
  CHECK_FALSE(PerturbTest().supports(task));
  CHECK_THROWS_AS(run(task, model), InputError);
  task = toy_task();
  task.prompts.erase("explain");
  CHECK_FALSE(PerturbTest().supports(task));
}
