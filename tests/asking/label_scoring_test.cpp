#include "quantlens/asking/label_scoring.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "../protocols/scripted_model.hpp"
#include "quantlens/asking/conversation.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

std::vector<LabelChoice> predict(const Task& task, LabelScore kind, ScriptedModel& model) {
  std::vector<std::size_t> indices(task.items.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  Conversation conversation(task, task.items, {model, model});
  return LabelScorer(task, kind, 5).predict("classify", task.items, indices, conversation);
}

}  // namespace

TEST_CASE("the largest score wins, the first of equals, and ties are told") {
  const auto choose = [](std::vector<double> scores) {
    const LabelChoice choice = choose_label(scores);
    return std::pair(choice.label, choice.tie);
  };
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(choose({-3, -1, -2}) == std::pair(std::size_t{1}, false));
  CHECK(choose({-3, -1, -1}) == std::pair(std::size_t{1}, true));
  CHECK(choose({-2, -2, -1}) == std::pair(std::size_t{2}, false));
  CHECK(choose({-infinity, -infinity}) == std::pair(std::size_t{0}, true));
  CHECK(choose({-infinity, -5}) == std::pair(std::size_t{1}, false));
}

TEST_CASE("confidence is the chosen label's share of all labels' probability, and none where that is none") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  CHECK(choose_label(std::vector{std::log(.1), std::log(.3)}).confidence.value() == Approx(.75));
  CHECK(choose_label(std::vector{-1000.0, -1000.0}).confidence.value() == Approx(.5));
  CHECK(choose_label(std::vector{-infinity, -5.0}).confidence == 1.0);
  CHECK_FALSE(choose_label(std::vector{-infinity, -infinity}).confidence);
  CHECK_FALSE(choose_label(std::vector<double>{}).confidence);
}

TEST_CASE("a record says how sure the model is, and by how much that misses") {
  const Task task = toy_task();
  ItemRecord record;
  record.gold = 1;
  record_prediction(task, {1, false, .75}, record);
  CHECK(record.scores.at("label_confidence") == .75);
  CHECK(record.scores.at("brier") == .0625);
  record_prediction(task, {0, false, .75}, record);
  CHECK(record.scores.at("brier") == .5625);
  record_prediction(task, {}, record);
  CHECK(record.scores.at("accuracy") == 0.0);
  CHECK_FALSE(record.scores.at("label_confidence"));
  CHECK_FALSE(record.scores.at("brier"));
}

TEST_CASE("a score that is not a number means no label") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(choose_label(std::vector{-1.0, nan}).label == no_label);
  CHECK(choose_label(std::vector{nan, -1.0}).label == no_label);
}

TEST_CASE("every label is scored as the whole string that follows the answer prefix, in label order, in one batch") {
  const Task task = toy_task();
  ScriptedModel model;
  static_cast<void>(predict(task, LabelScore::sum, model));
  REQUIRE(model.batches == std::vector<std::size_t>{3});
  REQUIRE(model.scored.size() == 9);
  const std::vector<std::string> continuations{" good", " bad", " odd"};
  for (std::size_t i = 0; i < 9; ++i) {
    CHECK(model.scored[i].continuation == continuations[i % 3]);
    CHECK(model.scored[i].prompt.answer_prefix == "A:");
    CHECK(model.scored[i].prompt.messages.back().content == "Q " + task.items[i / 3].fields.at("text"));
  }
}

TEST_CASE("sum, mean and pmi can each prefer another label") {
  const Task task = toy_task();
  ScriptedModel model;
  // After a content-free item "odd" is as good as certain, "good" unlikely.
  model.on_score = [](const Prompt& prompt, const std::string& label) -> std::vector<double> {
    if (last_turn_has(prompt, "N/A")) return {label == " good" ? -9.0 : label == " bad" ? -2.0 : -0.5};
    if (label == " good") return {-4.0};
    if (label == " bad") return {-1.5, -1.5, -0.6};  // sum -3.6, mean -1.2
    return {-2.0};
  };
  CHECK(predict(task, LabelScore::sum, model)[0].label == 2);
  CHECK(predict(task, LabelScore::mean, model)[0].label == 1);
  CHECK(predict(task, LabelScore::pmi, model)[0].label == 0);
}

TEST_CASE("a label's score is its own item's") {
  const Task task = toy_task();
  ScriptedModel model;
  const std::map<std::string, std::string> favourite{{"Q one two three four", " odd"}, {"Q nine ten", " bad"}};
  model.on_score = [&](const Prompt& prompt, const std::string& label) {
    const auto found = favourite.find(prompt.messages.back().content);
    return std::vector{found != favourite.end() && found->second == label ? -0.5 : -1.0};
  };
  const auto choices = predict(task, LabelScore::sum, model);
  CHECK(choices[0].label == 2);
  CHECK(choices[1].label == 0);
  CHECK(choices[1].tie);
  CHECK(choices[2].label == 1);
  CHECK_FALSE(choices[2].tie);
}

TEST_CASE("transcripts show what was scored, and log-probabilities that JSON cannot hold as null") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = [](const Prompt&, const std::string& label) {
    return std::vector<double>{label == " bad" ? -std::numeric_limits<double>::infinity() : -1.25, -0.5};
  };
  std::vector<std::size_t> indices{0, 1, 2};
  Conversation conversation(task, task.items, {model, model});
  static_cast<void>(LabelScorer(task, LabelScore::sum, 5).predict("classify", task.items, indices, conversation));
  const Transcript transcript = conversation.record(2).transcript;
  REQUIRE(transcript.size() == 1);
  CHECK(transcript[0].at("step") == "classify");
  CHECK(transcript[0].at("messages").size() == 6);
  CHECK(transcript[0].at("messages")[5] == nlohmann::json{{"role", "user"}, {"content", "Q nine ten"}});
  const nlohmann::json expected = {{{"text", " good"}, {"logprob", -1.75}, {"n_tokens", 2}},
                                   {{"text", " bad"}, {"logprob", nullptr}, {"n_tokens", 2}},
                                   {{"text", " odd"}, {"logprob", -1.75}, {"n_tokens", 2}}};
  CHECK(transcript[0].at("continuations") == expected);
}

TEST_CASE("a model that gives too few answers is an error") {
  struct Short final : public TextModel {
    [[nodiscard]] bool can(Capability) override { return true; }
    std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
      return std::vector<std::vector<ScoreResult>>(requests.size(), {{-1, {-1}, true}});
    }
    std::vector<Completion> complete(std::span<const CompletionRequest>) override { return {}; }
    std::vector<ScoreResult> score_text(std::span<const std::string>) override { return {}; }
  } model;
  const Task task = toy_task();
  std::vector<std::size_t> indices{0, 1, 2};
  Conversation conversation(task, task.items, {model, model});
  const LabelScorer scorer(task, LabelScore::sum, 5);
  CHECK_THROWS_AS(scorer.predict("classify", task.items, indices, conversation), Error);
}
