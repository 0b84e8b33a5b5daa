/// Owen values: what each token contributes, split along the tree of tokens from the root downwards.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "quantlens/explain/explainer.hpp"
#include "quantlens/explain/token_tree.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

struct PartitionOptions {
  std::size_t max_evaluations = 500;  ///< coalitions, those of nobody and of all included
  /// Coalitions of a round, an odd one rounded up. Nodes are split in the order of what earlier rounds have shown, so
  /// where the budget ends before the tree does this is part of the result.
  std::size_t per_round = 5;
};

/// Splits first where most is at stake: max over the outputs of what a node adds in its context, times its weight;
/// among equals, what came first. A node's children are evaluated alone and each with the other, and both cases count
/// half. What a node that the budget leaves whole is worth goes to its tokens in equal parts.
/// Source: the partition explainer of the shap package, where order among equals is random. Owen 1977, "Values of games
/// with a priori unions".
class PartitionExplainer final : public Explainer {
 public:
  explicit PartitionExplainer(TokenTree tree, PartitionOptions options = {})
      : tree_(std::move(tree)), options_(options), credit_(tree_.nodes.size()) {}

  [[nodiscard]] std::vector<Coalition> ask() override {
    if (tree_.nodes.empty()) return {};
    const std::size_t n = tree_.n_leaves();
    if (n_evaluations_ == 0) return {Coalition(n, false), Coalition(n, true)};
    std::vector<Coalition> asked;
    while (!queue_.empty() && asked.size() < options_.per_round &&
           n_evaluations_ + asked.size() < options_.max_evaluations) {
      Part part = queue_.extract(queue_.begin()).mapped();
      if (tree_.is_leaf(part.node)) {
        settle(part);
        continue;
      }
      const TokenTree::Node& node = tree_.nodes[part.node];
      asked.push_back(with(part.context, node.left));
      asked.push_back(with(part.context, node.right));
      splits_.push_back(std::move(part));
    }
    if (asked.empty()) {
      for (const auto& entry : queue_) settle(entry.second);
      queue_.clear();
    }
    return asked;
  }

  void tell(const std::vector<Worth>& worths) override {
    const bool first = n_evaluations_ == 0;
    require_answers(worths, first ? 2 : 2 * splits_.size());
    n_evaluations_ += worths.size();
    if (first) add({tree_.nodes.size() - 1, Coalition(tree_.n_leaves(), false), worths[0], worths[1], 1.0});
    for (std::size_t i = 0; i < splits_.size(); ++i) split(splits_[i], worths[2 * i], worths[2 * i + 1]);
    splits_.clear();
  }

  [[nodiscard]] Attribution attribution() const override {
    std::vector<Worth> values = credit_;
    for (std::size_t node = values.size(); node-- > tree_.n_leaves();) {
      const TokenTree::Node& parent = tree_.nodes[node];
      const Worth none(values[node].size());
      for (const std::size_t child : {parent.left, parent.right})
        explain_detail::add_difference(
            values[child], values[node], none,
            static_cast<double>(tree_.nodes[child].size()) / static_cast<double>(parent.size()));
    }
    values.resize(tree_.n_leaves());
    return {std::move(values), {}, n_evaluations_};
  }

 private:
  /// A node in a context: what it adds to what is there already.
  struct Part {
    std::size_t node;
    Coalition context;
    Worth without, with;
    double weight;
  };

  [[nodiscard]] Coalition with(Coalition context, std::size_t node) const {
    for (std::size_t i = tree_.nodes[node].begin; i < tree_.nodes[node].end; ++i) context[i] = true;
    return context;
  }

  void settle(const Part& part) {
    explain_detail::add_difference(credit_[part.node], part.with, part.without, part.weight);
  }

  void add(Part part) {
    double largest = 0;
    for (std::size_t t = 0; t < part.with.size(); ++t)
      largest = std::max(largest, std::abs(part.with[t] - part.without[t]));
    queue_.emplace(std::pair(-largest * part.weight, n_added_++), std::move(part));
  }

  void split(const Part& part, const Worth& left, const Worth& right) {
    const TokenTree::Node& node = tree_.nodes[part.node];
    const double half = part.weight / 2;
    add({node.left, part.context, part.without, left, half});
    add({node.right, part.context, part.without, right, half});
    add({node.left, with(part.context, node.right), right, part.with, half});
    add({node.right, with(part.context, node.left), left, part.with, half});
  }

  TokenTree tree_;
  PartitionOptions options_;
  std::vector<Worth> credit_;  ///< of each node; empty: none
  std::map<std::pair<double, std::size_t>, Part> queue_;
  std::vector<Part> splits_;  ///< whose children are being evaluated
  std::size_t n_added_ = 0, n_evaluations_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
