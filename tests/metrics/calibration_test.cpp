#include "quantlens/metrics/calibration.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/stats/set_level.hpp"

using namespace quantlens;

namespace {

using Answers = std::vector<ConfidentAnswer>;

/// The values that the tests expect of these are plain numpy's.
const Answers golden{{.96, true}, {.91, true},  {.86, true}, {.81, false}, {.76, true},
                     {.71, true}, {.61, false}, {.56, true}, {.51, false}, {.41, false}};

}  // namespace

TEST_CASE("calibration: errors of the golden answers") {
  CHECK(expected_calibration_error<5>(golden).value() == Approx(.11).epsilon(1e-12));
  CHECK(adaptive_calibration_error<5>(golden).value() == Approx(.242).epsilon(1e-12));
  CHECK(adaptive_calibration_error<3>(golden).value() == Approx(.1519444).epsilon(1e-6));
  CHECK(type2_auroc(golden).value() == Approx(.8333333).epsilon(1e-6));
  double sum = 0;
  for (const ConfidentAnswer& answer : golden) sum += brier_score(answer);
  CHECK(sum / 10 == Approx(.1821).epsilon(1e-12));
}

TEST_CASE("calibration: the order of the answers decides nothing, also among equally confident ones") {
  Answers tied{{.5, true}, {.5, false}, {.5, false}, {.5, true}, {.9, true}};
  const auto ace = adaptive_calibration_error<2>(tied).value();
  // Bins of .5 .5 .5 and .5 .9, whose answers at .5 are all half right.
  CHECK(ace == Approx((0.0 + std::abs(1.5 - 1.4) / 2) / 2).epsilon(1e-12));
  do {
    CHECK(adaptive_calibration_error<2>(tied).value() == Approx(ace).epsilon(1e-12));
  } while (std::next_permutation(tied.begin(), tied.end(), [](const auto& a, const auto& b) {
    return a.confidence != b.confidence ? a.confidence < b.confidence : a.right < b.right;
  }));
}

TEST_CASE("calibration: a bin holds its upper edge, and the first one holds 0") {
  // .2 belongs to (0, .2], whose other answer makes up for it; in (.2, .4] it would count .2 alone.
  CHECK(expected_calibration_error<5>(Answers{{.2, true}, {.1, false}, {0, false}}).value() ==
        Approx(.7 / 3).epsilon(1e-12));
  CHECK(expected_calibration_error<5>(Answers{{.2, true}, {.3, false}}).value() == Approx(1.1 / 2).epsilon(1e-12));
  // .07 * 100 rounds to more than 7, but .07 is no more than the edge 7 / 100.
  CHECK(expected_calibration_error<100>(Answers{{.07, true}, {.065, false}}).value() ==
        Approx(.865 / 2).epsilon(1e-12));
  CHECK(expected_calibration_error(Answers{{1, true}}) == 0.0);
}

TEST_CASE("calibration: fewer answers than bins are a bin each") {
  CHECK(adaptive_calibration_error<10>(Answers{{.9, true}, {.6, false}}).value() == Approx((.1 + .6) / 2));
}

TEST_CASE("calibration: AUROC and Brier score equal scikit-learn, with equal confidences") {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/metrics/confidence.json");
  const auto cases = nlohmann::json::parse(file).at("cases");
  REQUIRE(cases.size() == 3);
  for (const auto& one : cases) {
    Answers answers;
    double sum = 0;
    for (std::size_t i = 0; i < one.at("right").size(); ++i) {
      answers.push_back({one.at("confidence")[i], one.at("right")[i]});
      sum += brier_score(answers.back());
    }
    CHECK(type2_auroc(answers).value() == Approx(one.at("auroc").get<double>()).epsilon(1e-12));
    CHECK(sum / static_cast<double>(answers.size()) == Approx(one.at("brier").get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("calibration: ties count half in the AUROC") {
  CHECK(type2_auroc(Answers{{.5, true}, {.5, false}}) == 0.5);
  CHECK(type2_auroc(Answers{{.5, true}, {.5, false}, {.4, false}}) == 0.75);
}

TEST_CASE("calibration: nothing is defined without answers, nor an AUROC without right and wrong ones") {
  CHECK_FALSE(expected_calibration_error(Answers{}));
  CHECK_FALSE(adaptive_calibration_error(Answers{}));
  CHECK_FALSE(type2_auroc(Answers{}));
  CHECK_FALSE(type2_auroc(Answers{{.5, true}, {.6, true}}));
  CHECK_FALSE(type2_auroc(Answers{{.5, false}}));
}

TEST_CASE("calibration: what is no confidence is refused") {
  CHECK_THROWS_AS(expected_calibration_error(Answers{{1.5, true}}), InputError);
  CHECK_THROWS_AS(adaptive_calibration_error(Answers{{-.1, true}}), InputError);
  CHECK_THROWS_AS(type2_auroc(Answers{{std::nan(""), true}}), InputError);
}

TEST_CASE("calibration: the errors resample like any metric of a set") {
  std::vector<std::optional<ConfidentAnswer>> answers(golden.begin(), golden.end());
  const Summary summary = summarize_set_level(answers, {}, expected_calibration_error<5>, 1);
  CHECK(summary.value.value() == Approx(.11).epsilon(1e-12));
  CHECK(summary.lo.value() < .11);
  CHECK(summary.hi.value() > .11);
}
