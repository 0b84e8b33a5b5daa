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

TEST_CASE("a copy is the same words in the same order, up to case, blanks and punctuation") {
  CHECK(is_copy(original, "  the cat\nsat on  the mat "));
  CHECK(is_copy(original, "The cat sat on the mat."));
  CHECK(is_copy("\xe2\x80\x9cIt\xe2\x80\x99s late,\xe2\x80\x9d she said", "\"It's late\", she said \xe2\x80\x94"));
  CHECK_FALSE(is_copy(original, "the cat sat on a mat"));
  CHECK_FALSE(is_copy(original, "cat the sat on the mat"));
  CHECK_FALSE(is_copy("up by 3.5 points", "up by 35 points"));
  CHECK_FALSE(is_copy(original, ""));
}

TEST_CASE("changed share of the worked example, which is 1 at most") {
  CHECK(changed_share(original, "a very small dog sat quietly on the old mat").value() == Approx(.6));
  CHECK(changed_share("one", "two three four") == 1.0);
  CHECK(changed_share(original, "") == 1.0);
  CHECK(changed_share(original, "The cat sat, on the mat!") == 0.0);
  CHECK_FALSE(changed_share("", "..."));
}

TEST_CASE("an edit keeps as much as it changes") {
  CHECK(is_edit(original, "The dog sat on a mat."));
  CHECK(is_edit("a good film", "not a good film"));
  CHECK(is_edit("one two", "one three"));
  CHECK_FALSE(is_edit(original, "The cat sat on the mat."));
  CHECK_FALSE(is_edit(original, "a very small dog sat quietly on the old mat"));
  CHECK_FALSE(is_edit(original, "Stocks rose on Tuesday after the bank's report"));
  CHECK_FALSE(is_edit("", ""));
}

TEST_CASE("a redaction is the original with words replaced by the mark") {
  const auto is_valid = [](std::string_view text) { return is_redaction(original, text, "[REDACTED]"); };
  CHECK(is_valid("the [REDACTED] sat on the [REDACTED]"));
  CHECK(is_valid("The [redacted] sat on the [REDACTED]."));
  CHECK(is_valid("the [REDACTED] on the mat"));
  CHECK(is_valid("[REDACTED]"));
  CHECK(is_valid("[REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED]"));
  CHECK(is_redaction("the cat's mat", "the [REDACTED]'s mat", "[REDACTED]"));
  CHECK_FALSE(is_valid(original));
  CHECK_FALSE(is_valid(""));
  CHECK_FALSE(is_valid("the [REDACTED] lay on the mat"));
  CHECK_FALSE(is_valid("the [REDACTED] sat on the mat and purred"));
  CHECK_FALSE(is_valid("Here is the text: the [REDACTED] sat on the mat"));
  CHECK_FALSE(is_valid("the [REDACTED] sat on the"));
  CHECK_FALSE(is_valid("the [REDACTED] cat sat on the mat"));
  CHECK_FALSE(is_valid("the cat sat on the mat [REDACTED]"));
  CHECK_FALSE(is_valid("[REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED] [REDACTED]"));
  CHECK_FALSE(is_redaction("", "[REDACTED]", "[REDACTED]"));
}

TEST_CASE("what a redaction hides is what it changes, also where one mark stands for several words") {
  CHECK(changed_share(original, "the [REDACTED] sat on the [REDACTED]").value() == Approx(2.0 / 6));
  CHECK(changed_share(original, "the [REDACTED] on the mat").value() == Approx(2.0 / 6));
  CHECK(changed_share(original, "[REDACTED]") == 1.0);
}
