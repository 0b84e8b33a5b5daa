#include "quantlens/protocols/self_rationalization.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

/// The label that the answer so far names; good where it names none.
std::vector<double> score_by_answer(const Prompt& prompt, const std::string& label) {
  const std::string& said = prompt.answer_prefix;
  const std::string named = said.find("odd") != std::string::npos ? " odd" : " good";
  return {label == named ? -0.1 : -3.0};
}

}  // namespace

TEST_CASE("self-rationalization: the label is scored at its place, and explained behind it in the same answer") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = score_by_answer;
  model.on_complete = [](const Prompt&) { return std::string(" It is one of two.\n"); };
  const auto records = make_protocol("answer_and_explain")->run(task, task.items, {model, model}, 5);
  CHECK(model.batches == std::vector<std::size_t>{3, 3});
  CHECK(model.scored[0].prompt.messages == std::vector<ChatMessage>{{"system", "Labels: good, bad or odd."},
                                                                    {"user", "Q demo good"},
                                                                    {"assistant", "A: good\nB: It is good."},
                                                                    {"user", "Q one two three four"}});
  CHECK(model.scored[0].prompt.answer_prefix == "A:");
  CHECK(model.scored[1].continuation == " bad");
  CHECK(model.completed[0].prompt.messages == model.scored[0].prompt.messages);
  CHECK(model.completed[0].prompt.answer_prefix == "A: good\nB:");
  CHECK(model.completed[0].max_new_tokens == 20);
  CHECK(records[0].scores.at("accuracy") == 1.0);
  CHECK(*records[0].scores.at("rouge_l") == Approx(8.0 / 9.0).epsilon(1e-12));
  CHECK(records[0].scores.at("parse_failure_rate") == std::nullopt);
}

TEST_CASE("self-rationalization: an explanation that comes first ends where the model goes on to the label") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = score_by_answer;
  model.on_complete = [](const Prompt& prompt) -> std::string {
    if (last_turn_has(prompt, "one")) return " It is one of two.\nA: bad, says nobody";
    return last_turn_has(prompt, "five") ? " It is odd" : "";
  };
  const auto records = make_protocol("explain_and_answer")->run(task, task.items, {model, model}, 5);
  CHECK(model.batches == std::vector<std::size_t>{3, 3});
  CHECK(model.completed[0].prompt.answer_prefix == "B:");
  // The label is the likeliest one, not the one that was written on the way.
  CHECK(model.scored[0].prompt.answer_prefix == "B: It is one of two.\nA:");
  CHECK(model.scored[0].continuation == " good");
  CHECK(records[0].predicted_label == "good");
  CHECK(*records[0].scores.at("rouge_l") == Approx(8.0 / 9.0).epsilon(1e-12));
  CHECK(records[0].scores.at("parse_failure_rate") == 0.0);
  // It never went on: counted, and asked for the label all the same.
  CHECK(model.scored[3].prompt.answer_prefix == "B: It is odd\nA:");
  CHECK(records[1].predicted_label == "odd");
  CHECK(records[1].scores.at("parse_failure_rate") == 1.0);
  CHECK(records[2].scores.at("degenerate_rate") == 1.0);
  CHECK(records[2].scores.at("parse_failure_rate") == 1.0);
}

TEST_CASE("self-rationalization: labels that are likely anyway can be discounted") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    const bool is_prior = last_turn_has(prompt, "N/A");
    return std::vector{label == " good" ? -0.1 : is_prior ? -9.0 : -3.0};
  };
  const auto records =
      make_protocol("answer_and_explain", {{"label_score", "pmi"}})->run(task, task.items, {model, model}, 5);
  CHECK(records[0].predicted_label == "bad");
  CHECK(make_protocol("answer_and_explain")->run(task, {}, {model, model}, 5).empty());
}
