#include "quantlens/stats/bootstrap.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "reference.hpp"

using namespace quantlens;

TEST_CASE("BCa intervals of a mean equal the reference up to resampling noise") {
  for (const auto& one : stats_reference("bca_mean")) {
    const std::vector<double> values = one.at("values");
    const double standard_error = one.at("standard_error");
    INFO(one.at("name"));
    const auto fine = bca_mean(values, {.seed = 3, .resamples = 400'000});
    REQUIRE(fine);
    CHECK(std::abs(fine->lo - one.at("lo").get<double>()) < 0.05 * standard_error);
    CHECK(std::abs(fine->hi - one.at("hi").get<double>()) < 0.05 * standard_error);
    const auto usual = bca_mean(values, {.seed = 3});
    CHECK(std::abs(usual->lo - one.at("lo").get<double>()) < 0.2 * standard_error);
    CHECK(std::abs(usual->hi - one.at("hi").get<double>()) < 0.2 * standard_error);
  }
}

TEST_CASE("resampled means of three values come as often as their exhaustive bootstrap says") {
  const std::array<double, 3> values{0, 1, -1};
  const std::size_t resamples = 270'000;
  std::array<double, 7> seen{};
  const auto sums = bootstrap(3, {.seed = 5, .resamples = resamples}, [&](std::span<const ItemIndex> items) {
    return std::optional(values[items[0]] + values[items[1]] + values[items[2]]);
  });
  REQUIRE(sums.size() == resamples);
  for (const double sum : sums) ++seen[static_cast<std::size_t>(sum + 3)];
  const std::array<double, 7> of_27{1, 3, 6, 7, 6, 3, 1};
  for (std::size_t i = 0; i < seen.size(); ++i) CHECK(seen[i] == Approx(of_27[i] * 10'000).epsilon(0.03));
}

TEST_CASE("every item is drawn equally often, the odd last one included") {
  std::array<double, 5> drawn{};
  static_cast<void>(bootstrap(5, {.seed = 8, .resamples = 50'000}, [&](std::span<const ItemIndex> items) {
    for (const ItemIndex item : items) ++drawn.at(item);
    return std::optional(0.0);
  }));
  for (const double count : drawn) CHECK(count == Approx(50'000).epsilon(0.02));
}

TEST_CASE("the jackknife leaves out each item once") {
  const std::array<double, 4> values{1, 10, 100, 1000};
  const auto sums = jackknife(4, [&](std::span<const ItemIndex> items) {
    double sum = 0;
    for (const ItemIndex item : items) sum += values[item];
    return std::optional(sum);
  });
  CHECK(sums == std::vector<double>{1110, 1101, 1011, 111});
  CHECK(jackknife(1, [](std::span<const ItemIndex>) { return std::optional(0.0); }).empty());
}

TEST_CASE("samples on which a statistic is undefined are left out") {
  int calls = 0;
  const auto results = bootstrap(3, {.resamples = 100}, [&](std::span<const ItemIndex>) -> std::optional<double> {
    return ++calls % 4 == 0 ? std::nullopt : std::optional(1.0);
  });
  CHECK(calls == 100);
  CHECK(results.size() == 75);
}

TEST_CASE("values without spread have no interval, and no values are an error") {
  CHECK_FALSE(bca_mean(std::vector<double>{0.1}, {}));
  CHECK_FALSE(bca_mean(std::vector<double>(50, 0.1), {}));
  CHECK_FALSE(bca_interval(1, std::vector<double>(10, 1.0), {}));
  CHECK_THROWS_AS(bca_mean({}, {}), InputError);
}

TEST_CASE("the same seed gives the same interval, another seed another") {
  const std::vector<double> values{0.3, 1.7, 2.2, 0.9, 5.1, 3.3};
  const auto once = bca_mean(values, {.seed = 1}).value();
  CHECK(bca_mean(values, {.seed = 1})->lo == once.lo);
  CHECK(bca_mean(values, {.seed = 1})->hi == once.hi);
  CHECK(bca_mean(values, {.seed = 2})->hi != once.hi);
}

TEST_CASE("BCa 95 % intervals cover the true mean in 93 to 97 % of samples") {
  Rng rng(23);
  const auto exponential = [&] { return -std::log(1 - rng.uniform()); };
  const auto discordant = [&] {
    const double u = rng.uniform();
    return u < 0.05 ? -1.0 : u < 0.15 ? 1.0 : 0.0;
  };
  const auto coverage = [&](const auto& draw, double truth) {
    int covered = 0;
    const int n_samples = 1000;
    std::vector<double> values(120);
    for (int sample = 0; sample < n_samples; ++sample) {
      for (double& value : values) value = draw();
      const auto interval = bca_mean(values, {.seed = rng.next(), .resamples = 2000}).value();
      covered += interval.lo <= truth && truth <= interval.hi ? 1 : 0;
    }
    return static_cast<double>(covered) / n_samples;
  };
  const auto check = [](const std::string& what, double share) {
    INFO(what << ": coverage " << share);
    CHECK(share >= 0.93);
    CHECK(share <= 0.97);
  };
  check("uniform", coverage([&] { return rng.uniform(); }, 0.5));
  check("exponential", coverage(exponential, 1.0));
  check("differences of 0/1 scores", coverage(discordant, 0.05));
}
