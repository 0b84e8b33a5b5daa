#include "quantlens/text/regex.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace quantlens;

namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text) {
  std::vector<std::string> found;
  RegexScratch scratch;
  Regex(pattern).for_each_match(
      text, scratch, [&](std::size_t begin, std::size_t end) { found.push_back(text.substr(begin, end - begin)); });
  return found;
}

}  // namespace

TEST_CASE("matches come from left to right with Unicode properties") {
  CHECK(matches(R"(\p{L}+)", "a\u00e9 \u4e2d1z") == std::vector<std::string>{"a\u00e9", "\u4e2d", "z"});
  CHECK(matches(R"(\p{N})", "1\u0663\u2167\u00bd") == std::vector<std::string>{"1", "\u0663", "\u2167", "\u00bd"});
  CHECK(matches("(a)(b)", "abab") == std::vector<std::string>{"ab", "ab"});
  CHECK(matches("x", "").empty());
  CHECK(Regex("b").matches("abc"));
  CHECK_FALSE(Regex("d").matches("abc"));
}

TEST_CASE("a bad pattern and one that matches nothing at all are refused") {
  CHECK_THROWS_WITH(Regex("a(b"), Catch::Contains("[quantlens.regex]") && Catch::Contains("at byte 3"));
  CHECK_THROWS_AS(Regex("a*"), InputError);
  CHECK_THROWS_AS(Regex(""), InputError);
}

TEST_CASE("a pattern that backtracks without end is stopped by the match limit") {
  std::string text(64, 'a');
  text += 'c';
  CHECK_THROWS_WITH(matches("(a|aa)+[bd]", text), Catch::Contains("matching at byte 0"));
  CHECK_THROWS_AS(matches("(a|aa)+[bd]", text), InputError);
}

TEST_CASE("an empty match that the pattern did not show is refused") {
  CHECK_THROWS_AS(matches("a\\K", "a"), InputError);
}
