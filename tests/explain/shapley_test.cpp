#include "quantlens/explain/shapley.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "fixture.hpp"

using namespace quantlens;
using quantlens::test::distance;
using quantlens::test::fixture_game;
using quantlens::test::golden_game;
using quantlens::test::shap_fixture;

namespace {

std::vector<PlayerGroup> singles(std::size_t n) {
  std::vector<PlayerGroup> groups;
  for (std::size_t i = 0; i < n; ++i) groups.push_back({i, i + 1});
  return groups;
}

Attribution sampled(std::size_t n, std::size_t max_evaluations, std::uint64_t seed) {
  PermutationShapley explainer(n, max_evaluations, seed);
  return explain(explainer, fixture_game);
}

}  // namespace

TEST_CASE("Shapley values of a game of four, worked out by hand") {
  ExactShapley explainer(singles(4));
  const Attribution result = explain(explainer, golden_game);
  REQUIRE(result.values.size() == 4);
  CHECK(result.values[0][0] == Approx(11.0 / 6).epsilon(1e-12));
  CHECK(result.values[1][0] == Approx(4.0).epsilon(1e-12));
  CHECK(result.values[2][0] == Approx(-7.0 / 6).epsilon(1e-12));
  CHECK(result.values[3][0] == Approx(-1.0 / 6).epsilon(1e-12));
  CHECK(result.n_evaluations == 16);
}

TEST_CASE("Shapley values of several outputs equal the shap package's") {
  const auto fixture = shap_fixture();
  for (const auto& one : fixture.at("shapley")) {
    const std::size_t n = one.at("n");
    INFO(n);
    ExactShapley explainer(singles(n));
    CHECK(distance(explain(explainer, fixture_game).values, one.at("values")) < 1e-9);
  }
}

TEST_CASE("a group's value goes to its players in equal parts") {
  ExactShapley explainer({{0, 3}, {3, 4}});
  const Attribution result = explain(explainer, golden_game);
  // v(012) = 6, v(3) = 0.5, v(all) = 4.5.
  REQUIRE(result.values.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) CHECK(result.values[i][0] == Approx(5.0 / 3).epsilon(1e-12));
  CHECK(result.values[3][0] == Approx(-0.5).epsilon(1e-12));
  CHECK(result.n_evaluations == 4);
}

TEST_CASE("exact Shapley values end at twelve groups") {
  CHECK_NOTHROW(ExactShapley(singles(12)));
  CHECK_THROWS_AS(ExactShapley(singles(13)), InputError);
  ExactShapley nobody({});
  CHECK(nobody.ask().empty());
  CHECK(nobody.attribution().values.empty());
}

TEST_CASE("sampled Shapley values lie as far from the exact ones as their standard errors say") {
  ExactShapley explainer(singles(8));
  const Attribution exact = explain(explainer, fixture_game);
  double squares = 0;
  std::size_t n = 0;
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    const Attribution result = sampled(8, 2 + 14 * 300, seed);
    CHECK(result.n_evaluations == 4202);
    REQUIRE(result.standard_errors.size() == 8);
    for (std::size_t i = 0; i < 8; ++i)
      for (std::size_t t = 0; t < 3; ++t, ++n) {
        const double z = (result.values[i][t] - exact.values[i][t]) / result.standard_errors[i][t];
        squares += z * z;
      }
  }
  // Squares of deviations in standard errors have a mean near 1; a wrong unit is off by 300.
  CHECK(squares / static_cast<double>(n) > 0.7);
  CHECK(squares / static_cast<double>(n) < 1.4);
}

TEST_CASE("an order and its reverse cancel what pairs of players share") {
  // A game of weights and pairs is solved by a single pair of orders.
  const auto game = [](const Coalition& s) {
    return Worth{2.0 * s[0] + 3.0 * s[1] * s[2] - 1.5 * s[0] * s[3] + 0.25 * s[3]};
  };
  PermutationShapley explainer(4, 8, 5);
  const Attribution result = explain(explainer, game);
  CHECK(result.n_evaluations == 8);
  CHECK(result.standard_errors.empty());
  CHECK(result.values[0][0] == Approx(1.25).epsilon(1e-12));
  CHECK(result.values[1][0] == Approx(1.5).epsilon(1e-12));
  CHECK(result.values[2][0] == Approx(1.5).epsilon(1e-12));
  CHECK(result.values[3][0] == Approx(-0.5).epsilon(1e-12));
  PermutationShapley many(4, 200, 5);
  for (const Worth& errors : explain(many, game).standard_errors) CHECK(errors[0] == Approx(0.0).margin(1e-9));
}

TEST_CASE("sampled contributions add up, depend on the seed alone, and one pair is the least") {
  const Attribution result = sampled(9, 0, 3);
  CHECK(result.n_evaluations == 18);
  for (std::size_t t = 0; t < 3; ++t) {
    double sum = 0;
    for (const Worth& value : result.values) sum += value[t];
    CHECK(sum == Approx(fixture_game(Coalition(9, true))[t] - fixture_game(Coalition(9, false))[t]).epsilon(1e-9));
  }
  CHECK(sampled(9, 100, 3).values == sampled(9, 100, 3).values);
  CHECK(sampled(9, 100, 3).values != sampled(9, 100, 4).values);
  CHECK(sampled(0, 100, 3).values.empty());
  ExactShapley two(singles(2));
  const Attribution exact = explain(two, fixture_game);
  for (const std::size_t n : {1u, 2u}) CHECK(sampled(n, 500, 3).n_evaluations == 2 * n);
  CHECK(sampled(2, 500, 3).values[1][2] == Approx(exact.values[1][2]).epsilon(1e-12));
  CHECK(sampled(1, 500, 3).values[0][0] == Approx(fixture_game({true})[0] - fixture_game({false})[0]).epsilon(1e-12));
}
