#include "quantlens/runtime/prefix_cache.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;

namespace {

/// Asks for a prompt of whole pages, each filled with one token id.
void use(PrefixCache& cache, const std::vector<TokenId>& pages) {
  PrefixCache::Node* node = &cache.root();
  for (const TokenId token : pages) node = &cache.child(*node, std::vector<TokenId>(page_positions, token));
}

bool holds(PrefixCache& cache, const std::vector<TokenId>& pages) {
  const PrefixCache::Node* node = &cache.root();
  for (const TokenId token : pages) {
    PrefixCache::PageTokens key;
    key.fill(token);
    const auto found = node->children.find(key);
    if (found == node->children.end()) return false;
    node = found->second.get();
  }
  return true;
}

}  // namespace

TEST_CASE("a prompt longer than the cache keeps its first pages") {
  PrefixCache cache(2);
  use(cache, {1, 2, 3, 4, 5});
  cache.trim();
  CHECK(cache.size() == 2);
  CHECK(holds(cache, {1, 2}));
  CHECK_FALSE(holds(cache, {1, 2, 3}));
}

TEST_CASE("the pages used longest ago go first, whole prompts before shared starts") {
  PrefixCache cache(5);
  use(cache, {1, 2, 3});
  use(cache, {1, 4, 5});
  use(cache, {1, 6});
  use(cache, {1, 2, 3});
  cache.trim();
  CHECK(cache.size() == 5);
  CHECK(holds(cache, {1, 2, 3}));
  CHECK(holds(cache, {1, 6}));
  CHECK(holds(cache, {1, 4}));
  CHECK_FALSE(holds(cache, {1, 4, 5}));
}

TEST_CASE("a cache of no pages empties") {
  PrefixCache cache(0);
  use(cache, {1, 2});
  use(cache, {3});
  cache.trim();
  CHECK(cache.size() == 0);
}
