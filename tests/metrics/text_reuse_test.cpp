#include "quantlens/metrics/text_reuse.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;

TEST_CASE("repetition: four-word sequences that came before") {
  CHECK(repeated_share("one two three four five") == 0.0);
  // abcd bcda cdab dabc abcd: the last is the first.
  CHECK(repeated_share("a b c d a b c d").value() == Approx(1.0 / 5));
  CHECK(repeated_share("No no no, no NO no no no.").value() == Approx(4.0 / 5));
  CHECK_FALSE(repeated_share("one two three"));
  CHECK_FALSE(repeated_share(""));
}

TEST_CASE("copies: four-word sequences of the input") {
  const char* input = "The home team won the match late in the evening.";
  CHECK(copied_share("the home team won the match late in the evening", input) == 1.0);
  CHECK(copied_share("It says: \"the home team won\" so sports", input).value() == Approx(1.0 / 5));
  CHECK(copied_share("evening the in late match the won team", input) == 0.0);
  CHECK(copied_share("one two three four", "") == 0.0);
  CHECK_FALSE(copied_share("the home team", input));
}

TEST_CASE("grounding: content words that are in the input, as whole words") {
  const std::vector<std::string> words{"Match", "team", "rate", "team"};
  CHECK(grounded_share(words, "The team's match ended late; nobody berates it.") == .75);
  CHECK(grounded_share(words, "") == 0.0);
  CHECK_FALSE(grounded_share(std::vector<std::string>{}, "text"));
}
