#include "quantlens/asking/conversation.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "../protocols/scripted_model.hpp"

using namespace quantlens;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

TEST_CASE("a batch's time is shared by its items; the time of the full model is nobody's") {
  const Task task = toy_task();
  ScriptedModel model, full;
  const auto wait = [](int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); };
  model.on_complete = [&](const Prompt&) {
    wait(10);
    return std::string("x");
  };
  full.on_text = [&](const std::string&) {
    wait(200);
    return std::vector{-1.0};
  };
  Conversation conversation(task, task.items, {model, full});
  conversation.complete("ask", std::vector<ItemRequest<CompletionRequest>>{{0, {{}, 5}}, {2, {{}, 5}}});
  conversation.score_text_by_full("read", std::vector<ItemRequest<std::string>>{{0, "text"}});
  CHECK(conversation.record(0).seconds >= 0.01);
  CHECK(conversation.record(0).seconds < 0.2);
  CHECK(conversation.record(0).seconds == conversation.record(2).seconds);
  CHECK(conversation.record(1).seconds == 0);
}

TEST_CASE("tokens add up over an item's completions, and the first one gives the time to first token") {
  const Task task = toy_task();
  ScriptedModel model;
  Conversation conversation(task, task.items, {model, model});
  const std::vector<ItemRequest<CompletionRequest>> asked{{1, {{}, 5}}};
  conversation.complete("first", asked);
  CHECK(conversation.record(1).ttft_seconds == 0.25);
  conversation.record(1).ttft_seconds = 0.125;
  conversation.complete("second", asked);
  CHECK(conversation.record(1).ttft_seconds == 0.125);
  CHECK(conversation.record(1).n_prompt_tokens == 200);
  CHECK(conversation.record(1).n_generated_tokens == 14);
  CHECK(conversation.record(0).transcript.empty());
}

TEST_CASE("asking nothing does not bother the model") {
  const Task task = toy_task();
  ScriptedModel model;
  Conversation conversation(task, task.items, {model, model});
  CHECK(conversation.complete("none", {}).empty());
  CHECK(conversation.score("none", {}).empty());
  CHECK(conversation.score_text_by_full("none", {}).empty());
  CHECK(model.batches.empty());
}

TEST_CASE("a log-probability that is not a number ends the protocol, and names item and step") {
  const Task task = toy_task();
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    ScriptedModel model;
    model.on_score = [&](const Prompt&, const std::string& label) {
      return std::vector{-1.0, label == " bad" ? bad : -1.0};
    };
    model.on_text = [&](const std::string& text) { return std::vector{text == "b" ? bad : -1.0}; };
    Conversation conversation(task, task.items, {model, model});
    const auto asked = std::vector<ItemRequest<ContinuationRequest>>{{1, {{{{"user", "a"}}, "A:"}, {" good", " bad"}}}};
    CHECK_THROWS_WITH(conversation.score("judge", asked), Catch::StartsWith("[quantlens.not_finite] item i2, judge: "));
    const auto texts = std::vector<ItemRequest<std::string>>{{0, "a"}, {2, "b"}};
    CHECK_THROWS_WITH(conversation.score_text_by_full("perplexity", texts),
                      Catch::StartsWith("[quantlens.not_finite] item i3, perplexity: "));
    try {
      static_cast<void>(conversation.score("judge", asked));
    } catch (const Error& error) {  // not an item's own fault: the whole cell fails
      CHECK(dynamic_cast<const ItemError*>(&error) == nullptr);
    }
  }
}

TEST_CASE("what the full model said of a text is in the transcript") {
  const Task task = toy_task();
  ScriptedModel model, full;
  full.on_text = [](const std::string&) { return std::vector{-1.0, -std::numeric_limits<double>::infinity()}; };
  Conversation conversation(task, task.items, {model, full});
  conversation.score_text_by_full("perplexity", std::vector<ItemRequest<std::string>>{{0, "a {b}"}});
  const nlohmann::json expected = {
      {"step", "perplexity"}, {"model", "fluency"}, {"text", "a {b}"}, {"logprob", nullptr}, {"n_tokens", 2}};
  REQUIRE(conversation.record(0).transcript.size() == 1);
  CHECK(conversation.record(0).transcript[0] == expected);
}
