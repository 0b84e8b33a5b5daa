#include "quantlens/models/bart_scorer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "encoder_fixtures.hpp"
#include "quantlens/kernels/dispatch.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

TEST_CASE("log-probabilities of BART's targets are those of transformers") {
  const EncoderDecoderFolder folder = load_encoder_decoder(encoder_folder("tiny-bart"), active_kernels());
  const json expected = expected_of("tiny-bart");
  std::vector<std::vector<TokenId>> texts;
  for (const auto& text : expected["texts"]) texts.push_back(folder.text.encode(text.get<std::string>()));
  std::vector<TargetText> targets;
  for (const auto& pair : expected["pairs"])
    targets.push_back({pair[0].get<std::size_t>(), texts[pair[1].get<std::size_t>()]});
  const auto ours = score_targets(folder.model, texts, targets, 2);
  REQUIRE(ours.size() == expected["log_probs"].size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto theirs = expected["log_probs"][i].get<std::vector<double>>();
    REQUIRE(ours[i].size() == theirs.size());
    for (std::size_t t = 0; t < theirs.size(); ++t) CHECK(ours[i][t] == Approx(theirs[t]).margin(1e-5));
  }
}

TEST_CASE("BARTScore is the mean over a target's tokens with its special ones, whatever else is scored") {
  BartScorer scorer(encoder_folder("tiny-bart"), 2);
  const json expected = expected_of("tiny-bart");
  std::vector<TextPair> pairs;
  for (const auto& pair : expected["pairs"])
    pairs.push_back({expected["texts"][pair[0].get<std::size_t>()], expected["texts"][pair[1].get<std::size_t>()]});
  const std::vector<double> scores = scorer.score(pairs);
  REQUIRE(scores.size() == pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto theirs = expected["log_probs"][i].get<std::vector<double>>();
    const double mean = std::accumulate(theirs.begin(), theirs.end(), 0.0) / static_cast<double>(theirs.size());
    CHECK(scores[i] == Approx(mean).margin(1e-5));
    CHECK(BartScorer(encoder_folder("tiny-bart"), 1).score(std::vector{pairs[i]}).front() == scores[i]);
  }
  CHECK(scorer.score({}).empty());
}
