#include "quantlens/quant/awq_fold.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;
using Catch::Matchers::Contains;

TEST_CASE("folded scales leave outputs as they were") {
  // y = W (n * x): the norm's weight n before it.
  std::vector<float> norm{1.0f, 2.0f, 0.5f}, weights{1.0f, -2.0f, 3.0f, 0.5f, 4.0f, -1.0f}, inputs{2.0f, 8.0f, 3.0f};
  const std::vector<float> scales{2.0f, 0.25f, 8.0f};
  scale_columns({weights.data(), 2, 3}, scales);
  CHECK(weights == std::vector<float>{2.0f, -0.5f, 24.0f, 1.0f, 1.0f, -8.0f});
  divide_norm(norm, scales);
  CHECK(norm == std::vector<float>{0.5f, 8.0f, 0.0625f});
  divide_columns({inputs.data(), 1, 3}, scales);
  CHECK(inputs == std::vector<float>{1.0f, 32.0f, 0.375f});
}

TEST_CASE("the last rows of the layer before take the scales, with their biases") {
  std::vector<float> fused{1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}, bias{1.0f, 2.0f, 3.0f};
  const std::vector<float> scales{2.0f, 4.0f};
  divide_last_rows({fused.data(), 3, 2}, bias, scales);
  CHECK(fused == std::vector<float>{1.0f, 2.0f, 1.5f, 2.0f, 1.25f, 1.5f});
  CHECK(bias == std::vector<float>{1.0f, 1.0f, 0.75f});
  divide_last_rows({fused.data(), 3, 2}, {}, scales);
  CHECK(fused[2] == 0.75f);
}

TEST_CASE("scales that do not fit are refused") {
  std::vector<float> weights(6, 1.0f), bias(2, 1.0f);
  const std::vector<float> two{1.0f, 1.0f}, four(4, 1.0f), zero{1.0f, 0.0f, 1.0f};
  CHECK_THROWS_WITH(scale_columns({weights.data(), 2, 3}, two), Contains("expected 3, got 2"));
  CHECK_THROWS_WITH(scale_columns({weights.data(), 2, 3}, zero), Contains("scale 1") && Contains("> 0, got 0"));
  CHECK_THROWS_AS(divide_norm(weights, two), InputError);
  CHECK_THROWS_AS(divide_last_rows({weights.data(), 3, 2}, {}, four), InputError);
  CHECK_THROWS_AS(divide_last_rows({weights.data(), 3, 2}, bias, two), InputError);
}

TEST_CASE("o is scaled only where each of its inputs has a row of v of its own") {
  CHECK_FALSE(why_o_is_not_scaled({nullptr, 64, 64}, {nullptr, 64, 64}));
  const auto grouped = why_o_is_not_scaled({nullptr, 32, 64}, {nullptr, 64, 64});
  REQUIRE(grouped);
  CHECK_THAT(*grouped, Contains("[32, 64]") && Contains("grouped-query"));
}
