#include "quantlens/explain/token_tree.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "fixture.hpp"

using namespace quantlens;
using quantlens::test::merges_of;
using quantlens::test::Pairs;

namespace {

Pairs merges(const std::vector<std::string>& tokens) { return merges_of(token_tree(tokens)); }

}  // namespace

TEST_CASE("the trees of two texts, worked out by hand") {
  CHECK(merges({"Which", "dog", "runs", ",", "and", "why", "?"}) ==
        Pairs{{0, 1}, {7, 2}, {5, 6}, {8, 3}, {4, 9}, {10, 11}});
  CHECK(merges({"Sur", "##prising", "news", "(", "A", ")", "No", "."}) ==
        Pairs{{0, 1}, {4, 5}, {8, 2}, {6, 7}, {3, 9}, {10, 12}, {13, 11}});
}

TEST_CASE("trees and tokens equal the shap package's") {
  const auto cases = quantlens::test::shap_fixture().at("texts");
  REQUIRE(cases.size() == 8);
  for (const auto& one : cases) {
    INFO(one.at("text"));
    const std::vector<std::string> pieces = one.at("pieces");
    const auto tokens = tree_tokens(std::vector<std::string_view>(pieces.begin(), pieces.end()));
    CHECK(tokens == one.at("tokens").get<std::vector<std::string>>());
    CHECK(merges(tokens) == one.at("merges").get<Pairs>());
  }
}

TEST_CASE("a token goes on with a word where letters meet letters, in every alphabet's neighbourhood") {
  using Tokens = std::vector<std::string>;
  const auto tokens = [](const std::vector<std::string_view>& pieces) { return tree_tokens(pieces); };
  CHECK(tokens({"caf\u00e9", "s", " a", "b"}) == Tokens{"caf\u00e9", "##s", "a", "##b"});
  CHECK(tokens({"don", "\u2019", "t"}) == Tokens{"don", "\u2019", "t"});
  CHECK(tokens({" two ", "three", "", "four"}) == Tokens{"two", "three", "", "four"});
}

TEST_CASE("every node of a tree holds the players of its children, and the root holds all") {
  const TokenTree tree = token_tree(std::vector<std::string>{"a", "b", ",", "c", "."});
  REQUIRE(tree.nodes.size() == 9);
  CHECK(tree.n_leaves() == 5);
  for (std::size_t node = 5; node < 9; ++node) {
    const auto& [left, right, begin, end] = tree.nodes[node];
    CHECK(begin == tree.nodes[left].begin);
    CHECK(tree.nodes[left].end == tree.nodes[right].begin);
    CHECK(end == tree.nodes[right].end);
  }
  CHECK(tree.nodes.back().size() == 5);
  CHECK(token_tree({}).nodes.empty());
  CHECK(token_tree({}).n_leaves() == 0);
}

TEST_CASE("a tree is cut into its largest groups, in the order of the text") {
  const TokenTree tree = token_tree(std::vector<std::string>{"Which", "dog", "runs", ",", "and", "why", "?"});
  using Nodes = std::vector<std::size_t>;
  CHECK(cut_tree(tree, 1) == Nodes{12});
  CHECK(cut_tree(tree, 2) == Nodes{10, 11});
  CHECK(cut_tree(tree, 3) == Nodes{8, 3, 11});
  CHECK(cut_tree(tree, 4) == Nodes{7, 2, 3, 11});
  CHECK(cut_tree(tree, 99) == Nodes{0, 1, 2, 3, 4, 5, 6});
  CHECK(cut_tree(TokenTree{}, 4).empty());
}
