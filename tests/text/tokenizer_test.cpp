#include "quantlens/text/tokenizer.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "quantlens/text/added_tokens.hpp"
#include "quantlens/text/tokenizer_json.hpp"
#include "tokenizer_fixtures.hpp"

using namespace quantlens;
using Ids = std::vector<TokenId>;

namespace {

constexpr EncodeOptions parse{.add_special = false, .parse_special = true};

Tokenizer load(const std::string& family) {
  return Tokenizer(tokenizer_data_from_json(test::tokenizer_json(family), {}));
}

/// "<s>" and "</s>" added to the bytes.
Tokenizer small_tokenizer() {
  TokenizerData data = test::byte_tokenizer();
  test::append_added_token(data, "<s>").special = true;
  test::append_added_token(data, "</s>").special = true;
  test::append_added_token(data, "  ");
  data.bos = 256;
  data.eos = 257;
  data.add_bos = true;
  return Tokenizer(std::move(data));
}

}  // namespace

TEST_CASE("ids of plain text are those of the tokenizers package") {
  const auto lines = read_jsonl(test::tokenizer_folder / "lines.jsonl");
  for (const std::string& family : test::family_names) {
    const Tokenizer tokenizer = load(family);
    const auto expected = read_jsonl(test::tokenizer_folder / family / "lines.jsonl");
    REQUIRE(expected.size() == lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      INFO(family << ", line " << i);
      CHECK(tokenizer.encode(lines[i].get<std::string>()) == expected[i].at("ids").get<Ids>());
    }
  }
}

TEST_CASE("added tokens, their white space and BOS are those of the tokenizers package") {
  for (const std::string& family : test::family_names) {
    const Tokenizer tokenizer = load(family);
    const auto cases = read_jsonl(test::tokenizer_folder / family / "special.jsonl");
    REQUIRE(cases.size() == 80);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      INFO(family << ", line " << i);
      const auto text = cases[i].at("text").get<std::string>();
      CHECK(tokenizer.encode(text) == cases[i].at("plain").get<Ids>());
      CHECK(tokenizer.encode(text, parse) == cases[i].at("parsed").get<Ids>());
      CHECK(tokenizer.encode(text, {.add_special = true, .parse_special = true}) == cases[i].at("complete").get<Ids>());
      CHECK(tokenizer.encode(tokenizer.guard_content(text), parse) == cases[i].at("plain").get<Ids>());
    }
  }
}

TEST_CASE("decoded text is that of the tokenizers package, half characters included") {
  for (const std::string& family : test::family_names) {
    const Tokenizer tokenizer = load(family);
    for (const auto& example : read_jsonl(test::tokenizer_folder / family / "decoded.jsonl")) {
      const Ids ids = example.at("ids");
      CHECK(tokenizer.decode(ids, false) == example.at("text").get<std::string>());
      CHECK(tokenizer.decode(ids) == example.at("without_special").get<std::string>());
    }
  }
}

TEST_CASE("text comes back from its ids") {
  for (const std::string family : {"gpt-2", "llama-bpe"}) {
    const Tokenizer tokenizer = load(family);
    for (const auto& line : read_jsonl(test::tokenizer_folder / "lines.jsonl"))
      CHECK(tokenizer.decode(tokenizer.encode(line.get<std::string>())) == line.get<std::string>());
  }
}

TEST_CASE("guarded content stays plain next to any template, and its own marks survive") {
  const Tokenizer tokenizer = small_tokenizer();
  const std::string mark(guard_mark);
  for (const std::string content :
       {"<s>", "a</s>b", "<", "</", "s>", "/s>", ">", " ", "   ", "", "<<s>>", "<s", "\u00e9<s>"})
    for (const std::string& own : {std::string(), mark, mark + mark})
      for (const bool before : {false, true}) {
        const std::string text = before ? own + content : content + own;
        INFO(text);
        Ids expected = {256};
        const Ids plain = tokenizer.encode(text);
        expected.insert(expected.end(), plain.begin(), plain.end());
        expected.push_back(257);
        CHECK(tokenizer.encode("<s>" + tokenizer.guard_content(text) + "</s>", parse) == expected);
        CHECK(tokenizer.encode("<" + tokenizer.guard_content(text) + ">", parse) == tokenizer.encode("<" + text + ">"));
      }
}

TEST_CASE("BOS and EOS are added where the model's rules say so") {
  const Tokenizer tokenizer = small_tokenizer();
  CHECK(tokenizer.encode("a") == Ids{'a'});
  CHECK(tokenizer.encode("a", {.add_special = true}) == Ids{256, 'a'});
  CHECK(tokenizer.encode("", {.add_special = true}) == Ids{256});
  CHECK(tokenizer.adds_bos());
  CHECK(tokenizer.bos() == 256);
  CHECK(tokenizer.eos() == 257);
  CHECK(tokenizer.find("</s>") == 257);
  CHECK_FALSE(tokenizer.find("a"));
  CHECK(tokenizer.vocab_size() == 259);
  TokenizerData data = tokenizer.data();
  data.add_bos = false;
  data.add_eos = true;
  CHECK(Tokenizer(data).encode("a", {.add_special = true}) == Ids{'a', 257});
}

TEST_CASE("text that is not UTF-8 and ids that do not exist are errors") {
  const Tokenizer tokenizer = small_tokenizer();
  CHECK_THROWS_WITH(tokenizer.encode("ab\xff"), Catch::Contains("text to tokenize at byte 2"));
  CHECK_THROWS_AS(tokenizer.encode("\xed\xa0\x80", parse), FormatError);
  CHECK_THROWS_AS(tokenizer.guard_content("\xc3"), FormatError);
  CHECK(tokenizer.decode(Ids{259}).empty());
  CHECK_THROWS_AS(tokenizer.decode(Ids{-1}, false), InputError);
  CHECK_THROWS_AS(tokenizer.token_text(259), InputError);
  CHECK(tokenizer.token_text(256) == "<s>");
  CHECK(tokenizer.decode(Ids{0xc3}) == "\uFFFD");
  CHECK(tokenizer.decode(Ids{256, 0xc3, 0xa9}) == "\u00e9");
}

TEST_CASE("a text that holds a token beyond the model's embedding is that text's own fault") {
  TokenizerData data = small_tokenizer().data();
  data.n_embedded = 257;
  const Tokenizer tokenizer(data);
  CHECK(tokenizer.encode("<s>a</s>") == Ids{'<', 's', '>', 'a', '<', '/', 's', '>'});
  CHECK(tokenizer.encode("<s>", parse) == Ids{256});
  CHECK_THROWS_AS(tokenizer.encode("a</s>", parse), ItemError);
  CHECK_THROWS_WITH(tokenizer.encode("a</s>", parse), Catch::Contains("[quantlens.embedding]") &&
                                                          Catch::Contains("token 257 ('</s>')") &&
                                                          Catch::Contains("259 tokens") && Catch::Contains("257 rows"));
}

TEST_CASE("threads may share a tokenizer") {
  const Tokenizer tokenizer = load("qwen2");
  const auto lines = read_jsonl(test::tokenizer_folder / "lines.jsonl");
  const auto expected = read_jsonl(test::tokenizer_folder / "qwen2" / "lines.jsonl");
  std::vector<int> wrong(4);
  std::vector<std::thread> threads;
  for (int& count : wrong)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < lines.size(); ++i)
        count += tokenizer.encode(lines[i].get<std::string>()) != expected[i].at("ids").get<Ids>();
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4));
}

TEST_CASE("tokenizer data that contradicts itself is refused") {
  const auto refused = [](const std::function<void(TokenizerData&)>& change, const char* fragment) {
    TokenizerData data = small_tokenizer().data();
    change(data);
    CHECK_THROWS_WITH(Tokenizer(data), Catch::Contains("[quantlens.tokenizer]") && Catch::Contains(fragment));
  };
  refused([](TokenizerData& data) { data.types.pop_back(); }, "259 tokens but 258 token types");
  refused([](TokenizerData& data) { data.tokens[7] = "\xff"; }, "token 7 is not UTF-8");
  refused([](TokenizerData& data) { data.bos = 259; }, "BOS id 259");
  refused([](TokenizerData& data) { data.eos = -1; }, "EOS id -1");
  refused([](TokenizerData& data) { data.unk = 1 << 30; }, "UNK id");
  refused([](TokenizerData& data) { data.bos.reset(); }, "no BOS token");
  refused([](TokenizerData& data) { data.add_eos = true, data.eos.reset(); }, "no EOS token");
  refused([](TokenizerData& data) { data.added_tokens[0].id = 400; }, "400 is not below");
  refused([](TokenizerData& data) { data.added_tokens[0].id = 5; }, "has the id of token");
  refused([](TokenizerData& data) { data.added_tokens.push_back(data.added_tokens[0]); }, "is there twice");
  refused([](TokenizerData& data) { data.added_tokens[2].lstrip = true; }, "holds white space and strips it");
  refused([](TokenizerData& data) { test::append_added_token(data, std::string(300, 'x')); }, "more than 256 bytes");
  refused([](TokenizerData& data) { test::append_added_token(data, "a\uFDD0"); }, "contains U+FDD0");
  refused([](TokenizerData& data) { data.fallback = 400; }, "unknown text: 400 is not below");
  refused(
      [](TokenizerData& data) {
        data.normalizers = {{.kind = NormalizerStep::Kind::strip}};
        test::append_added_token(data, " \n").normalized = true;
      },
      "is empty once it is normalized");
}
