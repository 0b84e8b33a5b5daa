#include "quantlens/protocols/explanation_meaning.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../models/encoder_fixtures.hpp"
#include "quantlens/models/bert_encoder.hpp"
#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
using quantlens::test::encoder_folder;
using quantlens::test::last_turn_has;
using quantlens::test::ScriptedModel;
using quantlens::test::toy_task;

namespace {

/// Says "good" of everything and explains it by the given text.
ScriptedModel explains_by(const std::string& text) {
  ScriptedModel model;
  model.on_score = [](const Prompt&, const std::string& label) { return std::vector{label == " good" ? -0.1 : -3.0}; };
  model.on_complete = [=](const Prompt&) { return text; };
  return model;
}

/// Knows the scores of pairs, and counts them.
class ScriptedScorer final : public PairScorer {
 public:
  std::map<std::pair<std::string, std::string>, double> scores;
  std::size_t n_asked = 0;

  std::vector<double> score(std::span<const TextPair> pairs) override {
    std::vector<double> found;
    for (const TextPair& pair : pairs) found.push_back(scores.at({pair.source, pair.target}));
    n_asked += pairs.size();
    return found;
  }
};

class ScriptedEncoder final : public TextEncoder {
 public:
  std::vector<std::vector<float>> embed(std::span<const std::string> texts) override {
    std::vector<std::vector<float>> vectors;
    for (const std::string& text : texts)
      vectors.push_back(text == "near"  ? std::vector{3.0f, 4.0f}
                        : text == "far" ? std::vector{-4.0f, 3.0f}
                                        : std::vector{1.0f, 0.0f});
    return vectors;
  }
  std::vector<TokenVectors> token_vectors(std::span<const std::string> texts, std::size_t) override {
    return std::vector<TokenVectors>(texts.size());
  }
  std::vector<std::vector<TokenId>> tokens(std::span<const std::string> texts) override {
    return std::vector<std::vector<TokenId>>(texts.size());
  }
};

Task referenced(std::vector<std::string> references) {
  Task task = toy_task();
  task.items.resize(1);
  task.items[0].references = std::move(references);
  return task;
}

std::optional<double> value(const ItemRecord& record, const MetricInfo& metric) {
  return record.scores.at(std::string(metric.name));
}

}  // namespace

TEST_CASE("bart_score: both directions and their mean, of the reference with the best mean") {
  ScriptedModel model = explains_by(" so");
  ScriptedScorer scorer;
  scorer.scores = {{{"so", "near"}, -1.0}, {{"near", "so"}, -2.2}, {{"so", "far"}, -0.5}, {{"far", "so"}, -6.0}};
  const Task task = referenced({"far", "near"});
  const auto records = make_protocol("bart_score")->run(task, task.items, {model, model, nullptr, nullptr, &scorer}, 5);
  CHECK(*value(records[0], metric::bart_score) == Approx(-1.6).epsilon(1e-12));
  CHECK(value(records[0], metric::bart_score_to_reference) == -1.0);
  CHECK(value(records[0], metric::bart_score_from_reference) == -2.2);
  CHECK(value(records[0], metric::degenerate_rate) == 0.0);
}

TEST_CASE("embedding_similarity: the largest cosine of several references") {
  ScriptedModel model = explains_by(" so");
  ScriptedEncoder encoder;
  const auto protocol = make_protocol("embedding_similarity");
  for (const auto& references : {std::vector<std::string>{"far", "near"}, std::vector<std::string>{"near", "far"}}) {
    const Task task = referenced(references);
    const auto records = protocol->run(task, task.items, {model, model, nullptr, &encoder, nullptr}, 5);
    CHECK(*value(records[0], metric::embedding_similarity) == Approx(0.6).epsilon(1e-7));
  }
  const Task opposed = referenced({"far"});
  const auto records = protocol->run(opposed, opposed.items, {model, model, nullptr, &encoder, nullptr}, 5);
  CHECK(*value(records[0], metric::embedding_similarity) == Approx(-0.8).epsilon(1e-7));
}

TEST_CASE("bert_score: layers, idf, baselines and several references are the package's") {
  for (const std::string name : {"tiny-bert", "tiny-roberta"}) {
    const nlohmann::json expected = read_json_file(encoder_folder(name) / "bert_score.json");
    const auto explanations = expected["explanations"].get<std::vector<std::string>>();
    Task task = toy_task();
    task.items.resize(explanations.size());
    for (std::size_t i = 0; i < task.items.size(); ++i)
      task.items[i].references = expected["references"][i].get<std::vector<std::string>>();
    ScriptedModel model = explains_by("");
    model.on_complete = [&](const Prompt& prompt) {
      for (std::size_t i = 0; i < task.items.size(); ++i)
        if (last_turn_has(prompt, task.items[i].fields.at("text"))) return " " + explanations[i];
      return std::string("no item");
    };
    BertEncoder encoder(encoder_folder(name), 1);
    for (const nlohmann::json& wanted : expected["cases"]) {
      INFO(name << " " << wanted["layer"] << " " << wanted["idf"] << " " << wanted["rescaled"]);
      std::vector<OptionChoice> options{{"layer", wanted["layer"].dump()},
                                        {"idf", wanted["idf"].get<bool>() ? "yes" : "no"}};
      if (wanted["rescaled"].get<bool>())
        for (const auto& [measure, value] : expected["baseline"].items())
          options.push_back({"baseline_" + measure, value.dump()});
      const auto protocol = make_protocol("bert_score", options);
      const auto records = protocol->run(task, task.items, {model, model, nullptr, &encoder, nullptr}, 5);
      for (std::size_t i = 0; i < records.size(); ++i) {
        CHECK(*value(records[i], metric::bert_score_precision) ==
              Approx(wanted["precision"][i].get<double>()).margin(2e-6));
        CHECK(*value(records[i], metric::bert_score_recall) == Approx(wanted["recall"][i].get<double>()).margin(2e-6));
        CHECK(*value(records[i], metric::bert_score_f1) == Approx(wanted["f1"][i].get<double>()).margin(2e-6));
      }
      CHECK(protocol->depends_on(task).empty() != wanted["idf"].get<bool>());
    }
  }
}

TEST_CASE("what is no explanation, or has no reference, is scored by nobody") {
  ScriptedScorer scorer;
  const auto protocol = make_protocol("bart_score");
  for (const bool is_empty : {true, false}) {
    ScriptedModel model = explains_by(is_empty ? " " : " so");
    const Task task = referenced(is_empty ? std::vector<std::string>{"near"} : std::vector<std::string>{});
    const auto records = protocol->run(task, task.items, {model, model, nullptr, nullptr, &scorer}, 5);
    CHECK(value(records[0], metric::bart_score) == std::nullopt);
    CHECK(value(records[0], metric::degenerate_rate) == (is_empty ? 1.0 : 0.0));
  }
  CHECK(scorer.n_asked == 0);
  CHECK(protocol->needs().scorer);
  CHECK(make_protocol("embedding_similarity")->needs().encoder);
}
