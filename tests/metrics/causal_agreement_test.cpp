#include "quantlens/metrics/causal_agreement.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "quantlens/core/error.hpp"

using namespace quantlens;

namespace {

using Values = std::vector<double>;
using Edits = std::vector<Values>;

const Values original{.7, .3};
const PatchEffects of_answer{3, 2, {.4, .1, .2, 0, .05, .05}};
const PatchEffects of_explanation{3, 2, {.10, .02, 0, .04, .01, .03}};

}  // namespace

TEST_CASE("concepts: effects and agreement of the golden item") {
  Values effects;
  for (const Values& edited : Edits{{.4, .6}, {.65, .35}, {.7, .3}})
    effects.push_back(concept_effect(original, Edits{edited}).value());
  CHECK(effects[0] == Approx(.1920420).epsilon(1e-6));
  CHECK(effects[1] == Approx(.0057826).epsilon(1e-5));
  CHECK(effects[2] == 0);
  const ConceptAgreement agreement = concept_agreement(effects, Values{.9, .1, .5});
  CHECK(agreement.pearson.value() == Approx(.8524890).epsilon(1e-7));
  CHECK(agreement.spearman.value() == Approx(.5).epsilon(1e-12));
}

TEST_CASE("concepts: several edits count by their mean, none or an impossible one not at all") {
  CHECK(concept_effect(original, Edits{{.4, .6}, {.7, .3}}).value() == Approx(.1920420 / 2).epsilon(1e-6));
  CHECK_FALSE(concept_effect(original, Edits{}));
  CHECK_FALSE(concept_effect(Values{1, 0}, Edits{{1, 0}, {.5, .5}}));
  CHECK_THROWS_AS(concept_effect(original, Edits{{1}}), InputError);
}

TEST_CASE("concepts: without spread on one side there is no agreement") {
  CHECK_FALSE(concept_agreement(Values{.1, .2}, Values{1, 1}).pearson);
  CHECK_FALSE(concept_agreement(Values{.1, .1}, Values{1, 0}).spearman);
  CHECK_THROWS_AS(concept_agreement(Values{.1}, Values{1, 0}), InputError);
}

TEST_CASE("patches: cosines of the golden effects, by token and by layer") {
  const CausalAgreement agreement = causal_agreement(of_answer, of_explanation);
  CHECK(agreement.all.value() == Approx(.8322653).epsilon(1e-7));
  CHECK(agreement.by_token.value() == Approx(.9908674).epsilon(1e-7));
  CHECK(agreement.by_layer.value() == Approx(.8965267).epsilon(1e-7));
}

TEST_CASE("patches: where patching changes nothing there is none") {
  const PatchEffects tiny{3, 2, {1e-9, 0, 0, 0, 0, 0}};
  CHECK_FALSE(causal_agreement(of_answer, tiny).all);
  const PatchEffects cancelling{3, 2, {.1, -.1, .2, -.2, -.3, .3}};
  CHECK(causal_agreement(of_answer, cancelling).all);
  CHECK_FALSE(causal_agreement(of_answer, cancelling).by_token);
  CHECK_FALSE(causal_agreement(of_answer, cancelling).by_layer);
}

TEST_CASE("patches: shapes have to fit") {
  CHECK_THROWS_AS(causal_agreement(of_answer, {2, 3, of_explanation.effects}), InputError);
  CHECK_THROWS_AS(causal_agreement(of_answer, {3, 2, {1, 2}}), InputError);
  CHECK_THROWS_AS(causal_agreement({3, 2, {1}}, {3, 2, {1}}), InputError);
}
