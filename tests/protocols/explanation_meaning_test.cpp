#include "quantlens/protocols/explanation_meaning.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "scripted_model.hpp"

using namespace quantlens;
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
