#include "quantlens/stats/krippendorff.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/set_level.hpp"

using namespace quantlens;

namespace {

using Units = std::vector<UnitRatings>;

/// A line for each rater, a digit for each unit; a point is missing.
Units units_of(const std::vector<std::string_view>& raters) {
  Units units(raters.front().size());
  for (const std::string_view rater : raters)
    for (std::size_t unit = 0; unit < rater.size(); ++unit)
      if (rater[unit] != '.') units[unit].push_back(rater[unit] - '0');
  return units;
}

struct Alphas {
  std::optional<double> nominal, ordinal, interval;
};

Alphas alphas(const Units& units) {
  return {krippendorff_alpha<RatingLevel::nominal>(units), krippendorff_alpha<RatingLevel::ordinal>(units),
          krippendorff_alpha<RatingLevel::interval>(units)};
}

}  // namespace

TEST_CASE("krippendorff: published examples") {
  const auto first = alphas(units_of({".....34121133.3", "1.213343.......", "..21344.21133.4"}));
  CHECK(first.nominal.value() == Approx(.691358025).epsilon(1e-9));
  CHECK(first.interval.value() == Approx(.810844893).epsilon(1e-9));
  const auto second = alphas(units_of({"123321412...", "1233224125.3", ".3332342251.", "12332441251."}));
  CHECK(second.nominal.value() == Approx(.743421053).epsilon(1e-9));
  CHECK(second.ordinal.value() == Approx(.815387504).epsilon(1e-9));
  CHECK(second.interval.value() == Approx(.849107143).epsilon(1e-9));
}

TEST_CASE("krippendorff: twelve units by three raters, by independent code") {
  const auto golden = alphas({{1, 1},
                              {2, 2, 3},
                              {3, 3, 3},
                              {3, 3, 3},
                              {2, 2, 2},
                              {1, 2, 3},
                              {4, 4, 4},
                              {1, 1, 2},
                              {2, 2, 2},
                              {5, 5},
                              {1},
                              {3}});
  CHECK(golden.nominal.value() == Approx(.6752577320).epsilon(1e-9));
  CHECK(golden.ordinal.value() == Approx(.8048605241).epsilon(1e-9));
  CHECK(golden.interval.value() == Approx(.8621041879).epsilon(1e-9));
}

TEST_CASE("krippendorff: equals the package of that name, with few ratings missing and many") {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/stats/agreement.json");
  const auto cases = nlohmann::json::parse(file).at("alphas");
  REQUIRE(cases.size() == 4);
  for (const auto& one : cases) {
    const Alphas result = alphas(one.at("units").get<Units>());
    CHECK(result.nominal.value() == Approx(one.at("nominal").get<double>()).epsilon(1e-12));
    CHECK(result.ordinal.value() == Approx(one.at("ordinal").get<double>()).epsilon(1e-12));
    CHECK(result.interval.value() == Approx(one.at("interval").get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("krippendorff: agreement is 1, and units with one rating say nothing") {
  CHECK(alphas({{1, 1}, {2, 2}, {5, 5}}).ordinal == 1.0);
  CHECK(alphas({{1, 1}, {2, 2}, {9}, {}}).interval == alphas({{1, 1}, {2, 2}}).interval);
  CHECK(alphas({{1, 2}, {2, 1}}).nominal.value() < 0);
}

TEST_CASE("krippendorff: one value only, or no pair, leaves it undefined") {
  CHECK_FALSE(alphas({{3, 3}, {3, 3, 3}}).ordinal);
  CHECK_FALSE(alphas({{1}, {2}}).nominal);
  CHECK_FALSE(alphas({}).interval);
}

TEST_CASE("krippendorff: a rating that is not finite is refused") {
  CHECK_THROWS_AS(alphas({{1, std::numeric_limits<double>::quiet_NaN()}}), InputError);
  CHECK_THROWS_AS(alphas({{1, std::numeric_limits<double>::infinity()}}), InputError);
}

TEST_CASE("krippendorff: units resample like any metric of a set") {
  const Units units = units_of({"123321412...", "1233224125.3", ".3332342251.", "12332441251."});
  const std::vector<std::optional<UnitRatings>> values(units.begin(), units.end());
  const Summary summary = summarize_set_level(values, {}, krippendorff_alpha<RatingLevel::ordinal>, 1);
  CHECK(summary.value.value() == Approx(.815387504).epsilon(1e-9));
  CHECK(summary.lo.value() < summary.value.value());
}
