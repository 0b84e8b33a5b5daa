#include "quantlens/metrics/simulatability.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace quantlens;

namespace {

using Simulations = std::vector<Simulation>;

/// A digit for each item in each line.
Simulations simulations(std::string_view by_both, std::string_view by_input, std::string_view by_explanation) {
  Simulations items;
  for (std::size_t i = 0; i < by_both.size(); ++i)
    items.push_back({by_both[i] == '1', by_input[i] == '1', by_explanation[i] == '1'});
  return items;
}

const std::vector<std::string> inputs{"can penguins fly", "can ostriches fly", "can hens swim"};

}  // namespace

TEST_CASE("simulatability: leakage-adjusted and plain, of the golden items") {
  const Simulations items = simulations("11101011", "10001101", "11110010");
  CHECK(leakage_adjusted_simulatability(items).value() == Approx(.1333333).epsilon(1e-6));
  double sum = 0;
  for (const Simulation& item : items) sum += simulatability_gain(item);
  CHECK(sum / 8 == .25);
}

TEST_CASE("simulatability: where one leakage group is empty there is none") {
  CHECK_FALSE(leakage_adjusted_simulatability(simulations("11", "10", "11")));
  CHECK_FALSE(leakage_adjusted_simulatability(simulations("11", "10", "00")));
  CHECK_FALSE(leakage_adjusted_simulatability({}));
  CHECK(leakage_adjusted_simulatability(simulations("11", "10", "10")) == .5);
}

TEST_CASE("simulatability: precision by explanation and pooled") {
  const std::vector<SimulatorGuesses> explanations{{3, 2}, {1, 1}, {0, 0}};
  CHECK(simulation_precision(explanations[0]).value() + simulation_precision(explanations[1]).value() ==
        Approx(2 * .8333333).epsilon(1e-6));
  CHECK_FALSE(simulation_precision(explanations[2]));
  CHECK(pooled_simulation_precision(explanations) == .75);
  CHECK_FALSE(pooled_simulation_precision({}));
}

TEST_CASE("simulatability: a reply says one of the phrases, or nothing") {
  const std::vector<std::string_view> phrases{"yes", "no", "cannot guess"};
  CHECK(only_phrase("The robot would answer Yes.", phrases) == 0u);
  CHECK(only_phrase("No", phrases) == 1u);
  CHECK(only_phrase("I cannot guess its answer.", phrases) == 2u);
  CHECK_FALSE(only_phrase("Yes, no, maybe", phrases));
  CHECK_FALSE(only_phrase("It knows.", phrases));
  CHECK_FALSE(only_phrase("", phrases));
}

TEST_CASE("simulatability: generality of the golden inputs, with and without a stop word") {
  const auto overlap = [](const auto&... texts) { return word_overlap(texts...); };
  CHECK(simulation_generality(inputs, overlap).value() == Approx(.7).epsilon(1e-12));
  const std::vector<std::string_view> stop_words{"can"};
  const auto without_can = [&](const auto&... texts) { return word_overlap(texts..., stop_words); };
  CHECK(simulation_generality(inputs, without_can).value() == Approx(.8888889).epsilon(1e-7));
  CHECK_FALSE(simulation_generality(std::vector<std::string>{"one"}, overlap));
}

TEST_CASE("simulatability: overlap sees words up to case and punctuation") {
  CHECK(word_overlap("Can hens swim?", "can HENS swim") == 1.0);
  CHECK(word_overlap("a b", "c d") == 0.0);
  CHECK(word_overlap("", "...") == 1.0);
}
