#include "quantlens/text/pretokenizer.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "quantlens/text/nfc.hpp"
#include "tokenizer_fixtures.hpp"

using namespace quantlens;
using Strings = std::vector<std::string>;

namespace {

Strings split(const std::string& family, const std::string& text) {
  Strings pieces;
  for (const std::string_view piece : PreTokenizer(pre_tokenizer_family(family).steps()).split(text))
    pieces.emplace_back(piece);
  return pieces;
}

std::vector<std::size_t> sizes(const std::string& family, const std::string& text) {
  std::vector<std::size_t> result;
  for (const std::string& piece : split(family, text)) result.push_back(piece.size());
  return result;
}

}  // namespace

TEST_CASE("the families cut numbers, contractions and line ends each in its own way") {
  const std::string text = "I'LL pay 12345\n\n  now";
  CHECK(split("gpt-2", text) == Strings{"I", "'", "LL", " pay", " 12345", "\n\n ", " now"});
  CHECK(split("smollm", text) == Strings{"I", "'", "LL", " pay", " ", "1", "2", "3", "4", "5", "\n\n ", " now"});
  CHECK(split("llama-bpe", text) == Strings{"I", "'LL", " pay", " ", "123", "45", "\n\n", " ", " now"});
  CHECK(split("qwen2", text) == Strings{"I", "'LL", " pay", " ", "1", "2", "3", "4", "5", "\n\n", " ", " now"});
  CHECK(split("gpt-2", "").empty());
  // llama.cpp's four patterns by hand: marks, then GPT-2's pieces, then runs of digits, then threes of them.
  CHECK(split("default", "I'll pay $12345!") == Strings{"I", "'", "ll", " pay", " ", "$", "123", "45", "!"});
}

TEST_CASE("pieces are those of the tokenizers package") {
  const auto lines = read_jsonl(test::tokenizer_folder / "lines.jsonl");
  REQUIRE(lines.size() > 300);
  for (const std::string& family : test::family_names) {
    const auto expected = read_jsonl(test::tokenizer_folder / family / "lines.jsonl");
    REQUIRE(expected.size() == lines.size());
    const bool nfc = pre_tokenizer_family(family).nfc;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      INFO(family << ", line " << i);
      const auto line = lines[i].get<std::string>();
      CHECK(sizes(family, nfc ? normalize_nfc(line) : line) ==
            expected[i].at("pieces").get<std::vector<std::size_t>>());
    }
  }
}

TEST_CASE("pieces are the text, whatever is in it") {
  for (const std::string& family : test::family_names)
    for (const auto& line : read_jsonl(test::tokenizer_folder / "lines.jsonl")) {
      std::string joined;
      for (const std::string& piece : split(family, line.get<std::string>())) {
        CHECK_FALSE(piece.empty());
        joined += piece;
      }
      CHECK(joined == line.get<std::string>());
    }
}

TEST_CASE("a megabyte of one class of characters is cut without trouble") {
  for (const std::string& family : test::family_names)
    for (const std::string unit : {"a", " ", "\n", "7", "=", "\u0301", "\u4e00", "\r\n"}) {
      std::string text;
      while (text.size() < 1'000'000) text += unit;
      std::size_t total = 0;
      for (const std::size_t size : sizes(family, text + "x")) total += size;
      CHECK(total == text.size() + 1);
    }
}

TEST_CASE("an unknown family is refused with the known ones") {
  CHECK_THROWS_WITH(pre_tokenizer_family("qwen"),
                    Catch::Contains("unknown pre-tokenizer 'qwen'; did you mean 'qwen2'?") &&
                        Catch::Contains("gpt-2 smollm llama-bpe qwen2 smaug-bpe default"));
}
