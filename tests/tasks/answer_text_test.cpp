#include "quantlens/tasks/answer_text.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("an explanation ends before its first newline and its last full stop") {
  CHECK(clean_explanation(" It rains. So it is wet. And then") == "It rains. So it is wet");
  CHECK(clean_explanation(" One line\nAnother. Line.") == "One line");
  CHECK(clean_explanation("It rains.") == "It rains");
  CHECK(clean_explanation("  no stop at all \t") == "no stop at all");
}

TEST_CASE("an explanation that starts with a newline is not cut at newlines") {
  CHECK(clean_explanation("\nFirst\nsecond. third") == "First\nsecond");
}

TEST_CASE("an explanation of blanks or stops is empty") {
  CHECK(clean_explanation("").empty());
  CHECK(clean_explanation(" \n x.").empty());
  CHECK(clean_explanation(".").empty());
}

TEST_CASE("counterfactuals are read out of tags by the FIZLE rules, tags dropped and lines kept") {
  CHECK(parse_counterfactual("<new>A b.</new>") == "A b.");
  CHECK(parse_counterfactual("<New> A b.") == "A b.");
  CHECK(parse_counterfactual("ok <A b.> end") == "A b.");
  CHECK(parse_counterfactual("no tags") == std::nullopt);
  CHECK(parse_counterfactual("<new>line1\nline2</new>") == "line1\nline2");
}

TEST_CASE("the first match of each rule counts") {
  CHECK(parse_counterfactual("<new>a</new> or <new>b</new>") == "a");
  CHECK(parse_counterfactual("so: <new> a b <end> c") == "a b");
  CHECK(parse_counterfactual("<x y> <z>") == "x y");
  CHECK(parse_counterfactual("done</new> <x>") == "x");
  CHECK(parse_counterfactual("<A> then <new>b</new>") == "b");
}

TEST_CASE("a repeated opening tag and stray tags are not part of the counterfactual") {
  CHECK(parse_counterfactual("<new><new> A b.</new>") == "A b.");
  CHECK(parse_counterfactual("<new>\n<NEW>A b.") == "A b.");
  CHECK(parse_counterfactual("<new>A <new>b.</NEW>") == "A b.");
}

TEST_CASE("tags with nothing between them are a parse failure") {
  CHECK(parse_counterfactual("<new></new>") == std::nullopt);
  CHECK(parse_counterfactual("<new> \n </new> x") == std::nullopt);
  CHECK(parse_counterfactual("<new>") == std::nullopt);
  CHECK(parse_counterfactual("</new>") == std::nullopt);
  CHECK(parse_counterfactual("1 < 2") == std::nullopt);
  CHECK(parse_counterfactual("") == std::nullopt);
}

TEST_CASE("a counterfactual keeps its own special characters") {
  CHECK(parse_counterfactual("<new>{text} \xc3\xa9 & 2 < 3 \\</new>") == "{text} \xc3\xa9 & 2 < 3 \\");
}

TEST_CASE("a long input is cut after whole words and otherwise left as it is") {
  CHECK(first_words(" a  bb\nccc d ", 3) == " a  bb\nccc");
  CHECK(first_words("a bb ", 2) == "a bb ");
  CHECK(first_words("a bb c", 0) == "a bb c");
  CHECK(first_words("", 3).empty());
}
