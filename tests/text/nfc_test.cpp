#include "quantlens/text/nfc.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "tokenizer_fixtures.hpp"

using namespace quantlens;

TEST_CASE("composition is that of the tokenizers package") {
  const auto pairs = read_jsonl(test::tokenizer_folder / "nfc.jsonl");
  REQUIRE(pairs.size() == 200);
  for (const auto& pair : pairs) CHECK(normalize_nfc(pair[0].get<std::string>()) == pair[1].get<std::string>());
  // Newer than the reference's tables: neither reordered nor composed over.
  CHECK(normalize_nfc("a\u0898\u0323\u0301") == "a\u0898\u0323\u0301");
  CHECK(normalize_nfc("plain") == "plain");
  CHECK(normalize_nfc("").empty());
}

TEST_CASE("a megabyte of marks in the wrong order is put in order without quadratic work") {
  std::string text, ordered;
  for (int i = 0; i < 250'000; ++i) text += "\u0301\u0323";
  for (int i = 0; i < 250'000; ++i) ordered += "\u0323";
  for (int i = 0; i < 250'000; ++i) ordered += "\u0301";
  CHECK((normalize_nfc(text) == ordered));
}
