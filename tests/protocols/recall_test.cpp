#include "quantlens/protocols/recall.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "scripted_model.hpp"
#include "toy_facts.hpp"

using namespace quantlens;
using quantlens::test::recall_task;
using quantlens::test::ScriptedModel;
using quantlens::test::two_hop_task;

namespace {

/// Answers by the subject of the last line: the first token, the whole text, and whether the object's first token is
/// the most likely one.
struct Answer {
  std::string first_token, text;
  std::size_t n_greedy = 0;
};

class FactModel final : public TextModel {
 public:
  std::map<std::string, Answer> answers;
  std::vector<CompletionRequest> completed;
  std::vector<ContinuationRequest> scored;

  [[nodiscard]] bool can(Capability) override { return true; }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest> requests) override {
    std::vector<std::vector<ScoreResult>> results;
    for (const auto& request : requests) {
      scored.push_back(request);
      results.emplace_back(request.continuations.size(),
                           ScoreResult{-3.0, {-1.0, -2.0}, answer_to(request.prompt).n_greedy});
    }
    return results;
  }
  std::vector<Completion> complete(std::span<const CompletionRequest> requests) override {
    std::vector<Completion> completions;
    for (const auto& request : requests) {
      completed.push_back(request);
      const Answer answer = answer_to(request.prompt);
      completions.push_back({answer.text, 10, 5, false, 0.25, 0.5, answer.first_token});
    }
    return completions;
  }
  std::vector<ScoreResult> score_text(std::span<const std::string>) override { return {}; }

 private:
  [[nodiscard]] Answer answer_to(const Prompt& prompt) const {
    const std::string& text = prompt.answer_prefix;
    const auto found = answers.find(text.substr(text.rfind('\n') + 1));
    return found == answers.end() ? Answer{} : found->second;
  }
};

std::map<std::string, double> scores_of(const ItemRecord& record) {
  std::map<std::string, double> scores;
  for (const auto& [name, score] : record.scores) scores[name] = score.value();
  return scores;
}

}  // namespace

TEST_CASE("recall: three measures of whether the object is named") {
  const Task task = recall_task();
  FactModel model;
  model.answers["The capital of Norway is"] = {" Os", " Oslo. The", 2};           // all of them, for c1 alone
  model.answers["The capital of Brazil is"] = {" Bras", " Bras\xc3\xadlia.", 0};  // another spelling
  model.answers["The capital of Spain is"] = {" M", " Malaga, of course", 0};     // a letter is enough for top1
  model.answers["The capital of Kenya is"] = {" the", " the city of Nairobi", 0};
  model.answers["The currency of Norway is"] = {" KRONE", " KRONE", 0};  // an alias in other case
  model.answers["The currency of Japan is"] = {"\n", "\n yen", 1};       // blanks are no prefix
  const auto records = Recall().run(task, task.items, {model, model}, 1);
  using Scores = std::map<std::string, double>;
  const auto expected = [](double top1, double strict, double full) {
    return Scores{{"recall_top1", top1}, {"recall_strict", strict}, {"recall_full", full}, {"generated_tokens", 5}};
  };
  REQUIRE(records.size() == 7);
  CHECK(scores_of(records[0]) == expected(1, 1, 1));
  CHECK(scores_of(records[1]) == expected(1, 0, 1));
  CHECK(scores_of(records[2]) == expected(1, 0, 0));
  CHECK(scores_of(records[3]) == expected(0, 0, 0));
  CHECK(scores_of(records[4]) == expected(0, 1, 0));  // the scripted score does not look at the object
  CHECK(scores_of(records[5]) == expected(0, 0, 1));
  CHECK(scores_of(records[6]) == expected(0, 1, 1));
}

TEST_CASE("recall: the prompt is plain text, and the object is scored as the answer spells it, without its end") {
  const Task task = recall_task(5);
  FactModel model;
  static_cast<void>(Recall().run(task, {&task.items[6], 1}, {model, model}, 1));
  REQUIRE(model.completed.size() == 1);
  CHECK(model.completed[0].prompt.messages.empty());
  CHECK(model.completed[0].prompt.answer_prefix ==
        "The currency of Norway is Norwegian krone.\nThe currency of Japan is");
  CHECK(model.completed[0].max_new_tokens == 8);
  REQUIRE(model.scored.size() == 1);
  CHECK(model.scored[0].prompt == model.completed[0].prompt);
  CHECK(model.scored[0].continuations == std::vector<std::string>{" yen"});
  CHECK(model.completed[0].expected == model.scored[0].continuations);
}

TEST_CASE("recall: behind an answer prefix only the rest of the answer is scored") {
  Task task = recall_task();
  PromptTemplate& form = task.prompts.at("recall");
  form.plain = false;
  form.answer_prefix = "It is";
  form.answer = TextTemplate("It is {object}!");
  FactModel model;
  static_cast<void>(Recall().run(task, {&task.items[0], 1}, {model, model}, 1));
  CHECK(model.scored[0].prompt.messages.size() == 1);
  CHECK(model.scored[0].prompt.answer_prefix == "It is");
  CHECK(model.scored[0].continuations == std::vector<std::string>{" Oslo"});
}

TEST_CASE("recall: records keep relation, first token and no label") {
  const Task task = recall_task();
  FactModel model;
  model.answers["The capital of Norway is"] = {" Os", " Oslo.", 1};
  const ItemRecord record = Recall().run(task, task.items, {model, model}, 1)[0];
  CHECK(record.group == "capital");
  CHECK(record.gold_label.empty());
  CHECK(record.predicted_label.empty());
  CHECK(record.predicted == no_label);
  REQUIRE(record.transcript.size() == 2);
  CHECK(record.transcript[0].at("step") == "recall");
  CHECK(record.transcript[0].at("answer") == " Oslo.");
  CHECK(record.transcript[0].at("first_token") == " Os");
  CHECK(record.transcript[1].at("step") == "object");
  CHECK(record.transcript[1].at("continuations")[0].at("text") == " Oslo");
  CHECK(record.ttft_seconds == 0.25);
  CHECK(item_record_from_json(nlohmann::json::parse(to_json(record).dump())) == record);
}

TEST_CASE("recall: an item's prompts do not depend on the rest of the batch") {
  const Task task = recall_task(2);
  FactModel together, alone;
  static_cast<void>(Recall().run(task, task.items, {together, together}, 7));
  for (const Item& item : task.items) static_cast<void>(Recall().run(task, {&item, 1}, {alone, alone}, 7));
  REQUIRE(together.completed.size() == alone.completed.size());
  for (std::size_t i = 0; i < alone.completed.size(); ++i)
    CHECK(together.completed[i].prompt == alone.completed[i].prompt);
  CHECK(Recall().run(task, {}, {together, together}, 7).empty());
}

TEST_CASE("recall: it is for tasks that ask for it") {
  CHECK(Recall().supports(recall_task()));
  CHECK_FALSE(Recall().supports(two_hop_task()));
  CHECK_FALSE(Recall().supports(quantlens::test::toy_task()));
  FactModel model;
  const Task other = two_hop_task();
  CHECK_THROWS_AS(Recall().run(other, other.items, {model, model}, 1), InputError);
}
