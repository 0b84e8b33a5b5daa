#include "quantlens/metrics/text_shape.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace quantlens;

TEST_CASE("words are what ASCII blanks separate") {
  CHECK(count_words("") == 0);
  CHECK(count_words(" \t\r\n\v\f ") == 0);
  CHECK(count_words("one") == 1);
  CHECK(count_words("  one\ttwo\r\nthree - four  ") == 5);
  CHECK(count_words("no\xc2\xa0"
                    "break") == 1);
  CHECK(split_words(" b  a ") == std::vector<std::string_view>{"b", "a"});
}

TEST_CASE("answers without a letter are degenerate") {
  CHECK(is_degenerate(""));
  CHECK(is_degenerate(" \n"));
  CHECK(is_degenerate("..."));
  CHECK(is_degenerate("42"));
  CHECK_FALSE(is_degenerate("B"));
  CHECK_FALSE(is_degenerate("\xe4\xbd\x93\xe8\x82\xb2"));
}

TEST_CASE("eight equal characters in a row are degenerate, seven are not, and blanks do not count") {
  CHECK(is_degenerate("Sports!!!!!!!!"));
  CHECK_FALSE(is_degenerate("Sports!!!!!!!"));
  CHECK(is_degenerate("aaaaaaaa"));
  CHECK_FALSE(is_degenerate("Sports            because of the match"));
  CHECK_FALSE(is_degenerate("one\n\n\n\n\n\n\n\n\ntwo"));
  std::string bang;
  for (int i = 0; i < 7; ++i) bang += "\xef\xbc\x81";
  CHECK_FALSE(is_degenerate("text " + bang));
  CHECK(is_degenerate("text " + bang + "\xef\xbc\x81"));
  CHECK_FALSE(
      is_degenerate("a\xc3\xa9"
                    "a\xc3\xa9"
                    "a\xc3\xa9"
                    "a\xc3\xa9"));
}

TEST_CASE("a loop over half of the words is degenerate, whatever its length") {
  CHECK(is_degenerate("no no no no no no no no"));
  CHECK(is_degenerate("The topic is sports and and and and and and"));
  CHECK(is_degenerate("is a is a is a is a is a"));
  CHECK(is_degenerate("The text is about sports. The text is about sports. The text is about sports. The"));
}

TEST_CASE("repetition that a writer may mean is not degenerate") {
  CHECK_FALSE(is_degenerate("no no no no no no no"));
  CHECK_FALSE(is_degenerate("The match was very very very close and the home team won it late"));
  CHECK_FALSE(is_degenerate("The text is about sports. The text is about sports."));
  CHECK_FALSE(is_degenerate("The text names a match, a team and a score, so its topic is sports."));
  CHECK_FALSE(is_degenerate("one two three four five go go go go"));
}
