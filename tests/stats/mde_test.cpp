#include "quantlens/stats/mde.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "quantlens/core/rng.hpp"
#include "quantlens/stats/paired_tests.hpp"
#include "reference.hpp"

using namespace quantlens;

TEST_CASE("at 10 % discordance 120 items detect 8 points, 300 detect 5, 1,360 detect 2.4") {
  CHECK(mde_paired_binary(0.1, 120) == Approx(0.08).margin(0.005));
  CHECK(mde_paired_binary(0.1, 300) == Approx(0.05).margin(0.005));
  CHECK(mde_paired_binary(0.1, 1360) == Approx(0.024).margin(0.0005));
  // Percentage points of arXiv 2605.28873's bound.
  CHECK(100 * mde_paired_binary(0.1, 500) == Approx(3.96).margin(0.005));
  CHECK(100 * mde_paired_binary(0.1, 1000) == Approx(2.80).margin(0.005));
  CHECK(100 * mde_paired_binary(0.1, 100) == Approx(8.86).margin(0.005));
}

TEST_CASE("minimum detectable effects equal the reference") {
  CHECK(detectable_standard_errors() == Approx(stats_reference("detectable_standard_errors").get<double>()));
  const auto one = stats_reference("mde_real");
  CHECK(mde_real(one.at("sd"), one.at("n")) == Approx(one.at("mde").get<double>()).epsilon(1e-12));
}

TEST_CASE("the bound without a discordant pair makes such a sample a 5 % event") {
  CHECK(unseen_share_bound(1) == Approx(0.95));
  CHECK(unseen_share_bound(120) == Approx(0.0246554011).epsilon(1e-8));
  CHECK(std::pow(1 - unseen_share_bound(300), 300) == Approx(0.05));
}

TEST_CASE("minimum detectable effects refuse no items and impossible shares") {
  CHECK_THROWS_AS(mde_real(1, 0), InputError);
  CHECK_THROWS_AS(mde_paired_binary(1.1, 10), InputError);
  CHECK_THROWS_AS(unseen_share_bound(0), InputError);
}

TEST_CASE("a true difference of the minimum detectable size is found in about 80 % of samples") {
  Rng rng(47);
  const int n_samples = 1000;
  const double discordance = 0.2;
  const double share_gained = (discordance + mde_paired_binary(discordance, 300)) / 2;
  int mcnemar_finds = 0;
  for (int sample = 0; sample < n_samples; ++sample) {
    std::size_t gained = 0;
    std::size_t lost = 0;
    for (int item = 0; item < 300; ++item) {
      const double u = rng.uniform();
      gained += u < share_gained ? 1 : 0;
      lost += u >= share_gained && u < discordance ? 1 : 0;
    }
    mcnemar_finds += mcnemar_p(gained, lost) <= 0.05 ? 1 : 0;
  }
  const double binary_power = static_cast<double>(mcnemar_finds) / n_samples;
  INFO("power of exact McNemar " << binary_power);
  CHECK(binary_power >= 0.72);
  CHECK(binary_power <= 0.86);

  const double shift = mde_real(std::sqrt(1.0 / 12), 60);
  int sign_flip_finds = 0;
  for (int sample = 0; sample < n_samples; ++sample) {
    std::vector<double> differences(60);
    for (double& difference : differences) difference = rng.uniform() - 0.5 + shift;
    sign_flip_finds += sign_flip_p(differences, rng.next(), 2000) <= 0.05 ? 1 : 0;
  }
  const double real_power = static_cast<double>(sign_flip_finds) / n_samples;
  INFO("power of the sign-flip test " << real_power);
  CHECK(real_power >= 0.76);
  CHECK(real_power <= 0.85);
}
