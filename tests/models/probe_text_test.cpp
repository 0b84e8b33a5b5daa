#include "quantlens/models/probe_text.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "../io/temp_folder.hpp"
#include "small_encoder.hpp"

using namespace quantlens;
using Catch::Matchers::Contains;
using quantlens::test::small_encoder;

TEST_CASE("of a prompt the completion is predicted, of a chat its last message, of a text everything") {
  const test::TempFolder folder;
  const auto file = folder.write("rows.jsonl", R"({"prompt": "red apple", "completion": " green pear"})"
                                               "\n"
                                               R"({"messages": [{"role": "user", "content": "hello"}, )"
                                               R"({"role": "assistant", "content": "red"}]})"
                                               "\n"
                                               R"({"text": "red apple"})"
                                               "\n");
  const auto sequences = probe_sequences(file, small_encoder(), 8, 10);
  REQUIRE(sequences.size() == 3);
  const std::vector<TokenId> whole = small_encoder().encode_plain("red apple green pear");
  const std::vector<TokenId> prompt = small_encoder().encode_plain("red apple");
  CHECK(sequences[0].context == prompt);
  CHECK(sequences[0].continuation ==
        std::vector<TokenId>(whole.begin() + static_cast<std::ptrdiff_t>(prompt.size()), whole.end()));
  CHECK(sequences[1].continuation == small_encoder().tokenizer().encode("red"));
  CHECK(sequences[1].context == small_encoder().encode(Prompt{{{"user", "hello"}}, ""}));
  std::vector<TokenId> all = sequences[2].context;
  all.insert(all.end(), sequences[2].continuation.begin(), sequences[2].continuation.end());
  CHECK(all == prompt);
  CHECK(sequences[2].context.size() <= 1);
}

TEST_CASE("a probe of plain text is cut into windows; the first rows or windows serve where fewer are wanted") {
  const test::TempFolder folder;
  const auto text = folder.write("text.txt", "red apple green pear red apple green pear");
  CHECK(probe_sequences(text, small_encoder(), 2, 100).front().continuation.size() == 2);
  CHECK(probe_sequences(text, small_encoder(), 2, 3).size() == 3);
  const auto rows = folder.write("rows.jsonl", "{\"text\": \"red\"}\n{\"text\": \"apple\"}\n");
  CHECK(probe_sequences(rows, small_encoder(), 2, 1).size() == 1);
}

TEST_CASE("a probe without a sequence is refused") {
  const test::TempFolder folder;
  CHECK_THROWS_WITH(probe_sequences(folder.write("empty.jsonl", ""), small_encoder(), 8, 10), Contains("no row"));
  CHECK_THROWS_WITH(probe_sequences(folder.write("short.txt", "red"), small_encoder(), 8, 10), Contains("window of 8"));
}
