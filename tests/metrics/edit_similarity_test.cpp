#include "quantlens/metrics/edit_similarity.hpp"

#include <catch2/catch.hpp>
#include <string_view>

using namespace quantlens;

namespace {

constexpr std::string_view original = "the cat sat on the mat";

}  // namespace

TEST_CASE("word edit distance of the worked examples, which may reach and exceed one") {
  CHECK(word_edit_distance(original, "the dog sat on mat").value() == Approx(2.0 / 6));
  CHECK(word_edit_distance(original, "a very small dog sat quietly on the old mat").value() == Approx(1.0));
  CHECK(word_edit_distance("one", "two three four").value() == Approx(3.0));
  CHECK(word_edit_distance(original, "").value() == Approx(1.0));
  CHECK(word_edit_distance(original, original) == 0.0);
}

TEST_CASE("the distance counts words where the characters' distance differs") {
  CHECK(edit_distance(original, std::string_view("the dog sat on mat")) == 7);
}

TEST_CASE("an original without words has no distance") {
  CHECK_FALSE(word_edit_distance("", "text"));
  CHECK_FALSE(word_edit_distance(" \n", ""));
}

TEST_CASE("a copy is the same words in the same order, blanks aside") {
  CHECK(is_copy(original, "  the cat\nsat on  the mat "));
  CHECK_FALSE(is_copy(original, "the cat sat on the mat."));
  CHECK_FALSE(is_copy(original, "The cat sat on the mat"));
  CHECK_FALSE(is_copy(original, ""));
}
