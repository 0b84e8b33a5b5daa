#include "quantlens/stats/paired_tests.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "reference.hpp"

using namespace quantlens;

TEST_CASE("McNemar's p of 2 and 9 discordant pairs") {
  CHECK(mcnemar_p(2, 9) == Approx(0.0654296875).epsilon(1e-12));
  CHECK(mcnemar_p(9, 2) == Approx(0.0654296875).epsilon(1e-12));
  CHECK(mcnemar_p(2, 9, McNemarP::mid_p) == Approx(0.03857421875).epsilon(1e-12));
}

TEST_CASE("McNemar's p equals the reference, ties and lone pairs included") {
  for (const auto& one : stats_reference("mcnemar")) {
    INFO(one.dump());
    const std::size_t b = one.at("b");
    const std::size_t c = one.at("c");
    CHECK(mcnemar_p(b, c) == Approx(one.at("exact").get<double>()).epsilon(1e-10));
    CHECK(mcnemar_p(b, c, McNemarP::mid_p) == Approx(one.at("mid_p").get<double>()).epsilon(1e-10));
  }
  CHECK(mcnemar_p(0, 0) == 1.0);
  CHECK(mcnemar_p(0, 0, McNemarP::mid_p) == 1.0);
}

TEST_CASE("sign-flip p of the worked example is exact: 6 of 64, with ties counted") {
  const std::vector<double> differences{0.3, -0.1, 0.4, 0.2, 0.5, 0.1};
  CHECK(sign_flip_p(differences, 0) == 6.0 / 64);
}

TEST_CASE("sign-flip p equals the reference: exactly up to 20 differences, else up to sampling noise") {
  for (const auto& one : stats_reference("sign_flip")) {
    const std::vector<double> values = one.at("values");
    const double p = one.at("p");
    INFO(values.size() << " values");
    if (one.at("exact").get<bool>()) {
      CHECK(sign_flip_p(values, 1) == Approx(p).epsilon(1e-12));
    } else {
      CHECK(sign_flip_p(values, 1) == Approx(p).margin(0.003));
      CHECK(sign_flip_p(values, 1) == sign_flip_p(values, 1));
      CHECK(sign_flip_p(values, 1) != sign_flip_p(values, 2));
    }
  }
}

TEST_CASE("zeros change no sign-flip p, and only zeros give 1") {
  std::vector<double> differences{0.3, -0.1, 0.4, 0.2, 0.5, 0.1};
  differences.insert(differences.begin(), 100, 0.0);
  CHECK(sign_flip_p(differences, 0) == 6.0 / 64);
  CHECK(sign_flip_p(std::vector<double>(30, 0.0), 0) == 1.0);
}

TEST_CASE("sampled signs reach neither 0 nor an empty last group") {
  CHECK(sign_flip_p(std::vector<double>(64, 1.0), 4) == 1.0 / 100'001);
  // The last of 21 values outweighs the rest, which oppose it: whatever the signs, every draw is as far.
  std::vector<double> differences(21, -0.001);
  differences.back() = 1;
  CHECK(sign_flip_p(differences, 4) == 1.0);
}

TEST_CASE("tests of nothing are errors") {
  CHECK_THROWS_AS(sign_flip_p({}, 0), InputError);
  const auto first = [](std::span<const double> values) { return std::optional(values[0]); };
  CHECK_THROWS_AS(swap_p<double>({}, {}, first, 0), InputError);
  CHECK_THROWS_AS(swap_p<double>(std::vector<double>{1, 2}, std::vector<double>{1}, first, 0), InputError);
}

TEST_CASE("swapping pairs under the mean is the sign-flip test of their differences") {
  const std::vector<double> differences{0.3, -0.1, 0.4, 0.2, 0.5, 0.1};
  const std::vector<double> zeros(differences.size());
  const double p = swap_p<double>(differences, zeros, mean, 9, 200'000);
  CHECK(p == Approx(6.0 / 64).margin(0.003));
}

TEST_CASE("pairs after the 64th are swapped too") {
  std::vector<double> a(100, 0.0);
  std::fill(a.begin() + 64, a.end(), 1.0);
  CHECK(swap_p<double>(a, std::vector<double>(100, 0.0), mean, 9) == 1.0 / 10'001);
}

TEST_CASE("exact McNemar, the sign-flip and the swap test reject a true null in at most 5 % of samples") {
  Rng rng(31);
  const int n_samples = 1000;
  int mcnemar_rejections = 0;
  int sign_flip_rejections = 0;
  int swap_rejections = 0;
  for (int sample = 0; sample < n_samples; ++sample) {
    std::size_t gained = 0;
    std::size_t lost = 0;
    for (int item = 0; item < 300; ++item) {
      const double u = rng.uniform();
      gained += u < 0.1 ? 1 : 0;
      lost += u > 0.9 ? 1 : 0;
    }
    mcnemar_rejections += mcnemar_p(gained, lost) <= 0.05 ? 1 : 0;
    std::vector<double> a(40);
    std::vector<double> b(40);
    for (double& value : a) value = std::log(1 - rng.uniform());
    for (double& value : b) value = std::log(1 - rng.uniform());
    sign_flip_rejections += sign_flip_p(paired_differences(a, b), rng.next(), 2000) <= 0.05 ? 1 : 0;
    swap_rejections += swap_p<double>(a, b, mean, rng.next(), 500) <= 0.05 ? 1 : 0;
  }
  const auto size = [&](int rejections) { return static_cast<double>(rejections) / n_samples; };
  INFO("sizes: McNemar " << size(mcnemar_rejections) << ", sign-flip " << size(sign_flip_rejections) << ", swap "
                         << size(swap_rejections));
  CHECK(size(mcnemar_rejections) <= 0.05);
  CHECK(size(mcnemar_rejections) >= 0.02);
  // Tests of size 0.05 exactly: two standard errors of a thousand samples are 0.014.
  CHECK(size(sign_flip_rejections) == Approx(0.05).margin(0.014));
  CHECK(size(swap_rejections) == Approx(0.05).margin(0.014));
}
