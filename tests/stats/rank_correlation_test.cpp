#include "quantlens/stats/rank_correlation.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "quantlens/core/error.hpp"

using namespace quantlens;

namespace {

using Values = std::vector<double>;

/// One-hop and two-hop accuracy of nine published rows; the expected values are plain Python's.
const Values one_hop{25.03, 25.01, 22.07, 35.23, 35.16, 24.69, 7.79, 23.62, 22.35};
const Values two_hop{20.61, 20.61, 18.05, 24.72, 24.76, 21.80, 4.45, 20.94, 19.56};

}  // namespace

TEST_CASE("rank correlation: of nine published rows, with a tie") {
  CHECK(spearman(one_hop, two_hop).value() == Approx(0.8451956828).epsilon(1e-9));
  CHECK(kendall_tau_b(one_hop, two_hop).value() == Approx(0.7042952123).epsilon(1e-9));
}

TEST_CASE("rank correlation: equals scipy, with many ties and none") {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/stats/agreement.json");
  const auto cases = nlohmann::json::parse(file).at("ranks");
  REQUIRE(cases.size() == 5);
  for (const auto& one : cases) {
    const Values x = one.at("x"), y = one.at("y");
    CHECK(spearman(x, y).value() == Approx(one.at("spearman").get<double>()).epsilon(1e-12));
    CHECK(kendall_tau_b(x, y).value() == Approx(one.at("kendall").get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("rank correlation: equal values share their places") {
  CHECK(average_ranks(Values{3, 1, 3, 2, 3}) == Values{4, 1, 4, 2, 4});
  CHECK(average_ranks(Values{}).empty());
}

TEST_CASE("rank correlation: sees the order only") {
  CHECK(spearman(Values{1, 2, 3, 4}, Values{1, 10, 100, 1e9}) == 1.0);
  CHECK(kendall_tau_b(Values{1, 2, 3, 4}, Values{1, 10, 100, 1e9}) == 1.0);
  CHECK(spearman(Values{1, 2, 3}, Values{5, 0, -5}) == -1.0);
  CHECK(kendall_tau_b(Values{1, 2, 3}, Values{5, 0, -5}) == -1.0);
}

TEST_CASE("rank correlation: without spread there is none, and pairs have two sides") {
  CHECK_FALSE(spearman(Values{1, 1}, Values{1, 2}));
  CHECK_FALSE(kendall_tau_b(Values{1, 2}, Values{1, 1}));
  CHECK_FALSE(spearman(Values{}, Values{}));
  CHECK_FALSE(kendall_tau_b(Values{}, Values{}));
  CHECK_THROWS_AS(spearman(Values{1, 2}, Values{1}), InputError);
  CHECK_THROWS_AS(kendall_tau_b(Values{1, 2}, Values{1}), InputError);
  CHECK_THROWS_AS(average_ranks(Values{1, std::nan("")}), InputError);
}
