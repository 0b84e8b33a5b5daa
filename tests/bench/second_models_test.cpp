#include <catch2/catch.hpp>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "quantlens/bench/work.hpp"
#include "scripted_provider.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Asks both second models, if there are any, about each item.
class JudgedProtocol final : public Protocol {
 public:
  [[nodiscard]] std::string_view name() const override { return "judged"; }
  [[nodiscard]] std::vector<PromptKind> prompts() const override { return {}; }
  [[nodiscard]] std::vector<Metric> metrics() const override { return {metric::bart_score}; }
  [[nodiscard]] ModelNeeds needs() const override { return {.encoder = true, .scorer = true}; }
  [[nodiscard]] bool supports(const Task&) const override { return true; }
  [[nodiscard]] std::vector<ItemRecord> run(const Task&, std::span<const Item> items, const Models& models,
                                            std::uint64_t) const override {
    std::vector<ItemRecord> records(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float meaning = models.encoder->embed(std::vector{items[i].id}).front().front();
      const double score = models.scorer->score(std::vector{TextPair{items[i].id, "because"}}).front();
      records[i].item_id = items[i].id;
      records[i].set_score(metric::bart_score, score + static_cast<double>(meaning));
    }
    return records;
  }
};

/// Takes five seconds a call.
class SlowEncoder final : public TextEncoder {
 public:
  explicit SlowEncoder(double& now) : now_(now) {}
  std::vector<std::vector<float>> embed(std::span<const std::string> texts) override {
    now_ += 5;
    return {texts.size(), {0.5f}};
  }
  std::vector<TokenVectors> token_vectors(std::span<const std::string> texts, std::size_t) override {
    now_ += 5;
    return std::vector<TokenVectors>(texts.size());
  }
  std::vector<std::vector<TokenId>> tokens(std::span<const std::string> texts) override {
    now_ += 5;
    return std::vector<std::vector<TokenId>>(texts.size());
  }

 private:
  double& now_;
};

/// Takes seven seconds a call.
class SlowScorer final : public PairScorer {
 public:
  explicit SlowScorer(double& now) : now_(now) {}
  std::vector<double> score(std::span<const TextPair> pairs) override {
    now_ += 7;
    return std::vector<double>(pairs.size(), -2.0);
  }

 private:
  double& now_;
};

}  // namespace

TEST_CASE("second models are the protocol's to ask, and their time is not the format's", "[bench]") {
  double now = 0;
  Host host;
  host.seconds = [&] { return now += 1; };
  SlowEncoder encoder(now);
  SlowScorer scorer(now);
  ScriptedProvider provider;
  MeteredModel model([&] { return provider.build({}); }), full([&] { return provider.build({}); });
  static_cast<void>(model.model());
  static_cast<void>(full.model());
  const Task task;
  const JudgedProtocol protocol;
  const std::vector<Item> items{{"one", {}, 0, {}}, {"two", {}, 0, {}}};
  const CellWork work{{{"tiny", "judged"}, {}}, task, protocol, items, {}, nullptr, {&encoder, "e", &scorer, "s"}};
  const TimedRun run = run_timed(work, items, model, full, host);
  REQUIRE(run.records.size() == 2);
  CHECK(run.records[1].scores.at("bart_score") == -1.5);
  CHECK(now > 24);         // The calls have taken their time,
  CHECK(run.seconds < 8);  // which is not part of the run's.
}

TEST_CASE("a model that the run names says how fluent texts are, to protocols that ask for it") {
  class Fluent final : public Protocol {
   public:
    explicit Fluent(bool asks) : asks_(asks) {}
    [[nodiscard]] std::string_view name() const override { return "fluent"; }
    [[nodiscard]] std::vector<PromptKind> prompts() const override { return {}; }
    [[nodiscard]] std::vector<Metric> metrics() const override { return {metric::perplexity}; }
    [[nodiscard]] ModelNeeds needs() const override {
      ModelNeeds needs;
      needs.fluency = asks_;
      return needs;
    }
    [[nodiscard]] bool supports(const Task&) const override { return true; }
    [[nodiscard]] std::vector<ItemRecord> run(const Task&, std::span<const Item> items, const Models& models,
                                              std::uint64_t) const override {
      std::vector<ItemRecord> records(items.size());
      const auto scores = models.full.score_text(std::vector{items.front().id});
      records.front().set_score(metric::perplexity, scores.front().logprob);
      return records;
    }

   private:
    bool asks_;
  };
  ScriptedProvider provider;
  const auto build = [&] { return provider.build({}); };
  const auto seconds = [] { return 0.0; };
  MeteredModel model(build, seconds), full(build, seconds);
  class Constant final : public MeasuredModel {
   public:
    [[nodiscard]] bool can(Capability) override { return true; }
    std::vector<Completion> complete(std::span<const CompletionRequest>) override { return {}; }
    std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest>) override { return {}; }
    std::vector<ScoreResult> score_text(std::span<const std::string> texts) override {
      return std::vector<ScoreResult>(texts.size(), ScoreResult{-77, {-77}, false});
    }
    [[nodiscard]] EngineCounters counters() const override { return {}; }
    [[nodiscard]] ModelWeight weight() const override { return {}; }
    void forget_prompts() override {}
    void use_threads(std::size_t) override {}
  };
  SecondModels second;
  second.fluency = std::make_shared<MeteredModel>([] { return std::make_shared<Constant>(); }, seconds);
  const Task task;
  const std::vector<Item> items{{"one", {}, 0, {}}};
  for (const bool asks : {true, false}) {
    const Fluent protocol(asks);
    const CellWork work{{{"tiny", "fluent"}, {}}, task, protocol, items, {}, nullptr, second};
    const TimedRun run = run_timed(work, items, model, full, {});
    CHECK((run.records.front().scores.at("perplexity") == -77) == asks);
  }
}
