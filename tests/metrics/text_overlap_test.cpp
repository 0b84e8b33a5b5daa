#include "quantlens/metrics/text_overlap.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

const std::string original = "the cat sat on the mat";
const std::string edited = "the dog sat on mat";

}  // namespace

TEST_CASE("ROUGE of the worked example") {
  const std::vector<std::string> references{original};
  CHECK(rouge_1(edited, references).value() == Approx(8.0 / 11).epsilon(1e-12));
  CHECK(rouge_2(edited, references).value() == Approx(2.0 / 9).epsilon(1e-12));
  CHECK(rouge_l(edited, references).value() == Approx(8.0 / 11).epsilon(1e-12));
}

TEST_CASE("ROUGE and token F1 equal the reference packages on awkward texts") {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/metrics/reference.json");
  const auto cases = nlohmann::json::parse(file).at("texts");
  REQUIRE(cases.size() == 16);
  for (const auto& one : cases) {
    const std::string answer = one.at("answer");
    const std::vector<std::string> references = one.at("references");
    INFO(answer << " | " << references.front());
    const auto expected = [&](const char* key) { return Approx(one.at(key).get<double>()).margin(1e-12); };
    CHECK(rouge_1(answer, references).value() == expected("rouge_1"));
    CHECK(rouge_2(answer, references).value() == expected("rouge_2"));
    CHECK(rouge_l(answer, references).value() == expected("rouge_l"));
    CHECK(token_f1(answer, references).value() == expected("token_f1"));
  }
}

TEST_CASE("the longest common subsequence keeps order, unlike a bag") {
  const std::vector<std::string> references{"d c b a"};
  CHECK(rouge_1("a b c d", references).value() == 1.0);
  CHECK(rouge_l("a b c d", references).value() == 0.25);
}

TEST_CASE("several references count by the best one, in any order") {
  CHECK(rouge_l(edited, std::vector<std::string>{"zebra", original}).value() == Approx(8.0 / 11));
  CHECK(rouge_l(edited, std::vector<std::string>{original, "zebra"}).value() == Approx(8.0 / 11));
}

TEST_CASE("overlap without references is undefined, with an empty answer zero") {
  CHECK_FALSE(rouge_1(edited, {}));
  CHECK_FALSE(rouge_2(edited, {}));
  CHECK_FALSE(rouge_l(edited, {}));
  CHECK_FALSE(token_f1(edited, {}));
  const std::vector<std::string> references{original};
  CHECK(rouge_l("", references) == 0.0);
  CHECK(token_f1("", references) == 0.0);
}

TEST_CASE("token F1 drops articles and punctuation and counts a repeated word once for each match") {
  const std::vector<std::string> references{"A dog's day!"};
  CHECK(token_f1("the dogs an day", references) == 1.0);
  CHECK(token_f1("day day day", references).value() == Approx(0.4));
}
