/// The tree of adjacent tokens along which a text's contributions are split: words close first, then what punctuation
/// holds together.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A binary tree over players in a row. Nodes [0, n_leaves) are the players, the others follow in the order in which
/// they were merged; the last one is the root.
struct TokenTree {
  struct Node {
    std::size_t left = 0, right = 0;  ///< of a leaf: meaningless
    std::size_t begin = 0, end = 0;   ///< the players below it

    [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
  };

  std::vector<Node> nodes;

  [[nodiscard]] std::size_t n_leaves() const noexcept { return (nodes.size() + 1) / 2; }
  [[nodiscard]] bool is_leaf(std::size_t node) const noexcept { return node < n_leaves(); }
};

namespace explain_detail {

[[nodiscard]] inline bool is_one_of(std::string_view token, std::span<const std::string_view> known) {
  return std::ranges::find(known, token) != known.end();
}

/// Merges neighbours until one group is left.
class TreeBuilder {
 public:
  explicit TreeBuilder(std::span<const std::string> tokens) : tokens_(tokens), balanced_(tokens.size(), false) {
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      tree_.nodes.push_back({0, 0, i, i + 1});
      groups_.push_back(i);
    }
  }

  [[nodiscard]] TokenTree build() {
    while (groups_.size() > 1) {
      std::size_t best = 0;
      std::int64_t best_score = score(0);
      for (std::size_t i = 1; i + 1 < groups_.size(); ++i)
        if (const std::int64_t other = score(i); other > best_score) {
          best = i;
          best_score = other;
        }
      merge(best);
    }
    return std::move(tree_);
  }

 private:
  [[nodiscard]] const TokenTree::Node& group(std::size_t index) const { return tree_.nodes[groups_[index]]; }
  [[nodiscard]] bool is_control(std::size_t token) const {
    return tokens_[token].starts_with('[') && tokens_[token].ends_with(']');
  }

  /// How well group `index` goes with the one behind it.
  [[nodiscard]] std::int64_t score(std::size_t index) const {
    static constexpr std::array<std::string_view, 3> connectors{"but", "and", "or"}, enders{".", "?", "!"};
    static constexpr std::array<std::string_view, 2> endings{"t", "s"};
    const TokenTree::Node &left = group(index), &right = group(index + 1);
    const std::string_view before = tokens_[left.end - 1], after = tokens_[right.begin];
    std::int64_t points = -static_cast<std::int64_t>(left.size() + right.size());
    if (after.starts_with("##")) points += 20;
    if (after == "'" && (right.size() == 1 || (right.size() == 2 && is_one_of(tokens_[right.begin + 1], endings))))
      points += 15;
    if (before == "'" && is_one_of(after, endings)) points += 15;
    if (is_control(left.begin) != is_control(right.end - 1)) points -= 1000;
    if (after == "(" && !balanced_[right.begin]) points -= 100;
    if (before == ")" && !balanced_[left.end - 1]) points -= 100;
    if (tokens_[left.begin] == "(") points -= 2;
    if (is_one_of(before, connectors) || is_one_of(after, connectors)) points -= 2;
    if (before == ",") points -= 10;
    if (after == ",") points -= right.size() > 1 ? 10 : 1;
    if (is_one_of(before, enders)) points -= 20;
    if (is_one_of(after, enders)) points -= right.size() > 1 ? 20 : 1;
    return points;
  }

  void merge(std::size_t index) {
    const TokenTree::Node left = group(index), right = group(index + 1);
    if (tokens_[left.begin] == "(" && tokens_[right.end - 1] == ")")
      balanced_[left.begin] = balanced_[right.end - 1] = true;
    tree_.nodes.push_back({groups_[index], groups_[index + 1], left.begin, right.end});
    groups_[index] = tree_.nodes.size() - 1;
    groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  }

  std::span<const std::string> tokens_;
  std::vector<bool> balanced_;  ///< parentheses whose partner is in their group
  std::vector<std::size_t> groups_;
  TokenTree tree_;
};

}  // namespace explain_detail

/// Merges the two neighbouring groups that go together best, the first among equals, until all are one. Tokens come
/// without blanks around them; what goes on with the word before begins with "##". Time: cubic in their number at
/// worst. Source: the text masker of the shap package, whose trees these are.
[[nodiscard]] inline TokenTree token_tree(std::span<const std::string> tokens) {
  return explain_detail::TreeBuilder(tokens).build();
}

/// Pieces of a text that follow each other, each with the blanks before it, as token_tree takes them.
[[nodiscard]] inline std::vector<std::string> tree_tokens(std::span<const std::string_view> pieces) {
  const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  std::vector<std::string> tokens;
  bool in_word = false;
  for (std::string_view piece : pieces) {
    const bool goes_on = in_word && !piece.empty() && is_letter(piece.front());
    char32_t last = 0;
    for (std::size_t at = 0; at < piece.size();) {
      const Utf8Unit unit = read_utf8(piece, at);
      last = unit.value;
      at += unit.size;
    }
    in_word = last == U'_' || is_word_character(last);
    while (!piece.empty() && is_blank(piece.front())) piece.remove_prefix(1);
    while (!piece.empty() && is_blank(piece.back())) piece.remove_suffix(1);
    tokens.push_back((goes_on ? "##" : "") + std::string(piece));
  }
  return tokens;
}

/// At most `max_groups` nodes that hold every player once, in the players' order: the largest one is taken apart, the
/// first among equals, until there are as many.
[[nodiscard]] inline std::vector<std::size_t> cut_tree(const TokenTree& tree, std::size_t max_groups) {
  if (tree.nodes.empty()) return {};
  std::vector<std::size_t> groups{tree.nodes.size() - 1};
  while (groups.size() < max_groups) {
    const auto largest =
        std::ranges::max_element(groups, {}, [&](std::size_t node) { return tree.nodes[node].size(); });
    if (tree.is_leaf(*largest)) break;
    const TokenTree::Node node = tree.nodes[*largest];
    *largest = node.left;
    groups.insert(largest + 1, node.right);
  }
  return groups;
}

}  // namespace quantlens::inline QUANTLENS_ABI
