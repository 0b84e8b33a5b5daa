#include "quantlens/protocols/nle.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

/// Says "good" of i1, "good" of i2 (gold: bad), "odd" of i3.
ScriptedModel scripted() {
  ScriptedModel model;
  model.on_score = [](const Prompt& prompt, const std::string& label) {
    return std::vector{label == (last_turn_has(prompt, "nine") ? " odd" : " good") ? -0.1 : -3.0};
  };
  model.on_complete = [](const Prompt& prompt) -> std::string {
    if (last_turn_has(prompt, "one")) return " It is one of two. Then";
    if (last_turn_has(prompt, "five")) return "\n!!!!!!!!!!";
    return " Nobody knows\nReally.";
  };
  return model;
}

}  // namespace

TEST_CASE("nle: metrics have the values worked out by hand") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  const auto records = NaturalLanguageExplanation().run(task, task.items, {model, model}, 5);
  REQUIRE(records.size() == 3);

  // "It is one of two" against "it is one two": subsequence 4, 5 and 4 tokens; articles play no part.
  CHECK(records[0].item_id == "i1");
  CHECK(records[0].gold_label == "good");
  CHECK(records[0].predicted_label == "good");
  CHECK(records[0].scores.at("accuracy") == 1.0);
  CHECK(*records[0].scores.at("rouge_l") == Approx(8.0 / 9.0).epsilon(1e-12));
  CHECK(*records[0].scores.at("token_f1") == Approx(8.0 / 9.0).epsilon(1e-12));
  CHECK(records[0].scores.at("explanation_words") == 5.0);
  CHECK(records[0].scores.at("degenerate_rate") == 0.0);
  CHECK(records[0].scores.at("repeated_share") == 0.0);
  CHECK(records[0].scores.at("copied_share") == 0.0);
  CHECK(records[0].scores.at("grounded_share") == 1.0);  // "one" and "two"; "It is of" carry nothing

  CHECK(records[1].gold == 1);
  CHECK(records[1].predicted == 0);
  CHECK(records[1].scores.at("accuracy") == 0.0);
  CHECK(records[1].scores.at("rouge_l") == 0.0);
  CHECK(records[1].scores.at("explanation_words") == 1.0);
  CHECK(records[1].scores.at("degenerate_rate") == 1.0);

  // No reference: overlap is undefined.
  CHECK(records[2].scores.at("rouge_l") == std::nullopt);
  CHECK(records[2].scores.at("token_f1") == std::nullopt);
  CHECK(records[2].scores.at("explanation_words") == 2.0);
  CHECK(records[2].scores.at("copied_share") == std::nullopt);
  CHECK(records[2].scores.at("grounded_share") == 0.0);
  CHECK_FALSE(records[2].scores.contains("macro_f1"));

  // gold good, bad, odd; predicted good, good, odd: F1 2/3, 0, 1.
  std::vector<LabelPair> labels;
  for (const ItemRecord& record : records) labels.push_back({record.gold, record.predicted});
  CHECK(macro_f1(labels) == Approx((2.0 / 3.0 + 0.0 + 1.0) / 3.0).epsilon(1e-12));
}

TEST_CASE("nle: the predicted label is explained, not the gold one") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  static_cast<void>(NaturalLanguageExplanation().run(task, task.items, {model, model}, 5));
  REQUIRE(model.completed.size() == 3);
  CHECK(model.completed[1].prompt.messages.back().content == "Why is five six seven eight good?");
  CHECK(model.completed[1].prompt.answer_prefix == "E:");
  CHECK(model.completed[1].max_new_tokens == 20);
}

TEST_CASE("nle: all items go through each step in one batch, with the same demonstrations") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  static_cast<void>(NaturalLanguageExplanation().run(task, task.items, {model, model}, 5));
  CHECK(model.batches == std::vector<std::size_t>{3, 3});
  const auto opening = [](const Prompt& prompt) {
    return std::vector<ChatMessage>(prompt.messages.begin(), prompt.messages.end() - 1);
  };
  for (const auto& request : model.scored) CHECK(opening(request.prompt) == opening(model.scored[0].prompt));
  for (const auto& request : model.completed) CHECK(opening(request.prompt) == opening(model.completed[0].prompt));
}

TEST_CASE("nle: an item's record does not depend on the rest of the batch, and one item is enough") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  const auto forget_time = [](ItemRecord record) {
    record.seconds = 0;
    return record;
  };
  const auto together = NaturalLanguageExplanation().run(task, task.items, {model, model}, 5);
  for (std::size_t i = 0; i < task.items.size(); ++i) {
    const auto alone = NaturalLanguageExplanation().run(task, {&task.items[i], 1}, {model, model}, 5);
    REQUIRE(alone.size() == 1);
    CHECK(forget_time(alone[0]) == forget_time(together[i]));
  }
  CHECK(NaturalLanguageExplanation().run(task, {}, {model, model}, 5).empty());
}

TEST_CASE("nle: records keep prompts, answers, tokens and times") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  const ItemRecord record = NaturalLanguageExplanation().run(task, task.items, {model, model}, 5)[0];
  CHECK(record.n_prompt_tokens == 100);
  CHECK(record.n_generated_tokens == 7);
  CHECK(record.ttft_seconds == 0.25);
  CHECK(record.seconds >= 0);
  REQUIRE(record.transcript.size() == 2);
  const nlohmann::json& step = record.transcript[1];
  CHECK(step.at("step") == "explain");
  CHECK(step.at("messages").size() == 6);
  CHECK(step.at("messages")[5].at("content") == "Why is one two three four good?");
  CHECK(step.at("answer") == " It is one of two. Then");
  CHECK(step.at("explanation") == "It is one of two");
  CHECK(step.at("n_tokens") == 7);
  CHECK(item_record_from_json(nlohmann::json::parse(to_json(record).dump())) == record);
}

TEST_CASE("nle: an answer cut inside a character is repaired, so that the journal can hold it") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  model.on_complete = [](const Prompt&) { return std::string(" caf\xc3"); };
  const ItemRecord record = NaturalLanguageExplanation().run(task, task.items, {model, model}, 5)[0];
  CHECK(record.transcript[1].at("answer") == " caf\xef\xbf\xbd");
  CHECK_NOTHROW(to_json(record).dump());
}

TEST_CASE("nle: an item without a prediction is not asked, and counts as wrong and degenerate") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  model.on_score = [](const Prompt& prompt, const std::string&) {
    // Without a prior there is no pointwise mutual information.
    const bool impossible = last_turn_has(prompt, "five") || last_turn_has(prompt, "N/A");
    return std::vector{impossible ? -std::numeric_limits<double>::infinity() : -1.0};
  };
  const auto records = make_protocol("nle", {{"label_score", "pmi"}})->run(task, task.items, {model, model}, 5);
  CHECK(model.completed.size() == 2);
  CHECK(records[1].predicted == no_label);
  CHECK(records[1].predicted_label == "invalid");
  CHECK(records[1].scores.at("accuracy") == 0.0);
  CHECK(records[1].scores.at("rouge_l") == 0.0);
  CHECK(records[1].scores.at("degenerate_rate") == 1.0);
  CHECK(records[1].ttft_seconds == std::nullopt);
  CHECK(records[0].label_tie);
  CHECK(records[0].predicted == 0);
}
