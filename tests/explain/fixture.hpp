/// What the shap package computed of toy games, and the games.
#pragma once

#include <cmath>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/explain/explainer.hpp"
#include "quantlens/explain/token_tree.hpp"

namespace quantlens::test {

inline nlohmann::json shap_fixture() {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/explain/shap.json");
  return nlohmann::json::parse(file);
}

/// The game of scripts/fixtures/make_shap_fixtures.py.
inline Worth fixture_game(const Coalition& coalition) {
  Worth worths;
  for (std::size_t t = 0; t < 3; ++t) {
    double linear = 0, other = 0;
    for (std::size_t i = 0; i < coalition.size(); ++i)
      if (coalition[i]) {
        linear += std::sin(1 + static_cast<double>(i * (t + 1)));
        other += std::cos(2 + static_cast<double>(i + t));
      }
    worths.push_back(linear + 0.25 * other * other + std::sin(linear * other));
  }
  return worths;
}

/// Four players, one output: weights, two pairs that go together, and three players that do not.
inline Worth golden_game(const Coalition& s) {
  const double weights[] = {1, 2, -1, 0.5};
  double worth = 0;
  for (std::size_t i = 0; i < 4; ++i) worth += s[i] ? weights[i] : 0;
  worth += s[0] && s[1] ? 3 : 0;
  worth += s[1] && s[2] ? 1 : 0;
  worth -= s[0] && s[2] && s[3] ? 2 : 0;
  return {worth};
}

using Pairs = std::vector<std::vector<std::size_t>>;

inline Pairs merges_of(const TokenTree& tree) {
  Pairs merges;
  for (std::size_t node = tree.n_leaves(); node < tree.nodes.size(); ++node)
    merges.push_back({tree.nodes[node].left, tree.nodes[node].right});
  return merges;
}

/// Largest difference from the values of a fixture; infinite where the shapes differ.
inline double distance(const std::vector<Worth>& values, const nlohmann::json& expected) {
  if (values.size() != expected.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].size() != expected[i].size()) return INFINITY;
    for (std::size_t t = 0; t < values[i].size(); ++t)
      largest = std::max(largest, std::abs(values[i][t] - expected[i][t].get<double>()));
  }
  return largest;
}

}  // namespace quantlens::test
