#include "quantlens/metrics/attribution_agreement.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "quantlens/core/error.hpp"

using namespace quantlens;

namespace {

using Values = std::vector<double>;
using Players = std::vector<std::size_t>;

/// Four players of one token of an answer, five of two tokens of its explanation; only the first three are the item's.
const Values of_answer{.2, -.1, .3, .4};
const Values of_explanation{.10, .05, -.05, .10, .20, .10, .05, .15, .10, -.10};
const Players item{0, 1, 2};

void check_percent(const Values& shares, const Values& expected) {
  REQUIRE(shares.size() == expected.size());
  for (std::size_t i = 0; i < shares.size(); ++i) CHECK(100 * shares[i] == Approx(expected[i]).epsilon(1e-7));
}

}  // namespace

TEST_CASE("CC-SHAP: the toy's shares and their agreement, by independent code") {
  const Values answer = contribution_shares(of_answer, 1, item).value();
  const Values explanation = contribution_shares(of_explanation, 2, item).value();
  check_percent(answer, {33.33333333, -16.66666667, 50});
  check_percent(explanation, {24.28571429, 12.85714286, 48.57142857});
  const AttributionAgreement agreement = attribution_agreement(answer, explanation);
  CHECK(agreement.cosine.value() == Approx(0.8688852730220444).epsilon(1e-12));
  CHECK(agreement.correlation.value() == Approx(0.8842254511260494).epsilon(1e-12));
  CHECK(agreement.magnitude_rank == 1.0);
}

TEST_CASE("CC-SHAP: the item's players may stand anywhere") {
  const Values moved{.4, .3, -.1, .2};
  check_percent(contribution_shares(moved, 1, Players{3, 2, 1}).value(), {33.33333333, -16.66666667, 50});
}

TEST_CASE("CC-SHAP: equal shares agree, negated ones disagree, and a token's scale does not matter") {
  const Values shares = contribution_shares(of_explanation, 2, item).value();
  Values negated = of_explanation, scaled = of_explanation;
  for (double& value : negated) value = -value;
  for (std::size_t player = 0; player < 5; ++player) scaled[2 * player] *= 1000;
  CHECK(attribution_agreement(shares, shares).cosine.value() == Approx(1).epsilon(1e-12));
  CHECK(attribution_agreement(shares, contribution_shares(negated, 2, item).value()).cosine.value() ==
        Approx(-1).epsilon(1e-12));
  CHECK(attribution_agreement(shares, contribution_shares(scaled, 2, item).value()).cosine.value() ==
        Approx(1).epsilon(1e-12));
}

TEST_CASE("CC-SHAP: zero over zero is none") {
  CHECK_FALSE(contribution_shares(Values{0, 0, 1}, 1, Players{0, 1}));
  CHECK_FALSE(contribution_shares(of_answer, 1, Players{}));
  // The second token says nothing, the first one all.
  CHECK(contribution_shares(Values{3, 0, -1, 0}, 2, Players{0, 1}) == Values{.75, -.25});
  const AttributionAgreement flat = attribution_agreement(Values{.5, .5}, Values{.2, -.8});
  CHECK(flat.cosine);
  CHECK_FALSE(flat.correlation);
  CHECK_FALSE(flat.magnitude_rank);
  CHECK_FALSE(attribution_agreement(Values{0, 0}, Values{.2, -.8}).cosine);
}

TEST_CASE("CC-SHAP: shapes that do not fit are refused") {
  CHECK_THROWS_AS(contribution_shares(of_answer, 3, item), InputError);
  CHECK_THROWS_AS(contribution_shares(of_answer, 0, item), InputError);
  CHECK_THROWS_AS(contribution_shares(of_answer, 1, Players{4}), InputError);
  CHECK_THROWS_AS(attribution_agreement(Values{1, 2}, Values{1}), InputError);
}

TEST_CASE("CC-SHAP: an attribution that is not finite is refused, but for the question's") {
  const Values broken{1, 2, std::nan("")};
  CHECK_THROWS_AS(contribution_shares(broken, 1, item), InputError);
  CHECK(contribution_shares(broken, 1, Players{0, 1}));
}
