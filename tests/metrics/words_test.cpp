#include "quantlens/metrics/words.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("lower case is ASCII's: every other byte stays") {
  CHECK(to_lower("A-Z caf\xc3\x89 [9]") == "a-z caf\xc3\x89 [9]");
  CHECK(to_lower("").empty());
  CHECK(same_letter('Q', 'q'));
  CHECK_FALSE(same_letter('[', '{'));
}
