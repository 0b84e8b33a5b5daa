#include "quantlens/tasks/insertion.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;
using Catch::Contains;

namespace {

const std::vector<std::string> labels{"world", "sports"};

std::vector<Insertion> parse(const std::string& source, const std::string& text = "The army met rebels.") {
  return parse_insertions(source, text, labels, "test.jsonl row 7 insertions");
}

}  // namespace

TEST_CASE("insertion: the word goes before the word of that number, blanks stay") {
  CHECK(insert_word("The army  met\nrebels.", {0, "Big", "harmless"}) == "Big The army  met\nrebels.");
  CHECK(insert_word("The army  met\nrebels.", {2, "often", "harmless"}) == "The army  often met\nrebels.");
  CHECK(insert_word(" a b", {1, "c", "harmless"}) == " a c b");
  CHECK_THROWS_AS(insert_word("a b", {2, "c", "harmless"}), InputError);
  CHECK_THROWS_AS(insert_word("", {0, "c", "harmless"}), InputError);
}

TEST_CASE("insertion: a column becomes positions, words and kinds, in its order") {
  CHECK(parse("3:striker:sports  0:Quietly:harmless\t1:young:harmless") ==
        std::vector<Insertion>{{3, "striker", "sports"}, {0, "Quietly", "harmless"}, {1, "young", "harmless"}});
}

TEST_CASE("insertion: what is malformed is refused with its place") {
  const auto [source, message] = GENERATE(table<std::string, std::string>({
      {"1:young", "expected POSITION:WORD:KIND, got '1:young'"},
      {"young", "expected POSITION:WORD:KIND"},
      {"1::harmless", "expected POSITION:WORD:KIND"},
      {":young:harmless", "expected POSITION:WORD:KIND"},
      {"-1:young:harmless", "expected POSITION:WORD:KIND"},
      {"1x:young:harmless", "expected POSITION:WORD:KIND"},
      {"99999999999999999999:young:harmless", "expected POSITION:WORD:KIND"},
      {"4:young:harmless", "'4:young:harmless' lies beyond a text of 4 words"},
      {"1:young:harmles", "did you mean 'harmless'"},
      {"1:young:sport", "did you mean 'sports'"},
      {"1:young:harmless:more", "kind of '1:young:harmless:more'"},
      {"", "expected at least one insertion"},
      {"1:young:harmless 9:old:harmless", "'9:old:harmless' lies beyond"},
  }));
  CAPTURE(source);
  CHECK_THROWS_AS(parse(source), InputError);
  CHECK_THROWS_WITH(parse(source), Contains("test.jsonl row 7 insertions") && Contains(message));
}
