#include "quantlens/runtime/answer_choice.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

using namespace quantlens;

namespace {

const std::vector<std::vector<TokenId>> answers{{5, 2}, {5, 3, 1}, {4}, {5, 2, 7}, {5, 2}};

TokenId greedy_among(const std::vector<float>& logits, const std::vector<TokenId>& written) {
  Rng rng(1);
  const std::vector<TokenId> stops{0, 6};
  return choose_among(logits, next_of_answers(answers, written), stops, {}, rng);
}

}  // namespace

TEST_CASE("answer choice: only tokens that go on with an answer are left") {
  CHECK(next_of_answers(answers, {}).tokens == std::vector<TokenId>{4, 5});
  CHECK_FALSE(next_of_answers(answers, {}).complete);
  const std::vector<TokenId> five{5}, five_two{5, 2}, four{4}, other{7};
  CHECK(next_of_answers(answers, five).tokens == std::vector<TokenId>{2, 3});
  CHECK(next_of_answers(answers, five_two).tokens == std::vector<TokenId>{7});
  CHECK(next_of_answers(answers, five_two).complete);
  CHECK(next_of_answers(answers, four).at_end());
  CHECK(next_of_answers(answers, four).complete);
  CHECK(next_of_answers(answers, other).at_end());
  CHECK_FALSE(next_of_answers(answers, other).complete);
}

TEST_CASE("answer choice: the likeliest of them is chosen, the lowest id among equals") {
  CHECK(greedy_among({9, 9, 9, 9, 1, 2, 9, 9}, {}) == 5);
  CHECK(greedy_among({9, 9, 9, 9, 2, 2, 9, 9}, {}) == 4);
  CHECK(greedy_among({9, 9, 1, 3, 9, 9, 9, 9}, {5}) == 3);
}

TEST_CASE("answer choice: behind a whole answer its end competes with longer ones") {
  CHECK(greedy_among({1, 9, 9, 9, 9, 9, 1, 2}, {5, 2}) == 7);
  CHECK(greedy_among({1, 9, 9, 9, 9, 9, 3, 2}, {5, 2}) == 6);
}

TEST_CASE("answer choice: logits that are no numbers choose nothing") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(greedy_among({nan, 1, 1, 1, 1, 1, 1, 1}, {}) == no_token);
}
