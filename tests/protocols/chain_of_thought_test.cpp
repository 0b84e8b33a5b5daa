#include "quantlens/protocols/chain_of_thought.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

/// The label that the last answer in the chat names; good where it names none.
std::vector<double> score_by_reasoning(const Prompt& prompt, const std::string& label) {
  const std::string& said = prompt.messages.at(prompt.messages.size() - 2).content;
  const std::string named = said.find("bad") != std::string::npos   ? " bad"
                            : said.find("odd") != std::string::npos ? " odd"
                                                                    : " good";
  return {label == named ? -0.1 : -3.0};
}

/// Reasons well of i1, towards "odd" of i2 (gold: bad), not at all of i3.
ScriptedModel scripted() {
  ScriptedModel model;
  model.on_score = score_by_reasoning;
  model.on_complete = [](const Prompt& prompt) -> std::string {
    if (last_turn_has(prompt, "one")) return " It is one of two.";
    return last_turn_has(prompt, "five") ? " Five is odd.\nSo it is." : "";
  };
  return model;
}

}  // namespace

TEST_CASE("chain of thought: reasons come first, and the label is asked for in the same chat") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  static_cast<void>(make_protocol("chain_of_thought")->run(task, task.items, {model, model}, 5));
  CHECK(model.batches == std::vector<std::size_t>{3, 3});
  const std::vector<ChatMessage> shown{{"system", "Labels: good, bad or odd."},
                                       {"user", "T demo good, think"},
                                       {"assistant", "R: It is good."},
                                       {"user", "Label?"},
                                       {"assistant", "A: good"},
                                       {"user", "T one two three four, think"}};
  CHECK(model.completed[0].prompt == Prompt{shown, "R:"});
  CHECK(model.completed[0].max_new_tokens == 20);
  CHECK(model.completed[0].sampling.temperature == 0.0);
  std::vector<ChatMessage> concluded = shown;
  concluded.push_back({"assistant", "R: It is one of two."});
  concluded.push_back({"user", "Label?"});
  CHECK(model.scored[0].prompt == Prompt{concluded, "A:"});
  CHECK(model.scored[1].continuation == " bad");
}

TEST_CASE("chain of thought: without demonstrations it is zero-shot") {
  Task task = toy_task();
  task.prompts["reason"].n_demonstrations = 0;
  ScriptedModel model = scripted();
  static_cast<void>(make_protocol("chain_of_thought")->run(task, task.items, {model, model}, 5));
  CHECK(model.completed[1].prompt.messages ==
        std::vector<ChatMessage>{{"system", "Labels: good, bad or odd."}, {"user", "T five six seven eight, think"}});
}

TEST_CASE("chain of thought: metrics have the values worked out by hand") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  const auto records = make_protocol("chain_of_thought")->run(task, task.items, {model, model}, 5);
  CHECK(records[0].predicted_label == "good");
  CHECK(records[0].scores.at("accuracy") == 1.0);
  // As in nle: subsequence 4, 5 and 4 tokens.
  CHECK(*records[0].scores.at("rouge_l") == Approx(8.0 / 9.0).epsilon(1e-12));
  CHECK(records[0].scores.at("degenerate_rate") == 0.0);
  CHECK(records[0].scores.at("reasoning_tokens") == 7.0);
  CHECK(records[0].scores.at("reasoning_cut_rate") == 0.0);
  CHECK(records[0].scores.at("repeat_agreement") == std::nullopt);
  // All lines of a reasoning count.
  CHECK(records[1].predicted_label == "odd");
  CHECK(records[1].scores.at("explanation_words") == 6.0);
  // Nothing was said, and the label is asked for all the same.
  CHECK(records[2].predicted_label == "good");
  CHECK(records[2].scores.at("accuracy") == 0.0);
  CHECK(records[2].scores.at("degenerate_rate") == 1.0);
  const auto metrics = make_protocol("chain_of_thought")->metrics();
  for (const Metric& metric : metrics)
    CHECK(records[0].scores.contains(std::string(metric.info.name)) == (metric.summarize == nullptr));
}

TEST_CASE("chain of thought: of sampled reasonings the label that most lead to counts, with its first reasoning") {
  const Task task = toy_task();
  ScriptedModel model;
  model.on_score = score_by_reasoning;
  std::size_t n = 0;
  model.on_complete = [&](const Prompt&) {
    const std::vector<std::string> said{" I say good", " bad it is", " odd", " surely bad"};
    return said[n++ % said.size()];
  };
  const std::vector<OptionChoice> options{{"temperature", "0.7"}, {"top_p", "0.95"}, {"top_k", "40"}, {"repeats", "4"}};
  const auto protocol = make_protocol("chain_of_thought", options);
  const auto records = protocol->run(task, task.items, {model, model}, 5);
  REQUIRE(model.completed.size() == 12);
  CHECK(records[0].predicted_label == "bad");
  CHECK(records[0].scores.at("repeat_agreement") == 0.5);
  CHECK(records[0].scores.at("explanation_words") == 3.0);
  CHECK(model.completed[0].sampling.temperature == 0.7);
  CHECK(model.completed[0].sampling.top_p == 0.95);
  CHECK(model.completed[0].sampling.top_k == 40);
  std::set<std::uint64_t> seeds;
  for (const auto& request : model.completed) seeds.insert(request.sampling.seed);
  CHECK(seeds.size() == 12);
  CHECK(protocol->needs().of_model == std::vector{Capability::scores, Capability::sampling});
  CHECK(make_protocol("chain_of_thought")->needs().of_model == std::vector{Capability::scores});

  // Greedy reasoning is the same every time, so it is asked for once.
  model.completed.clear();
  static_cast<void>(make_protocol("chain_of_thought", {{"repeats", "4"}})->run(task, task.items, {model, model}, 5));
  CHECK(model.completed.size() == 3);
}

TEST_CASE("chain of thought: labels that are likely anyway can be discounted") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  const auto by_reasoning = model.on_score;
  model.on_score = [&](const Prompt& prompt, const std::string& label) {
    const bool is_prior = prompt.messages.at(prompt.messages.size() - 2).content == "R:N/A";
    if (is_prior) CHECK(prompt.messages.at(prompt.messages.size() - 3).content == "T N/A, think");
    return std::vector{is_prior ? (label == " good" ? -0.1 : -9.0) : by_reasoning(prompt, label)[0]};
  };
  const auto records =
      make_protocol("chain_of_thought", {{"label_score", "pmi"}})->run(task, task.items, {model, model}, 5);
  CHECK(records[0].predicted_label == "bad");
}

TEST_CASE("chain of thought: an item's record does not depend on the rest of the batch") {
  const Task task = toy_task();
  ScriptedModel model = scripted();
  for (const char* name : {"chain_of_thought", "cot_interventions", "biasing_features", "hints", "answer_and_explain",
                           "explain_and_answer"}) {
    const auto together = make_protocol(name)->run(task, task.items, {model, model}, 5);
    for (std::size_t i = 0; i < task.items.size(); ++i) {
      ItemRecord alone = make_protocol(name)->run(task, {&task.items[i], 1}, {model, model}, 5)[0];
      alone.seconds = together[i].seconds;
      CHECK(alone == together[i]);
    }
    CHECK(make_protocol(name)->run(task, {}, {model, model}, 5).empty());
    Task bare = task;
    for (const char* prompt : {"conclude", "answer_and_explain", "explain_and_answer"}) bare.prompts.erase(prompt);
    CHECK_THROWS_AS(make_protocol(name)->run(bare, task.items, {model, model}, 5), InputError);
  }
}
