#include "quantlens/metrics/language_model_scores.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

using namespace quantlens;

TEST_CASE("perplexity of the worked example is e") {
  CHECK(perplexity(std::vector<double>{-0.5, -1.25, -0.25, -2}).value() == Approx(2.718281828459045).epsilon(1e-14));
}

TEST_CASE("the mean over items is the mean of perplexities, not the perplexity of the mean") {
  const double of_one = perplexity(std::vector<double>{-1, -1}).value();
  const double of_two = perplexity(std::vector<double>{-2}).value();
  CHECK((of_one + of_two) / 2 == Approx(5.05366896).epsilon(1e-9));
}

TEST_CASE("no tokens, an impossible token and an overflow leave perplexity undefined") {
  CHECK_FALSE(perplexity({}));
  CHECK_FALSE(perplexity(std::vector<double>{-1, -std::numeric_limits<double>::infinity()}));
  CHECK_FALSE(perplexity(std::vector<double>{-1e6}));
}
