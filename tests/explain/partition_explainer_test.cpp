#include "quantlens/explain/partition_explainer.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "fixture.hpp"

using namespace quantlens;
using quantlens::test::distance;
using quantlens::test::fixture_game;
using quantlens::test::golden_game;
using quantlens::test::shap_fixture;

namespace {

/// ((0, 1), (2, 3)).
TokenTree balanced_tree() {
  return {{{0, 0, 0, 1}, {0, 0, 1, 2}, {0, 0, 2, 3}, {0, 0, 3, 4}, {0, 1, 0, 2}, {2, 3, 2, 4}, {4, 5, 0, 4}}};
}

Attribution owen(const TokenTree& tree, PartitionOptions options = {}) {
  PartitionExplainer explainer(tree, options);
  return explain(explainer, fixture_game);
}

}  // namespace

TEST_CASE("Owen values of a game of four, worked out by hand") {
  PartitionExplainer explainer(balanced_tree());
  const Attribution result = explain(explainer, golden_game);
  REQUIRE(result.values.size() == 4);
  CHECK(result.values[0][0] == Approx(1.5).epsilon(1e-12));
  CHECK(result.values[1][0] == Approx(4.0).epsilon(1e-12));
  CHECK(result.values[2][0] == Approx(-1.0).epsilon(1e-12));
  CHECK(result.values[3][0] == Approx(0.0).margin(1e-12));
  // Nobody and all, the root's split, and two splits in two contexts.
  CHECK(result.n_evaluations == 12);
  CHECK(result.standard_errors.empty());
}

TEST_CASE("Owen values of several outputs equal the shap package's, with and without an end of the budget") {
  std::size_t n_cases = 0, n_cut_off = 0;
  const auto fixture = shap_fixture();
  for (const auto& text : fixture.at("texts"))
    for (const auto& one : text.at("owen")) {
      const TokenTree tree = token_tree(text.at("tokens").get<std::vector<std::string>>());
      const Attribution result = owen(tree, {one.at("max_evaluations"), one.at("per_round")});
      INFO(text.at("text") << " " << one.at("max_evaluations"));
      CHECK(result.n_evaluations == one.at("n_evaluations").get<std::size_t>());
      CHECK(distance(result.values, one.at("values")) < 1e-9);
      ++n_cases;
      n_cut_off += result.n_evaluations >= one.at("max_evaluations").get<std::size_t>() ? 1 : 0;
    }
  CHECK(n_cases == 28);
  CHECK(n_cut_off >= 12);
}

TEST_CASE("contributions add up to what all are worth less what nobody is worth, whatever the budget") {
  const TokenTree tree = token_tree(std::vector<std::string>(23, "a"));
  const Worth none = fixture_game(Coalition(23, false)), all = fixture_game(Coalition(23, true));
  for (const std::size_t budget : {0u, 2u, 3u, 50u, 100000u}) {
    const Attribution result = owen(tree, {budget, 5});
    for (std::size_t t = 0; t < 3; ++t) {
      double sum = 0;
      for (const Worth& value : result.values) sum += value[t];
      CHECK(sum == Approx(all[t] - none[t]).epsilon(1e-9));
    }
  }
}

TEST_CASE("without a budget every token gets the same") {
  const Attribution result = owen(token_tree(std::vector<std::string>{"a", "b", "c"}), {2, 5});
  CHECK(result.n_evaluations == 2);
  CHECK(result.values[0][1] == Approx(result.values[1][1]).epsilon(1e-12));
  CHECK(result.values[0][1] == Approx(result.values[2][1]).epsilon(1e-12));
}

TEST_CASE("what came first is split first where as much is at stake") {
  // Everybody is worth the same: four leaves' parents tie, and the budget pays for one of them.
  PartitionExplainer explainer(balanced_tree(), {6, 2});
  std::vector<std::vector<Coalition>> rounds;
  for (auto asked = explainer.ask(); !asked.empty(); asked = explainer.ask()) {
    std::vector<Worth> worths;
    for (const Coalition& coalition : asked)
      worths.push_back({static_cast<double>(std::count(coalition.begin(), coalition.end(), true))});
    rounds.push_back(asked);
    explainer.tell(worths);
  }
  REQUIRE(rounds.size() == 3);
  CHECK(rounds[1] == std::vector<Coalition>{{true, true, false, false}, {false, false, true, true}});
  CHECK(rounds[2] == std::vector<Coalition>{{true, false, false, false}, {false, true, false, false}});
}

TEST_CASE("texts of no token and of one are no special case") {
  CHECK(owen(token_tree({})).values.empty());
  const Attribution one = owen(token_tree(std::vector<std::string>{"a"}));
  CHECK(one.n_evaluations == 2);
  CHECK(one.values[0][0] == Approx(fixture_game({true})[0] - fixture_game({false})[0]).epsilon(1e-12));
}

TEST_CASE("an explainer refuses another number of answers than it asked for") {
  PartitionExplainer explainer(balanced_tree());
  REQUIRE(explainer.ask().size() == 2);
  CHECK_THROWS_AS(explainer.tell({{1.0}}), InputError);
}
