#include "quantlens/core/glob.hpp"

#include <catch2/catch.hpp>

using namespace quantlens;

TEST_CASE("a star stands for any run of characters, everything else for itself") {
  CHECK(matches_glob("refworld-*", "refworld-small"));
  CHECK(matches_glob("refworld-*", "refworld-"));
  CHECK(matches_glob("*-v1.*b", "world-v1.5b"));
  CHECK(matches_glob("*", ""));
  CHECK(matches_glob("a**c", "abc"));
  CHECK_FALSE(matches_glob("refworld-*", "my-refworld-small"));
  CHECK_FALSE(matches_glob("refworld-*", "Refworld-small"));
  CHECK_FALSE(matches_glob("refworld", "refworld-small"));
  CHECK_FALSE(matches_glob("a?c", "abc"));
  CHECK_FALSE(matches_glob("", "a"));
}

TEST_CASE("a star does not pass the barrier") {
  CHECK(matches_glob("blocks.*.attn.v", "blocks.12.attn.v", '.'));
  CHECK_FALSE(matches_glob("blocks.*.v", "blocks.12.attn.v", '.'));
  CHECK(matches_glob("blocks.*.v", "blocks.12.attn.v"));
}
