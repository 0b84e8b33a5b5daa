#include "quantlens/metrics/label_distribution.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace quantlens;

TEST_CASE("softmax: shares in proportion to exp(score), however low the scores") {
  for (const double offset : {0.0, -2000.0, 700.0}) {
    CAPTURE(offset);
    const auto shares = softmax(std::vector{offset + std::log(7.0), offset + std::log(2.0), offset});
    REQUIRE(shares.size() == 3);
    CHECK(shares[0] == Approx(0.7).epsilon(1e-12));
    CHECK(shares[1] == Approx(0.2).epsilon(1e-12));
    CHECK(shares[2] == Approx(0.1).epsilon(1e-12));
  }
}

TEST_CASE("softmax: an impossible label has share 0; only impossible ones have none") {
  const double never = -std::numeric_limits<double>::infinity();
  CHECK(softmax(std::vector{-3.0, never}) == std::vector{1.0, 0.0});
  CHECK(std::isnan(softmax(std::vector{never, never})[0]));
  CHECK_THROWS_AS(softmax(std::vector<double>{}), InputError);
}

TEST_CASE("total variation: the golden value, and its ends") {
  CHECK(total_variation(std::vector{0.7, 0.2, 0.1}, std::vector{0.1, 0.6, 0.3}) == Approx(0.6).epsilon(1e-12));
  CHECK(total_variation(std::vector{0.7, 0.3}, std::vector{0.7, 0.3}) == 0.0);
  CHECK(total_variation(std::vector{1.0, 0.0}, std::vector{0.0, 1.0}) == 1.0);
  CHECK_THROWS_AS(total_variation(std::vector{1.0}, std::vector{0.5, 0.5}), InputError);
}

TEST_CASE("divergence: golden values, and what only one of the two has") {
  const std::vector<double> original{.7, .3}, gone{0, 1}, certain{1, 0};
  CHECK(kl_divergence(std::vector<double>{.4, .6}, original).value() == Approx(.1920420).epsilon(1e-6));
  CHECK(kl_divergence(std::vector<double>{.65, .35}, original).value() == Approx(.0057826).epsilon(1e-5));
  CHECK(kl_divergence(original, original) == 0.0);
  CHECK(kl_divergence(gone, original).value() == Approx(-std::log(.3)).epsilon(1e-12));
  CHECK_FALSE(kl_divergence(original, certain));
  CHECK_THROWS_AS(kl_divergence(original, std::vector<double>{1}), InputError);
}
