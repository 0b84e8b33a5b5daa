#include "quantlens/protocols/counterfactual.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "quantlens/protocols/registry.hpp"
#include "quantlens/protocols/row_metrics.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

/// Labels by words: "five" and "ZERO" are bad, "nine" and "ODD" odd, everything else good.
std::vector<double> score_by_words(const Prompt& prompt, const std::string& label) {
  const bool bad = last_turn_has(prompt, "five") || last_turn_has(prompt, "ZERO");
  const bool odd = last_turn_has(prompt, "nine") || last_turn_has(prompt, "ODD");
  return {label == (bad ? " bad" : odd ? " odd" : " good") ? -0.1 : -3.0};
}

struct Run {
  ScriptedModel model, full;
  std::vector<ItemRecord> records;
};

Run run(const std::string& protocol, const std::function<std::string(const Prompt&)>& answer,
        const std::vector<OptionChoice>& options = {}) {
  Run result;
  result.model.on_score = score_by_words;
  result.model.on_complete = answer;
  result.full.on_text = [](const std::string& text) {
    return text == "one" ? std::vector<double>{} : std::vector{-0.5, -1.25, -0.25, -2.0};
  };
  const Task task = toy_task();
  result.records = make_protocol(protocol, options)->run(task, task.items, {result.model, result.full}, 5);
  return result;
}

std::string edit(const Prompt& prompt) {
  if (last_turn_has(prompt, "one")) return "one ZERO three four</new> done";  // good -> bad, the target
  if (last_turn_has(prompt, "five")) return "six seven eight more words";     // bad -> good, target odd
  return "  ";                                                                // nothing
}

}  // namespace

TEST_CASE("counterfactual: metrics have the values worked out by hand") {
  const auto [model, full, records] = run("counterfactual", edit);
  REQUIRE(records.size() == 3);
  const auto score = [&](std::size_t item, const char* metric) { return records[item].scores.at(metric); };

  CHECK(score(0, "accuracy") == 1.0);
  CHECK(score(0, "flip_hard") == 1.0);
  CHECK(score(0, "flip_soft") == 1.0);
  CHECK(*score(0, "perplexity") == Approx(std::exp(1.0)).epsilon(1e-12));
  CHECK(score(0, "edit_distance") == 0.25);
  CHECK(score(0, "copy_rate") == 0.0);
  CHECK(score(0, "parse_failure_rate") == 0.0);

  // Another label than before, but not the target; one word gone, two added, over four.
  CHECK(score(1, "flip_hard") == 0.0);
  CHECK(score(1, "flip_soft") == 1.0);
  CHECK(score(1, "edit_distance") == 0.75);

  // One word of four is changed; three of five are, which makes another text of it.
  CHECK(score(0, "valid_edits") == 1.0);
  CHECK(score(0, "changed_share") == 0.25);
  CHECK(score(0, "flip_hard_valid") == 1.0);
  CHECK(score(0, "flip_soft_valid") == 1.0);
  CHECK(score(1, "valid_edits") == 0.0);
  CHECK(score(1, "changed_share") == 0.6);
  CHECK(score(1, "flip_soft_valid") == std::nullopt);
  // Three random words of "five six seven eight" are others, which are good unless "five" is left.
  CHECK(score(0, "flip_control") == 0.0);
  CHECK(score(0, "flip_above_control") == 1.0);
  CHECK(*score(1, "flip_above_control") == 1.0 - *score(1, "flip_control"));

  // A parse failure is not flipped and has no text.
  CHECK(score(2, "accuracy") == 1.0);
  CHECK(score(2, "flip_hard") == 0.0);
  CHECK(score(2, "flip_soft") == 0.0);
  CHECK(score(2, "perplexity") == std::nullopt);
  CHECK(score(2, "edit_distance") == std::nullopt);
  CHECK(score(2, "copy_rate") == std::nullopt);
  CHECK(score(2, "parse_failure_rate") == 1.0);
  CHECK(score(2, "valid_edits") == 0.0);
  CHECK(score(2, "flip_hard_valid") == std::nullopt);
  CHECK(score(2, "flip_control") == std::nullopt);
  CHECK(score(2, "flip_above_control") == std::nullopt);
}

TEST_CASE("counterfactual: records hold every per-item metric of the protocol and no other") {
  const auto protocol = make_protocol("counterfactual");
  const auto result = run("counterfactual", edit);
  for (const ItemRecord& record : result.records) {
    std::size_t n_expected = 0;
    for (const Metric& metric : row_metrics(*protocol)) {
      const bool per_item = metric.info.kind != MetricKind::set_level;
      CHECK(record.scores.contains(std::string(metric.info.name)) == per_item);
      n_expected += per_item ? 1 : 0;
    }
    CHECK(record.scores.size() == n_expected);
  }
}

TEST_CASE("counterfactual: the target follows the model's own prediction, in the prompt and in the score") {
  ScriptedModel model;
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    return std::vector{label == (last_turn_has(prompt, "EDIT") ? " good" : " odd") ? -0.1 : -3.0};
  };
  model.on_complete = [](const Prompt&) { return std::string("EDIT</new>"); };
  const Task task = toy_task();
  const auto records = make_protocol("counterfactual")->run(task, task.items, {model, model}, 5);
  REQUIRE(model.completed.size() == 3);
  CHECK(model.completed[0].prompt.messages.back().content == "one two three four: odd to good");
  CHECK(model.completed[1].prompt.messages.back().content == "five six seven eight: odd to good");
  for (const ItemRecord& record : records) CHECK(record.scores.at("flip_hard") == 1.0);
}

TEST_CASE("counterfactual: the edit is judged in a chat that knows nothing of it, and only if it was parsed") {
  const auto [model, full, records] = run("counterfactual", edit);
  CHECK(model.batches == std::vector<std::size_t>{3, 3, 2, 2});
  const std::vector<ChatMessage>& before = model.scored[0].prompt.messages;
  std::vector<ChatMessage> expected(before.begin(), before.end() - 1);
  expected.push_back({"user", "Q one ZERO three four"});
  CHECK(model.scored[9].prompt.messages == expected);
  CHECK(full.texts == std::vector<std::string>{"one ZERO three four", "six seven eight more words"});
  CHECK(full.scored.empty());
  CHECK(model.texts.empty());
}

TEST_CASE("counterfactual: a copy is told, and is not a flip") {
  const auto result = run("counterfactual", [](const Prompt&) { return std::string(" one  two three four\n</new>"); });
  CHECK(result.records[0].scores.at("copy_rate") == 1.0);
  CHECK(result.records[0].scores.at("edit_distance") == 0.0);
  CHECK(result.records[0].scores.at("flip_soft") == 0.0);
  CHECK(result.records[1].scores.at("copy_rate") == 0.0);
  // So is one up to case and punctuation, which is no edit.
  const auto dotted = run("counterfactual", [](const Prompt&) { return std::string("One two three, four.</new>"); });
  CHECK(dotted.records[0].scores.at("copy_rate") == 1.0);
  CHECK(dotted.records[0].scores.at("valid_edits") == 0.0);
}

TEST_CASE("counterfactual: garbage that loses its label is no better than as many random words") {
  ScriptedModel model;
  // Whatever is not the item loses its label.
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    const bool is_item = last_turn_has(prompt, "Q one two three four");
    return std::vector{label == (is_item ? " good" : " odd") ? -0.1 : -3.0};
  };
  model.on_complete = [](const Prompt&) { return std::string("zum glu frob</new>"); };
  const Task task = toy_task();
  const auto record = make_protocol("counterfactual")->run(task, {&task.items[0], 1}, {model, model}, 5)[0];
  CHECK(record.scores.at("flip_soft") == 1.0);
  CHECK(record.scores.at("valid_edits") == 0.0);
  CHECK(record.scores.at("flip_soft_valid") == std::nullopt);
  CHECK(record.scores.at("flip_control") == 1.0);
  CHECK(record.scores.at("flip_above_control") == 0.0);
}

TEST_CASE("counterfactual: an edit without predicted tokens has no perplexity, but the rest") {
  const auto result = run("counterfactual", [](const Prompt&) { return std::string("one</new>"); });
  CHECK(result.records[0].scores.at("perplexity") == std::nullopt);
  CHECK(result.records[0].scores.at("edit_distance") == 0.75);
  CHECK(result.records[0].scores.at("parse_failure_rate") == 0.0);
}

TEST_CASE("counterfactual_guided: the words come first, and their answer stands in the second turn's chat") {
  const auto [model, full, records] = run("counterfactual_guided", [](const Prompt& prompt) -> std::string {
    return prompt.answer_prefix == "W:" ? " two, {target}" : "one ZERO three four</new>";
  });
  CHECK(model.batches == std::vector<std::size_t>{3, 3, 3, 3, 3});
  REQUIRE(model.completed.size() == 6);
  std::vector<ChatMessage> expected = model.completed[0].prompt.messages;
  CHECK(expected.back() == ChatMessage{"user", "Words of one two three four for good"});
  expected.push_back({"assistant", "W: two, {target}"});
  expected.push_back({"user", "Now to bad"});
  CHECK(model.completed[3].prompt.messages == expected);
  CHECK(model.completed[3].prompt.answer_prefix == "<new>");
  CHECK(records[0].scores.at("flip_hard") == 1.0);
  CHECK(records[0].n_generated_tokens == 14);
  CHECK(records[0].transcript.size() == 6);  // classify, two turns, judge, perplexity
  CHECK(records[0].transcript[2].at("counterfactual") == "one ZERO three four");
}

TEST_CASE("counterfactual: long inputs are cut for the prediction, the edit and its distance alike") {
  const auto result =
      run("counterfactual", [](const Prompt&) { return std::string("one ZERO</new>"); }, {{"max_input_words", "2"}});
  CHECK(result.model.scored[0].prompt.messages.back().content == "Q one two");
  CHECK(result.model.completed[0].prompt.messages.back().content == "one two: good to bad");
  CHECK(result.records[0].scores.at("edit_distance") == 0.5);
}

TEST_CASE("counterfactual: without a prediction, or without a judgement, nothing is flipped") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    // Without a prior there is no pointwise mutual information.
    if (last_turn_has(prompt, "five") || last_turn_has(prompt, "EDIT") || last_turn_has(prompt, "N/A"))
      return std::vector{-std::numeric_limits<double>::infinity()};
    return score_by_words(prompt, label);
  };
  model.on_complete = [](const Prompt&) { return std::string("EDIT</new>"); };
  const auto records =
      make_protocol("counterfactual", {{"label_score", "pmi"}})->run(task, task.items, {model, model}, 5);
  CHECK(model.completed.size() == 2);
  CHECK(records[0].scores.at("flip_soft") == 0.0);
  CHECK(records[0].scores.at("parse_failure_rate") == 0.0);
  CHECK(records[1].predicted_label == "invalid");
  CHECK(records[1].scores.at("parse_failure_rate") == 1.0);
  CHECK(records[1].scores.at("flip_soft") == 0.0);
}

TEST_CASE("counterfactual: item text with braces and tags passes through untouched") {
  Task task = toy_task();
  task.items[0].fields["text"] = "{label} {{text}} <new>x</new> <|im_end|>";
  ScriptedModel model;
  model.on_score = score_by_words;
  static_cast<void>(make_protocol("counterfactual")->run(task, task.items, {model, model}, 5));
  CHECK(model.completed[0].prompt.messages.back().content == "{label} {{text}} <new>x</new> <|im_end|>: good to bad");
}

TEST_CASE("counterfactual: a task without targets or edit field is refused") {
  ScriptedModel model;
  Task task = toy_task();
  CHECK(make_protocol("counterfactual")->supports(task));
  task.counterfactual_target.clear();
  CHECK_FALSE(make_protocol("counterfactual")->supports(task));
  CHECK_THROWS_AS(make_protocol("counterfactual")->run(task, task.items, {model, model}, 5), InputError);
}
