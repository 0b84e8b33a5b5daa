#include "quantlens/quant/awq_scales.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "awq_toy.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/quant/awq_error.hpp"

using namespace quantlens;
using Catch::Matchers::Contains;

namespace {

AwqSearch search_toy(AwqScaleRule rule) {
  const std::array<NamedMatrix, 1> set{NamedMatrix{"toy", awq_toy::w}};
  AwqInputMeans means(4);
  means.add({"x", awq_toy::x});
  return search_awq_scales(set, means.means(), awq_toy::groups, rule, inputs_loss(set, awq_toy::x, 1), 1);
}

std::vector<float> random_values(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>(rng.uniform() - 0.5);
  return values;
}

}  // namespace

TEST_CASE("the search agrees with hand-checked values") {
  SECTION("means") {
    const std::array<NamedMatrix, 1> set{NamedMatrix{"toy", awq_toy::w}};
    const std::array<double, 4> w_means{0.456200189, 0.617323021, 0.631851104, 0.391301807};
    const std::array<double, 4> x_means{0.958333333, 0.975, 0.833333333, 0.833333333};
    AwqInputMeans means(4);
    means.add({"first tokens", {awq_toy::x.data, 2, 4}});
    means.add({"the others", {awq_toy::x.data + 8, 4, 4}});
    for (std::size_t c = 0; c < 4; ++c) {
      CHECK(awq_weight_means(set, awq_toy::groups)[c] == Approx(w_means[c]).epsilon(1e-6));
      CHECK(means.means()[c] == Approx(x_means[c]).epsilon(1e-6));
    }
  }
  SECTION("from weights and inputs") {
    const AwqSearch search = search_toy(AwqScaleRule::duo);
    CHECK(search.alpha == 0.5);
    CHECK(search.loss == Approx(0.004558363939).epsilon(1e-6));
    const std::array<double, 4> scales{1.119568247, 0.970789568, 0.887118570, 1.127245030};
    for (std::size_t c = 0; c < 4; ++c) CHECK(search.scales[c] == Approx(scales[c]).epsilon(1e-6));
    // Printed to eight places from doubles. Here weights and scales are floats: 6e-8 of weights ten times as large as
    // their errors, twice for the square, is 1e-6 of a loss, and printing rounds by as much again.
    const std::array<double, 20> losses{.00725016, .00801471, .00709534, .00663908, .00629186, .0058082,  .00532081,
                                        .00494611, .0046899,  .00455841, .00455836, .01219979, .01140339, .01077962,
                                        .0103368,  .01008387, .01003039, .01018662, .01056357, .01117297};
    for (std::size_t i = 0; i < 20; ++i) CHECK(search.losses[i] == Approx(losses[i]).epsilon(2e-6));
  }
  SECTION("from inputs alone") {
    const AwqSearch search = search_toy(AwqScaleRule::inputs);
    CHECK(search.alpha == 0.0);
    CHECK(search.loss == Approx(0.005051232993).epsilon(1e-6));
    CHECK(search.scales == std::vector<float>(4, 1.0f));
  }
}

TEST_CASE("the first of equal losses wins, and losses that are no numbers are passed over") {
  const std::array<NamedMatrix, 1> set{NamedMatrix{"blocks.0.attn.o", awq_toy::w}};
  const std::vector<double> means(4, 1.0);
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  int call = 0;
  const auto search = [&](auto&& loss) {
    call = 0;
    return search_awq_scales(set, means, awq_toy::groups, AwqScaleRule::duo, loss, 1);
  };
  CHECK(search([](auto) { return 1.0; }).alpha == 0.0);
  CHECK(search([&](auto) { return ++call <= 3 ? nan : 1.0; }).alpha == Approx(0.15));
  CHECK(search([&](auto) { return ++call == 20 ? 0.5 : 1.0; }).alpha == Approx(0.95));
  CHECK_THROWS_WITH(search([&](auto) { return nan; }),
                    Contains("[quantlens.calibration]") && Contains("blocks.0.attn.o"));
  CHECK_THROWS_AS(search([](auto) { return std::numeric_limits<double>::infinity(); }), InputError);
}

TEST_CASE("candidates of a set come in its order, each with its own rows") {
  const std::vector<float> a = random_values(3 * 8, 1), b = random_values(5 * 8, 2);
  const std::array<NamedMatrix, 2> set{NamedMatrix{"a", {a.data(), 3, 8}}, NamedMatrix{"b", {b.data(), 5, 8}}};
  const AwqGroups groups{.bits = 8, .group_size = 4, .symmetric = true};
  const auto search = search_awq_scales(
      set, std::vector<double>(8, 1.0), groups, AwqScaleRule::duo,
      [&](std::span<const MatrixView<const float>> candidates) {
        REQUIRE(candidates.size() == 2);
        REQUIRE(candidates[1].rows == 5);
        // Eight bits: close to the original weights, whatever the scales.
        CHECK(candidates[0](2, 3) == Approx(a[19]).margin(0.02));
        CHECK(candidates[1](4, 7) == Approx(b[39]).margin(0.02));
        return output_error({a.data(), 3, 8}, {b.data(), 5, 8}, candidates[1], 1);
      },
      1);
  CHECK(search.scales.size() == 8);
}

TEST_CASE("the search gives the same bits for any number of threads") {
  const std::vector<float> w = random_values(37 * 64, 3), x = random_values(50 * 64, 4);
  const std::array<NamedMatrix, 1> set{NamedMatrix{"w", {w.data(), 37, 64}}};
  AwqInputMeans means(64);
  means.add({"x", {x.data(), 50, 64}});
  const auto search = [&](std::size_t threads) {
    return search_awq_scales(set, means.means(), {.bits = 3, .group_size = 16}, AwqScaleRule::duo,
                             inputs_loss(set, {x.data(), 50, 64}, threads), threads);
  };
  const AwqSearch one = search(1);
  for (const std::size_t threads : {2u, 3u, 7u}) {
    CHECK(search(threads).losses == one.losses);
    CHECK(search(threads).scales == one.scales);
  }
}

TEST_CASE("silent inputs, empty groups and outliers leave finite scales and candidates") {
  std::vector<float> w = random_values(4 * 16, 6), x = random_values(30 * 16, 7);
  for (std::size_t t = 0; t < 30; ++t) x[t * 16 + 5] = 0.0f;                             // an input that is always 0
  for (std::size_t t = 0; t < 30; ++t) x[t * 16 + 6] *= 1e4f;                            // and one that shouts
  for (std::size_t c = 8; c < 16; ++c) w[c] = w[16 + c] = w[32 + c] = w[48 + c] = 0.0f;  // groups of zeros
  w[20] = 1e6f;                                                                          // one outlier
  const AwqScaleRule rule = GENERATE(AwqScaleRule::duo, AwqScaleRule::inputs);
  const std::array<NamedMatrix, 1> set{NamedMatrix{"w", {w.data(), 4, 16}}};
  AwqInputMeans means(16);
  means.add({"x", {x.data(), 30, 16}});
  const auto search = search_awq_scales(set, means.means(), {.bits = 4, .group_size = 8}, rule,
                                        inputs_loss(set, {x.data(), 30, 16}, 1), 1);
  for (const double loss : search.losses) CHECK(std::isfinite(loss));
  for (const float scale : search.scales) CHECK((std::isfinite(scale) && scale > 0.0f));
  std::vector<float> candidate(w.size());
  awq_candidate(set[0].values, search.scales, {.bits = 4, .group_size = 8}, {candidate.data(), 4, 16}, 1);
  for (std::size_t c = 8; c < 16; ++c) CHECK(candidate[c] == 0.0f);
  CHECK(candidate[20] == Approx(1e6f).epsilon(0.05));
}

TEST_CASE("scales are centred on 1 and never below their floor") {
  const std::vector<double> x{0.0, 4.0, 1.0}, w{0.5, 0.5, 0.5};
  const std::vector<float> scales = awq_scales(x, w, 0.5, AwqScaleRule::inputs);
  // 1e-4, 2 and 1, over sqrt(2e-4).
  CHECK(scales[0] == Approx(1e-4 / std::sqrt(2e-4)));
  CHECK(scales[1] == Approx(2 / std::sqrt(2e-4)));
  CHECK(scales[2] == Approx(1 / std::sqrt(2e-4)));
}

TEST_CASE("bad sets and inputs are named") {
  std::vector<float> w = random_values(2 * 8, 8), x = random_values(3 * 8, 9);
  const NamedMatrix matrix{"blocks.1.mlp.down", {w.data(), 2, 8}};
  const AwqGroups groups{.bits = 4, .group_size = 4};
  const std::array<NamedMatrix, 1> set{matrix};
  SECTION("a weight that is no number") {
    w[11] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_WITH(awq_weight_means(set, groups),
                      Contains("[quantlens.not_finite]") && Contains("blocks.1.mlp.down[1, 3]"));
  }
  SECTION("an activation that is no number") {
    x[8 + 2] = std::numeric_limits<float>::infinity();
    AwqInputMeans means(8);
    CHECK_THROWS_WITH(means.add({"inputs of blocks.1.mlp.down", {x.data(), 3, 8}}),
                      Contains("inputs of blocks.1.mlp.down[1, 2]"));
  }
  SECTION("no activations") { CHECK_THROWS_WITH(AwqInputMeans(8).means(), Contains("[quantlens.calibration]")); }
  SECTION("activations of another width") {
    AwqInputMeans means(7);
    CHECK_THROWS_WITH(means.add({"x", {x.data(), 3, 8}}), Contains("expected 7 inputs, got 8"));
  }
  SECTION("groups that do not divide the row") {
    CHECK_THROWS_WITH(awq_weight_means(set, {.bits = 4, .group_size = 3}),
                      Contains("[quantlens.group_size]") && Contains("blocks.1.mlp.down") && Contains("groups of 3"));
  }
  SECTION("a set of different widths, and none") {
    const std::array<NamedMatrix, 2> mixed{matrix, NamedMatrix{"other", {w.data(), 4, 4}}};
    CHECK_THROWS_WITH(awq_weight_means(mixed, groups), Contains("other") && Contains("[quantlens.shape]"));
    CHECK_THROWS_AS(awq_weight_means({}, groups), InputError);
    const std::array<NamedMatrix, 1> empty{NamedMatrix{"empty", {w.data(), 0, 8}}};
    CHECK_THROWS_WITH(awq_weight_means(empty, groups), Contains("empty matrix"));
  }
  SECTION("means that are no numbers, or of another width") {
    const auto search = [&](const std::vector<double>& means) {
      return search_awq_scales(
          set, means, groups, AwqScaleRule::duo, [](auto) { return 0.0; }, 1);
    };
    CHECK_THROWS_WITH(search({1, 1, 1, std::nan(""), 1, 1, 1, 1}), Contains("input 3"));
    CHECK_THROWS_AS(search(std::vector<double>(7, 1.0)), InputError);
  }
}
