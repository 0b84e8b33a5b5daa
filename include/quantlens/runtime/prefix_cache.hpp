/// Pages of prompts that have been computed, found again by their tokens.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/runtime/kv_cache.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A tree of pages: a node stands for all tokens from the start of the prompt to the end of its page.
class PrefixCache {
 public:
  using PageTokens = std::array<TokenId, page_positions>;

  struct Node {
    std::map<PageTokens, std::unique_ptr<Node>> children;
    std::shared_ptr<KvPage> page;  ///< null while a sequence computes it
    std::uint64_t last_use = 0;
  };

  explicit PrefixCache(std::size_t max_pages) : max_pages_(max_pages) {}

  [[nodiscard]] Node& root() noexcept { return root_; }
  [[nodiscard]] std::size_t size() const noexcept { return n_nodes_; }

  /// The node for the next page, made if nobody has asked for it before. Shape: tokens [16].
  [[nodiscard]] Node& child(Node& parent, std::span<const TokenId> tokens) {
    PageTokens key;
    std::copy_n(tokens.begin(), page_positions, key.begin());
    std::unique_ptr<Node>& node = parent.children[key];
    if (node == nullptr) {
      node = std::make_unique<Node>();
      ++n_nodes_;
    }
    node->last_use = ++clock_;
    return *node;
  }

  /// Drops the pages that were used longest ago until the cache fits. Call while no sequence holds a Node.
  void trim() {
    while (n_nodes_ > max_pages_) {
      std::vector<std::uint64_t> uses;
      collect_leaf_uses(root_, uses);
      const std::size_t n_surplus = n_nodes_ - max_pages_;
      if (n_surplus >= uses.size()) {
        drop_leaves(root_, clock_ + 1);
      } else {
        const auto keep_from = uses.begin() + static_cast<std::ptrdiff_t>(n_surplus);
        std::nth_element(uses.begin(), keep_from, uses.end());
        drop_leaves(root_, *keep_from);
      }
    }
  }

 private:
  static void collect_leaf_uses(const Node& node, std::vector<std::uint64_t>& uses) {
    for (const auto& [tokens, child] : node.children) {
      if (child->children.empty())
        uses.push_back(child->last_use);
      else
        collect_leaf_uses(*child, uses);
    }
  }

  /// One level only: a page whose followers go in this pass is itself a leaf of the next.
  void drop_leaves(Node& node, std::uint64_t older_than) {
    for (auto child = node.children.begin(); child != node.children.end();) {
      if (!child->second->children.empty()) {
        drop_leaves(*child->second, older_than);
        ++child;
      } else if (child->second->last_use < older_than) {
        child = node.children.erase(child);
        --n_nodes_;
      } else {
        ++child;
      }
    }
  }

  Node root_;
  std::size_t max_pages_;
  std::size_t n_nodes_ = 0;
  std::uint64_t clock_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
