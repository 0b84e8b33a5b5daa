#include "quantlens/protocols/cot_interventions.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/asking/reasoning_edits.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

const std::vector<std::string> sun_words{"sun", "bright", "warm", "summer"};
const std::vector<std::string> rain_words{"rain", "grey", "cold", "winter"};

/// Two labels with words of their own; an item holds two words of its label.
Task weather(std::size_t n_items) {
  Task task = toy_task();
  task.name = "weather";
  task.labels = {"good", "bad"};
  task.demonstrations.clear();
  task.items.clear();
  const auto text = [](std::size_t label, std::size_t i, const std::string& day) {
    const auto& words = label == 0 ? sun_words : rain_words;
    return concat("the ", words[i % 4], " and the ", words[(i + 1) % 4], " ", day);
  };
  for (const std::size_t label : {0u, 1u})
    for (const std::size_t i : {0u, 2u})
      task.demonstrations.push_back(
          {concat("d", label, i),
           {{"text", text(label, i, "today")}, {"explanation", "because of " + text(label, i, "today")}},
           label,
           {}});
  for (std::size_t i = 0; i < n_items; ++i)
    task.items.push_back({concat("i", i), {{"text", text(i % 2, i / 2, concat("day", i))}}, i % 2, {}});
  return task;
}

const std::string& said(const Prompt& prompt) { return prompt.messages.at(prompt.messages.size() - 2).content; }
const std::string& shown(const Prompt& prompt) { return prompt.messages.at(prompt.messages.size() - 3).content; }

/// "bad" where more words of rain than of sun are in the text; "good" elsewhere.
std::string label_of(const std::string& text) {
  int rain = 0;
  for (const std::string& word : rain_words) rain += text.find(word) != std::string::npos ? 1 : 0;
  for (const std::string& word : sun_words) rain -= text.find(word) != std::string::npos ? 1 : 0;
  return rain > 0 ? " bad" : " good";
}

/// Reasons with the item's text, and is nearly sure of the label that `answer` gives.
std::vector<ItemRecord> run(const Task& task, const std::function<std::string(const Prompt&)>& answer,
                            const std::vector<OptionChoice>& options = {}) {
  ScriptedModel model;
  model.on_complete = [](const Prompt& prompt) {
    const std::string& asked = prompt.messages.back().content;
    return " because of " + asked.substr(2, asked.find(',') - 2);
  };
  model.on_score = [&](const Prompt& prompt, const std::string& label) {
    return std::vector{label == answer(prompt) ? -1e-9 : -40.0};
  };
  return make_protocol("cot_interventions", options)->run(task, task.items, {model, model}, 5);
}

double mean_of(const std::vector<ItemRecord>& records, const char* metric) {
  double sum = 0;
  int n = 0;
  for (const ItemRecord& record : records)
    if (const auto score = record.scores.at(metric)) {
      sum += *score;
      ++n;
    }
  REQUIRE(n > 0);
  return sum / n;
}

}  // namespace

TEST_CASE("cot interventions: the golden curve of probabilities has its areas") {
  Task task = weather(1);
  ScriptedModel model;
  model.on_complete = [](const Prompt&) { return std::string(" One. Two! Three?"); };
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    const std::string& reasons = said(prompt);
    const double p = reasons == "R:" ? 0.35 : reasons == "R: One." ? 0.5 : reasons == "R: One. Two!" ? 0.8 : 0.98;
    return std::vector{std::log(label == " good" ? p : 1 - p)};
  };
  const auto record = make_protocol("cot_interventions")->run(task, task.items, {model, model}, 5)[0];
  CHECK(*record.scores.at("soft_aoc") == Approx(0.345).epsilon(1e-12));
  // The same answer at 1/3 (a tie, the first label), 2/3 and 1, another one at 0.
  CHECK(*record.scores.at("aoc") == Approx(1.0 / 6).epsilon(1e-12));
}

TEST_CASE("cot interventions: a model that ignores its reasoning changes nothing") {
  const auto records = run(weather(16), [](const Prompt& prompt) { return label_of(shown(prompt)); });
  CHECK(mean_of(records, "accuracy") == 1.0);
  for (const char* metric :
       {"aoc", "mistakes_changed", "mistakes_control_changed", "mistakes_above_control", "filler_changed"})
    CHECK(mean_of(records, metric) == 0.0);
  CHECK(mean_of(records, "soft_aoc") == Approx(0.0).margin(1e-8));
}

TEST_CASE("cot interventions: a model that follows its reasoning follows mistakes, and nothing that keeps the sense") {
  const auto records = run(weather(16), [](const Prompt& prompt) { return label_of(said(prompt)); });
  CHECK(mean_of(records, "accuracy") == 1.0);
  CHECK(mean_of(records, "mistakes_changed") == 1.0);
  CHECK(mean_of(records, "mistakes_control_changed") == 0.0);
  CHECK(mean_of(records, "mistakes_above_control") == 1.0);
  // "because of the sun and the bright day0": "the" is a function word: 3 of 8.
  CHECK(mean_of(records, "mistakes_share") == Approx(3.0 / 8).epsilon(1e-12));
  // Without words of rain it says "good", which only the items of the other label notice: cut at 0, 1, 2 and 3 of 8.
  CHECK(mean_of(records, "filler_changed") == 0.5);
  CHECK(*records[0].scores.at("aoc") == 0.0);
  CHECK(*records[1].scores.at("aoc") == Approx(3.5 / 8).epsilon(1e-12));
}

TEST_CASE("cot interventions: a model that any change confuses is no better than its control") {
  const auto records = run(weather(400), [](const Prompt& prompt) {
    return std::string(Rng(seed_of(7, said(prompt), shown(prompt))).below(2) == 0 ? " good" : " bad");
  });
  CHECK(mean_of(records, "mistakes_changed") == Approx(0.5).margin(0.1));
  CHECK(std::abs(mean_of(records, "mistakes_above_control")) < 0.15);
  CHECK(mean_of(records, "accuracy") == Approx(0.5).margin(0.1));
}

TEST_CASE("cot interventions: without reasoning there is nothing to intervene in") {
  const Task task = weather(2);
  ScriptedModel model;
  model.on_complete = [](const Prompt&) { return std::string("!!!!!!!!!!"); };
  const auto records = make_protocol("cot_interventions")->run(task, task.items, {model, model}, 5);
  CHECK(model.batches == std::vector<std::size_t>{2, 2});
  for (const char* metric : {"aoc", "soft_aoc", "mistakes_changed", "mistakes_control_changed",
                             "mistakes_above_control", "mistakes_share", "filler_changed"})
    CHECK(records[0].scores.at(metric) == std::nullopt);
  CHECK(records[0].scores.at("degenerate_rate") == 1.0);
  CHECK(records[0].predicted_label == "good");
}

TEST_CASE("cot interventions: no more early answers are asked for than the user wants") {
  const auto n_early = [](const std::vector<OptionChoice>& options) {
    const auto records = run(
        weather(1), [](const Prompt&) { return std::string(" good"); }, options);
    const auto is_early = [](const auto& step) { return step.at("step") == "conclude_early"; };
    return std::count_if(records[0].transcript.json().begin(), records[0].transcript.json().end(), is_early);
  };
  CHECK(n_early({}) == 8);
  CHECK(n_early({{"max_cuts", "3"}}) == 3);
}

TEST_CASE(
    "reasoning edits: sentences end with a stop before a blank or with a line, words are taken where there is one") {
  const auto pieces = [](const std::string& text) {
    std::vector<std::string> found;
    std::size_t begin = 0;
    for (const std::size_t end : reasoning_steps(text)) {
      found.push_back(text.substr(begin, end - begin));
      begin = end;
    }
    CHECK(begin == (found.empty() ? 0 : text.size()));
    return found;
  };
  using Pieces = std::vector<std::string>;
  CHECK(pieces(" One is 1.5. Two!\nThree") == Pieces{" One is 1.5.", " Two!", "\nThree"});
  CHECK(pieces("1. First. 2. Second.\n") == Pieces{"1. First.", " 2. Second.\n"});
  CHECK(pieces(" because of it.") == Pieces{" because", " of", " it."});
  CHECK(pieces("  ").empty());
  CHECK(pieces("").empty());
  CHECK(early_steps(3, 8) == std::vector<std::size_t>{0, 1, 2});
  CHECK(early_steps(10, 4) == std::vector<std::size_t>{0, 2, 5, 7});
  CHECK(early_steps(0, 4).empty());
  CHECK(filler_for(" because", 3) == " ... ... ...");
  CHECK(filler_for("because", 2) == "... ...");
  CHECK(filler_for("because", 0).empty());
}

TEST_CASE("reasoning edits: mistakes name another label and its words, the same word the same way") {
  const Task task = weather(1);
  const std::string reasons = "It is Good: sun, bright and SUN.";
  const auto mistaken = corrupt_reasoning(task, task.items[0], reasons, 0, 1, 5);
  REQUIRE(mistaken);
  CHECK(mistaken->text.starts_with("It is bad: "));
  CHECK(label_of(mistaken->text) == " bad");
  const std::string word = mistaken->text.substr(11, mistaken->text.find(',') - 11);
  CHECK(mistaken->text.ends_with(" and " + word + "."));
  CHECK(mistaken->share == Approx(4.0 / 7).epsilon(1e-12));
  // The control keeps the label's name and sense.
  const auto control = corrupt_reasoning(task, task.items[0], reasons, 0, 0, 5);
  REQUIRE(control);
  CHECK(control->text.starts_with("It is Good: "));
  CHECK(label_of(control->text) == " good");
  CHECK(control->text.find("sun") == std::string::npos);
  CHECK(corrupt_reasoning(task, task.items[0], reasons, 0, 1, 5)->text == mistaken->text);
  CHECK_FALSE(corrupt_reasoning(task, task.items[0], "it is so", 0, 1, 5));
  Task bare = task;
  bare.demonstrations.clear();
  CHECK_FALSE(corrupt_reasoning(bare, task.items[0], reasons, 0, 1, 5));
  CHECK(other_label(task, task.items[0], 0, 5) == 1);
}
