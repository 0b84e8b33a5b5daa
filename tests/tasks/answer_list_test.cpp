#include "quantlens/tasks/answer_list.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;
using Answers = std::vector<std::string>;

TEST_CASE("answers stand between separators; blanks at their ends, empty and repeated ones are dropped") {
  CHECK(read_answers("Paris|City of Light", "|") == Answers{"Paris", "City of Light"});
  CHECK(read_answers(" a ||b|a|  | c", "|") == Answers{"a", "b", "c"});
  CHECK(read_answers("a: b::c", "::") == Answers{"a: b", "c"});
  CHECK(read_answers("(alone)", "|") == Answers{"(alone)"});
  CHECK(read_answers("", "|").empty());
}

TEST_CASE("without a separator answers are a list as Python or JSON writes it") {
  // repr((('It\'s', 'say "x"', "a, (b)"),)) and what else Python and JSON escape
  CHECK(read_answers(R"((("It's", 'say "x"', 'a, (b)'),))", "") == Answers{"It's", "say \"x\"", "a, (b)"});
  CHECK(read_answers(R"(["a\"b", "c\\d", "\u00e9t\u00E9", "e\/f"])", "") ==
        Answers{"a\"b", "c\\d", "\xc3\xa9t\xc3\xa9", "e/f"});
  CHECK(read_answers(R"(('a\xa0b', 'c\'d', '\U0001f642', 'e\tf\ng'))", "") == Answers{"a\xc2\xa0"
                                                                                      "b",
                                                                                      "c'd", "\xf0\x9f\x99\x82",
                                                                                      "e\tf\ng"});
  CHECK(read_answers("('caf\xc3\xa9',)", "") == Answers{"caf\xc3\xa9"});
  CHECK(read_answers("()", "").empty());
  CHECK(read_answers("", "").empty());
}

TEST_CASE("what is no list of strings is refused") {
  const auto* text = GENERATE("Paris", "[1]", "'a\\q'", "'\\x4'", "'\\ud83d'", "'\\U00110000'", "'a", "{'a'}", "'a\\");
  CAPTURE(text);
  CHECK_THROWS_AS(read_answers(text, ""), InputError);
}
