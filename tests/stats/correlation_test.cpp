#include "quantlens/stats/correlation.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"

using namespace quantlens;

namespace {

PairSums sums_of(const std::vector<std::pair<double, double>>& pairs) {
  PairSums sums;
  for (const auto& [x, y] : pairs) sums.add(x, y);
  return sums;
}

}  // namespace

TEST_CASE("pearson: accuracies of nine published rows") {
  // One-hop and two-hop accuracy; the value is plain Python's, by the two-pass formula.
  const PairSums sums = sums_of({{25.03, 20.61},
                                 {25.01, 20.61},
                                 {22.07, 18.05},
                                 {35.23, 24.72},
                                 {35.16, 24.76},
                                 {24.69, 21.80},
                                 {7.79, 4.45},
                                 {23.62, 20.94},
                                 {22.35, 19.56}});
  CHECK(pearson(sums).value() == Approx(0.9405273263).epsilon(1e-10));
}

TEST_CASE("pearson: of zeros and ones it is the phi coefficient") {
  // Three both, two first only, one second only, four neither: (3*4 - 2*1) / sqrt(5*5*4*6).
  std::vector<std::pair<double, double>> pairs(3, {1, 1});
  pairs.insert(pairs.end(), 2, {1, 0});
  pairs.insert(pairs.end(), 1, {0, 1});
  pairs.insert(pairs.end(), 4, {0, 0});
  CHECK(pearson(sums_of(pairs)).value() == Approx(10 / std::sqrt(600.0)).epsilon(1e-12));
}

TEST_CASE("pearson: a straight line is 1 or -1, and never beyond") {
  Rng rng(2);
  for (int trial = 0; trial < 1000; ++trial) {
    const double slope = rng.uniform() - 0.5;
    PairSums line;
    for (int i = 0; i < 5; ++i) {
      const double x = rng.uniform();
      line.add(x, slope * x);
    }
    CHECK(pearson(line).value() == Approx(slope > 0 ? 1 : -1).epsilon(1e-9));
    CHECK(std::abs(pearson(line).value()) <= 1);
  }
}

TEST_CASE("pearson: without spread, or without pairs, there is none") {
  CHECK_FALSE(pearson(PairSums{}));
  CHECK_FALSE(pearson(sums_of({{0.5, 1}})));
  CHECK_FALSE(pearson(sums_of({{0, 1}, {0, 0}})));
  CHECK_FALSE(pearson(sums_of({{0.25, 1}, {0.5, 1}})));
  // Most of these values are rounded, so that their sums have a spread of a few ulps, on either side of 0.
  for (int hundredths = 1; hundredths < 100; ++hundredths) {
    PairSums equal;
    for (int i = 0; i < 1000; ++i) equal.add(hundredths / 100.0, i % 2);
    CAPTURE(hundredths);
    CHECK_FALSE(pearson(equal));
  }
}

TEST_CASE("pearson: sums add up over items") {
  PairSums left = sums_of({{1, 2}, {2, 1}});
  left += sums_of({{3, 5}});
  CHECK(pearson(left) == pearson(sums_of({{1, 2}, {2, 1}, {3, 5}})));
}

TEST_CASE("cosine: of two vectors, whatever their length") {
  const std::vector<double> a{3, 4}, b{4, 3}, opposite{-30, -40}, zero{0, 0};
  CHECK(cosine(pair_sums(a, b)).value() == Approx(.96).epsilon(1e-12));
  CHECK(cosine(pair_sums(a, opposite)) == -1.0);
  CHECK_FALSE(cosine(pair_sums(a, zero)));
  CHECK_FALSE(cosine(PairSums{}));
  CHECK(cosine(pair_sums(a, b), 4.9));
  CHECK_FALSE(cosine(pair_sums(a, b), 5));
  CHECK_THROWS_AS(pair_sums(a, std::vector<double>{1}), InputError);
}
