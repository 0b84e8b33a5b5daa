#include "quantlens/runtime/sampler.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace quantlens;

TEST_CASE("greedy takes the first of the largest") {
  CHECK(greedy_token(std::vector<float>{0.0f, 2.0f, 2.0f, 1.0f}) == 1);
}

TEST_CASE("logits that are no numbers choose no token") {
  Rng rng(1);
  for (const float bad : {NAN, INFINITY, -INFINITY})
    for (const std::size_t at : {0u, 2u}) {
      std::vector<float> logits{0.5f, 2.0f, 1.0f};
      logits[at] = bad;
      CHECK(greedy_token(logits) == no_token);
      CHECK(sample_token(logits, {.temperature = 1.0}, rng) == no_token);
      CHECK(sample_token(logits, {}, rng) == no_token);
    }
  CHECK_NOTHROW(require_token(0, 5));
  CHECK_THROWS_AS(require_token(no_token, 5), Error);
  CHECK_THROWS_WITH(require_token(no_token, 5), Catch::Contains("[quantlens.not_finite] the logits of token 5"));
}

TEST_CASE("sampling follows the softmax, and top-k and top-p cut it") {
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
  const auto shares = [&](const Sampling& sampling) {
    Rng rng(sampling.seed);
    std::vector<double> counts(4);
    for (int i = 0; i < 20000; ++i)
      counts[static_cast<std::size_t>(sample_token(logits, sampling, rng))] += 1.0 / 20000;
    return counts;
  };
  const auto all = shares({.temperature = 1.0, .seed = 1});
  CHECK(all[0] == Approx(0.5).margin(0.02));
  CHECK(all[3] == Approx(0.05).margin(0.01));
  const auto two = shares({.temperature = 1.0, .top_k = 2, .seed = 2});
  CHECK(two[0] == Approx(0.625).margin(0.02));
  CHECK(two[2] == 0.0);
  const auto nucleus = shares({.temperature = 1.0, .top_p = 0.7, .seed = 3});
  CHECK(nucleus[1] == Approx(0.375).margin(0.02));
  CHECK(nucleus[2] == 0.0);
  const auto cold = shares({.temperature = 0.5, .seed = 4});
  CHECK(cold[0] == Approx(0.25 / (0.25 + 0.09 + 0.0225 + 0.0025)).margin(0.02));
}

TEST_CASE("the same seed draws the same tokens") {
  const std::vector<float> logits(50, 0.0f);
  Rng a(9), b(9), c(10);
  std::vector<TokenId> first, second, other;
  for (int i = 0; i < 20; ++i) {
    first.push_back(sample_token(logits, {.temperature = 1.0}, a));
    second.push_back(sample_token(logits, {.temperature = 1.0}, b));
    other.push_back(sample_token(logits, {.temperature = 1.0}, c));
  }
  CHECK(first == second);
  CHECK(first != other);
}
