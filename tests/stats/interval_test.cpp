#include "quantlens/stats/interval.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "reference.hpp"

using namespace quantlens;

namespace {

/// Multinomial probability of the counts.
double table_probability(const std::vector<int>& counts, const std::vector<double>& shares) {
  double log_probability = 0;
  int n = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    log_probability += counts[i] * std::log(shares[i]) - std::lgamma(counts[i] + 1.0);
    n += counts[i];
  }
  return std::exp(log_probability + std::lgamma(n + 1.0));
}

}  // namespace

TEST_CASE("Wilson's interval of 77 in 100") {
  const Interval interval = wilson_interval(77, 100);
  CHECK(interval.lo == Approx(0.6784561698).epsilon(1e-9));
  CHECK(interval.hi == Approx(0.8415673412).epsilon(1e-9));
}

TEST_CASE("Wilson's interval equals the reference, its exact ends at 0 and n included") {
  for (const auto& one : stats_reference("wilson")) {
    const Interval interval = wilson_interval(one.at("successes"), one.at("n"));
    INFO(one.dump());
    CHECK(interval.lo == Approx(one.at("lo").get<double>()).margin(1e-12));
    CHECK(interval.hi == Approx(one.at("hi").get<double>()).margin(1e-12));
    CHECK(interval.lo < interval.hi);
  }
  CHECK(wilson_interval(0, 40).lo == 0.0);
  CHECK(wilson_interval(1000, 1000).hi == 1.0);
}

TEST_CASE("Wilson's interval refuses no trials and more successes than trials") {
  CHECK_THROWS_AS(wilson_interval(0, 0), InputError);
  CHECK_THROWS_AS(wilson_interval(2, 1), InputError);
}

TEST_CASE("Wilson's 95 % interval covers the true share in 93 to 97 % of all samples") {
  for (const double share : {0.1, 0.4, 0.85}) {
    double coverage = 0;
    for (int successes = 0; successes <= 200; ++successes) {
      const Interval interval = wilson_interval(static_cast<std::size_t>(successes), 200);
      if (interval.lo <= share && share <= interval.hi)
        coverage += table_probability({successes, 200 - successes}, {share, 1 - share});
    }
    INFO("share " << share << ": coverage " << coverage);
    CHECK(coverage >= 0.93);
    CHECK(coverage <= 0.97);
  }
}

TEST_CASE("the paired interval equals one whose likelihood is maximised numerically") {
  for (const auto& one : stats_reference("paired_difference")) {
    INFO(one.dump());
    const Interval interval = paired_difference_interval(one.at("gained"), one.at("lost"), one.at("n"));
    CHECK(interval.lo == Approx(one.at("lo").get<double>()).margin(1e-6));
    CHECK(interval.hi == Approx(one.at("hi").get<double>()).margin(1e-6));
  }
}

TEST_CASE("the paired interval mirrors with its pairs and stays within -1 and 1") {
  const Interval gain = paired_difference_interval(9, 2, 100);
  const Interval loss = paired_difference_interval(2, 9, 100);
  CHECK(gain.lo == Approx(-loss.hi));
  CHECK(gain.hi == Approx(-loss.lo));
  const Interval all_lost = paired_difference_interval(0, 50, 50);
  CHECK(all_lost.lo == -1.0);
  CHECK(all_lost.hi == Approx(-0.8573048).epsilon(1e-6));
  const Interval lone = paired_difference_interval(1, 0, 1);
  CHECK(lone.hi == 1.0);
  CHECK(lone.lo < 0);
}

TEST_CASE("the paired interval refuses no pairs and more discordant pairs than pairs") {
  CHECK_THROWS_AS(paired_difference_interval(0, 0, 0), InputError);
  CHECK_THROWS_AS(paired_difference_interval(2, 1, 2), InputError);
}

TEST_CASE("the paired 95 % interval covers the true difference in 93 to 97 % of all samples") {
  struct Case {
    int n;
    double gained, lost;
  };
  for (const auto [n, gained, lost] : {Case{120, 0.01, 0.03}, Case{120, 0.02, 0.08}, Case{60, 0.05, 0.05},
                                       Case{40, 0.1, 0.2}, Case{300, 0.02, 0.08}}) {
    double coverage = 0;
    double seen = 0;
    for (int g = 0; g <= n; ++g) {
      for (int l = 0; g + l <= n; ++l) {
        const double probability = table_probability({g, l, n - g - l}, {gained, lost, 1 - gained - lost});
        if (probability < 1e-9) continue;
        seen += probability;
        const Interval interval = paired_difference_interval(static_cast<std::size_t>(g), static_cast<std::size_t>(l),
                                                             static_cast<std::size_t>(n));
        if (interval.lo <= gained - lost && gained - lost <= interval.hi) coverage += probability;
      }
    }
    INFO(n << " pairs, " << gained << " gained, " << lost << " lost: coverage " << coverage);
    CHECK(seen > 0.9999);
    CHECK(coverage >= 0.93);
    CHECK(coverage <= 0.97);
  }
}
