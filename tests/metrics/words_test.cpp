#include "quantlens/metrics/words.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;

TEST_CASE("lower case is ASCII's: every other byte stays") {
  CHECK(to_lower("A-Z caf\xc3\x89 [9]") == "a-z caf\xc3\x89 [9]");
  CHECK(to_lower("").empty());
  CHECK(same_letter('Q', 'q'));
  CHECK_FALSE(same_letter('[', '{'));
}

TEST_CASE("plain words are up to case and the punctuation around them, ASCII's and the typesetter's") {
  CHECK(plain_words("\"It's 3.5%,\" (she) said - Well-known...") ==
        std::vector<std::string>{"it's", "3.5", "she", "said", "well-known"});
  CHECK(plain_words("\xe2\x80\x9cIt\xe2\x80\x99s late\xe2\x80\xa6\xe2\x80\x9d") ==
        std::vector<std::string>{"it's", "late"});
  CHECK(plain_words("no\xc2\xa0"
                    "break") == std::vector<std::string>{"no", "break"});
  CHECK(plain_words("caf\xc3\xa9!") == std::vector<std::string>{"caf\xc3\xa9"});
  CHECK(plain_words(" .. - ").empty());
}

TEST_CASE("a phrase is whole words in any ASCII case") {
  CHECK(contains_phrase("I said: Likely Answer YES.", "likely answer yes"));
  CHECK(contains_phrase("\xe2\x80\x9cyes\xe2\x80\x9d", "Yes"));
  CHECK(contains_phrase("cannot; no", "no"));
  CHECK_FALSE(contains_phrase("cannot", "no"));
  CHECK_FALSE(contains_phrase("know no1", "no"));
  CHECK_FALSE(contains_phrase("caf\xc3\xa9s", "s"));
  CHECK_FALSE(contains_phrase("text", ""));
  CHECK_FALSE(contains_phrase("", "text"));
}
