#include "quantlens/metrics/likert.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"

using namespace quantlens;

namespace {

using Probabilities = std::vector<double>;

}  // namespace

TEST_CASE("likert: the expected rating and its mass, of the golden probabilities") {
  const auto rating = expected_rating(Probabilities{.02, .08, .2, .45, .15}).value();
  CHECK(rating.value == Approx(3.7).epsilon(1e-12));
  CHECK(rating.mass == Approx(.9).epsilon(1e-12));
  CHECK(rating.value * rating.mass == Approx(3.33).epsilon(1e-12));
  CHECK(rating.most_likely == 4);
}

TEST_CASE("likert: the scale says what the probabilities are of") {
  const auto rating = expected_rating(Probabilities{.5, 0, .5}, {-1, 1}).value();
  CHECK(rating.value == 0);
  CHECK(rating.most_likely == -1);
  CHECK(expected_rating(Probabilities{.1}, {7, 7}).value().value == Approx(7));
  CHECK_THROWS_AS(expected_rating(Probabilities{.5, .5}), InputError);
  CHECK_THROWS_AS(expected_rating(Probabilities{}, {2, 1}), InputError);
  CHECK_THROWS_AS(expected_rating(Probabilities{.5, -.5}, {0, 1}), InputError);
  CHECK_THROWS_AS(expected_rating(Probabilities{.5, 2}, {0, 1}), InputError);
}

TEST_CASE("likert: a judge that rates nothing has no rating") {
  CHECK_FALSE(expected_rating(Probabilities{0, 0, 0, 0, 0}));
}

TEST_CASE("likert: the golden replies, of which one begins with no number") {
  double sum = 0;
  int n = 0;
  for (const std::string_view reply : {"4", "5", " 4 - fine", "Score: 3", "3.5/5"}) {
    const auto rating = parse_rating(reply);
    sum += rating.value_or(0);
    n += rating ? 1 : 0;
  }
  CHECK(n == 4);
  CHECK(sum / n == 4.125);
  CHECK(sum / 5 == Approx(3.3).epsilon(1e-12));
}

TEST_CASE("likert: replies that rate nothing on the scale") {
  for (const std::string_view reply : {"", "  ", "-3", ".5", "6", "0", "10", "1e9", "five"}) {
    CAPTURE(reply);
    if (reply == "1e9")
      CHECK(parse_rating(reply) == 1.0);  // a 1 and a letter
    else
      CHECK_FALSE(parse_rating(reply));
  }
  CHECK_FALSE(parse_rating(std::string(1000, '9')));
  CHECK(parse_rating("\n5.") == 5.0);
  CHECK(parse_rating("4.5.1") == 4.5);
  CHECK(parse_rating("10", {0, 10}) == 10.0);
}
