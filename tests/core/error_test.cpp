#include "quantlens/core/error.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace quantlens;

TEST_CASE("an error says its id once, however often it is passed on") {
  const InputError error("group_size", "groups of 48 do not divide rows of 64 inputs");
  CHECK(std::string(error.what()) == "[quantlens.group_size] groups of 48 do not divide rows of 64 inputs");
  CHECK(error.message() == "groups of 48 do not divide rows of 64 inputs");

  const InputError named = error_of("blk.3", error_of("attn.q", error));
  CHECK(named.id() == "group_size");
  CHECK(std::string(named.what()) ==
        "[quantlens.group_size] blk.3: attn.q: groups of 48 do not divide rows of 64 inputs");
}

TEST_CASE("a format error tells its reason apart from file and offset") {
  const FormatError error("json", "a.json", 12, "a duplicate key");
  CHECK(std::string(error.what()) == "[quantlens.json] a.json at byte 12: a duplicate key");
  CHECK(error.message() == "a.json at byte 12: a duplicate key");
  CHECK(error.reason() == "a duplicate key");
  CHECK(FormatError("json", "a\nb", 1, "key '\x1b'").reason() == "key '\\x1b'");
  const FormatError long_one("json", "a.json", 1, "key '" + std::string(100'000, 'x') + "' comes twice");
  CHECK(long_one.reason().starts_with("key 'xxx"));
  CHECK(long_one.reason().ends_with("xxx' comes twice"));
  CHECK(long_one.reason().size() <= 2000);
}

TEST_CASE("a message may hold what looks like a prefix") {
  CHECK(Error("write", "[quantlens.x] y").message() == "[quantlens.x] y");
  CHECK(Error("file", "").message().empty());
}
