#include "quantlens/metrics/classification.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

using namespace quantlens;

TEST_CASE("macro-F1 by hand: classes weigh the same, and only those that occur") {
  // Class 0: 2 right of 3 gold, 2 predicted, F1 0.8; class 2: 1 right of 1 gold, 2 predicted, F1 2/3; class 1 is
  // absent.
  const std::vector<LabelPair> items{{0, 0}, {0, 0}, {0, 2}, {2, 2}};
  CHECK(macro_f1(items) == Approx((0.8 + 2.0 / 3) / 2));
  CHECK(accuracy(items) == 0.75);
}

TEST_CASE("a label that is only predicted counts with F1 zero") {
  CHECK(macro_f1(std::vector<LabelPair>{{0, 0}, {0, 5}}) == Approx((2.0 / 3) / 2));
}

TEST_CASE("a parse failure is wrong but adds no class") {
  const std::vector<LabelPair> items{{0, 0}, {0, no_label}, {1, 1}};
  CHECK(macro_f1(items) == Approx((2.0 / 3 + 1) / 2));
  CHECK(accuracy(items) == Approx(2.0 / 3));
  CHECK(macro_f1(std::vector<LabelPair>{{1, no_label}}) == 0.0);
}

TEST_CASE("accuracy and macro-F1 equal the reference on random labels") {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/metrics/reference.json");
  const auto cases = nlohmann::json::parse(file).at("labels");
  REQUIRE(cases.size() == 5);
  for (const auto& one : cases) {
    std::vector<LabelPair> items;
    for (std::size_t i = 0; i < one.at("gold").size(); ++i) {
      const int predicted = one.at("predicted")[i];
      items.push_back({one.at("gold")[i], predicted < 0 ? no_label : static_cast<std::size_t>(predicted)});
    }
    CHECK(macro_f1(items) == Approx(one.at("macro_f1").get<double>()).epsilon(1e-12));
    CHECK(accuracy(items) == Approx(one.at("accuracy").get<double>()).epsilon(1e-12));
  }
}

TEST_CASE("no items are an error, not zero") {
  CHECK_THROWS_AS(accuracy({}), InputError);
  CHECK_THROWS_AS(macro_f1({}), InputError);
}
