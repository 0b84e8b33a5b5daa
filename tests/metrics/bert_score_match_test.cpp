#include "quantlens/metrics/bert_score_match.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include "quantlens/core/error.hpp"

using namespace quantlens;

namespace {

using Values = std::vector<double>;

/// Two tokens of an answer with three of a reference.
const Values cosines{.9, .2, -.1, .3, .4, .8};
const Values two{1, 1}, three{1, 1, 1};

/// Four references in which token 1 is everywhere, 2 once, 3 twice.
const TokenWeights weights(std::vector<std::vector<std::int32_t>>{{1, 2, 1}, {1, 3}, {3, 1, 3, 3}, {1}});

void check(const BertScore& score, double precision, double recall, double f1) {
  CHECK(score.precision == Approx(precision).epsilon(1e-7));
  CHECK(score.recall == Approx(recall).epsilon(1e-7));
  CHECK(score.f1 == Approx(f1).epsilon(1e-7));
}

}  // namespace

TEST_CASE("BERTScore: greedy matching of the golden cosines") {
  check(bert_score(cosines, two, three).value(), .85, .7, .7677419);
}

TEST_CASE("BERTScore: weights are inverse document frequencies among the references") {
  CHECK(weights(1) == 0);
  CHECK(weights(2) == Approx(std::log(5.0 / 2)));
  CHECK(weights(3) == Approx(std::log(5.0 / 3)));
  CHECK(weights(99) == Approx(std::log(5.0)));
  CHECK(TokenWeights({})(1) == 0);
  // An answer of the tokens 1 and 99, a reference of 1, 2 and 3.
  check(bert_score(cosines, Values{weights(1), weights(99)}, Values{weights(1), weights(2), weights(3)}).value(), .8,
        .5431770, .6470355);
}

TEST_CASE("BERTScore: a token without weight may be matched and counts for nothing") {
  check(bert_score(cosines, Values{0, 1}, three).value(), .8, .7, 2 * .8 * .7 / 1.5);
}

TEST_CASE("BERTScore: negative cosines stay what they are") {
  const BertScore score = bert_score(Values{-.5, -.25}, Values{1}, two).value();
  CHECK(score.precision == -.25);
  CHECK(score.recall == -.375);
  CHECK(bert_score(Values{0}, Values{1}, Values{1}).value() == BertScore{0, 0, 0});
}

TEST_CASE("BERTScore: rescaling and several references") {
  CHECK(rescaled({.85, .85, .85}, {.83, 0, .5}).precision == Approx(.1176471).epsilon(1e-6));
  CHECK(rescaled({.85, .85, .85}, {.83, 0, .5}).recall == .85);
  CHECK(rescaled({.85, .85, .85}, {.83, 0, .5}).f1 == Approx(.7));
  const std::vector<BertScore> references{{.8, .6, 2 * .8 * .6 / 1.4}, {.5, .9, 2 * .5 * .9 / 1.4}};
  check(best_reference(references).value(), .8, .9, .6857143);
  CHECK_FALSE(best_reference({}));
  CHECK_THROWS_AS(rescaled({}, {1, 0, 0}), InputError);
}

TEST_CASE("BERTScore: without tokens, or without weights, there is none") {
  CHECK_FALSE(bert_score({}, {}, three));
  CHECK_FALSE(bert_score({}, two, {}));
  CHECK_FALSE(bert_score(cosines, Values{0, 0}, three));
  CHECK_THROWS_AS(bert_score(cosines, three, three), InputError);
}

TEST_CASE("BERTScore: cosines of vectors of any length") {
  const std::vector<float> answer{3, 0, 0, 0}, reference{5, 0, 3, 4, 0, -1};
  const Values expected{1, .6, 0, 0, 0, 0};
  const Values result = token_cosines(answer, reference, 2);
  REQUIRE(result.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(result[i] == Approx(expected[i]).epsilon(1e-12));
  CHECK_THROWS_AS(token_cosines(answer, reference, 4), InputError);
  CHECK_THROWS_AS(token_cosines(answer, reference, 0), InputError);
}
