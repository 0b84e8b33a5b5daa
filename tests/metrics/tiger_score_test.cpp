#include "quantlens/metrics/tiger_score.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace quantlens;

namespace {

std::string error(int number, std::string_view reduction) {
  const std::string n = std::to_string(number);
  return "\nError location " + n + ": the dog\nError aspect " + n + ": Accuracy\nExplanation " + n +
         ": It is a cat.\nSeverity " + n + ": Major\nScore reduction " + n + ": " + std::string(reduction) + "\n";
}

std::string header(std::string_view errors, std::string_view total) {
  return "The model-generated output contains " + std::string(errors) + ", with a total score reduction of " +
         std::string(total) + ".\n";
}

}  // namespace

TEST_CASE("TIGERScore: decimals of the header and of the errors; the authors' parser reads whole numbers") {
  const TigerScore score = parse_tiger_score(header("2 errors", "4.5") + error(1, "4.0") + error(2, "0.5")).value();
  CHECK(score.n_errors == 2);
  CHECK(score.stated == -4.5);
  CHECK(score.itemized == -4.5);
  CHECK(score.n_itemized == 2);
  CHECK(score.reference == -4.0);
}

TEST_CASE("TIGERScore: the two totals are told apart") {
  const TigerScore score = parse_tiger_score(header("2 errors", "4.5") + error(1, "2") + error(2, "0.5")).value();
  CHECK(score.stated == -4.5);
  CHECK(score.itemized == -2.5);
}

TEST_CASE("TIGERScore: one error, on which the authors' parser gives up") {
  const TigerScore score = parse_tiger_score(header("1 error", "3") + error(1, "3")).value();
  CHECK(score.n_errors == 1);
  CHECK(score.stated == -3);
  CHECK_FALSE(score.reference);
  CHECK(parse_tiger_score(header("1 errors", "3") + error(1, "3")).value().reference == -3.0);
}

TEST_CASE("TIGERScore: no error is the best score") {
  const TigerScore score = parse_tiger_score(header("0 errors", "0")).value();
  CHECK(score.stated == 0);
  CHECK(score.itemized == 0);
  CHECK(score.n_itemized == 0);
  CHECK(score.reference == 0.0);
}

TEST_CASE("TIGERScore: a list that lacks a field is none to the authors' parser") {
  const TigerScore score =
      parse_tiger_score(header("2 errors", "4") + error(1, "4") + "\nError location 2: cut").value();
  CHECK(score.stated == -4);
  CHECK(score.n_itemized == 1);
  CHECK_FALSE(score.reference);
  CHECK_FALSE(parse_tiger_score(header("1 errors", "4") + error(1, "much")).value().reference);
}

TEST_CASE("TIGERScore: other texts are no evaluation") {
  for (const std::string& text :
       {std::string(), std::string("The text contains errors."), error(1, "2"), header("some errors", "2"),
        header("2 mistakes", "2"), header("2 errors", "much"), std::string("contains 2 errors"),
        std::string("contains "), header(std::string(400, '9') + " errors", "1")})
    CHECK_FALSE(parse_tiger_score(text));
  CHECK(parse_tiger_score("It contains a lot. " + header("2 errors", "1")).value().stated == -1);
}
