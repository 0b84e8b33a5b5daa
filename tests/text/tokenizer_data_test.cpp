#include "quantlens/text/tokenizer_data.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "../fetched_model.hpp"
#include "../io/gguf_builder.hpp"
#include "../io/refusal.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "tokenizer_fixtures.hpp"

using namespace quantlens;
using Ids = std::vector<TokenId>;

namespace {

/// Bytes, "ab", and a token of each type that isn't normal.
test::GgufBuilder small_file(const std::string& family) {
  TokenizerData data = test::byte_tokenizer();
  test::append_merge(data, "a", "b");
  std::vector<std::int32_t> types(data.tokens.size(), 1);
  for (const auto& [content, type] :
       {std::pair("<unk>", 2), std::pair("<s>", 3), std::pair("<tool>", 4), std::pair("[pad]", 5)}) {
    data.tokens.emplace_back(content);
    types.push_back(type);
  }
  test::GgufBuilder file;
  file.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", std::string_view(family));
  file.set("tokenizer.ggml.tokens", data.tokens).set("tokenizer.ggml.token_type", types);
  file.set("tokenizer.ggml.merges", std::vector<std::string>{"a b"}).set("tokenizer.ggml.bos_token_id", 258u);
  return file;
}

TokenizerData read(const test::GgufBuilder& builder) {
  const auto bytes = test::exact_bytes(builder.build());
  return tokenizer_data_from_gguf(GgufFile::parse(bytes, "small.gguf"));
}

}  // namespace

TEST_CASE("a GGUF file's family decides what the file leaves open") {
  for (const std::string& name : test::family_names) {
    const PreTokenizerFamily& family = pre_tokenizer_family(name);
    test::GgufBuilder file = small_file(name);
    const TokenizerData data = read(file);
    CHECK(data.pre_tokenizer == name);
    CHECK((data.pre_tokenizers == family.steps()));
    CHECK(data.byte_level);
    CHECK(data.ignore_merges == (name == "llama-bpe"));
    CHECK(data.normalizers.size() == (name == "qwen2" ? 1u : 0u));
    CHECK(data.add_bos == (name == "llama-bpe"));
    CHECK_FALSE(data.add_eos);
    file.set("tokenizer.ggml.add_bos_token", name != "llama-bpe");
    CHECK(read(file).add_bos == (name != "llama-bpe"));
  }
}

TEST_CASE("a family's other names cut text as it does") {
  const auto same = [](const char* alias, const char* name) {
    const PreTokenizerFamily& family = pre_tokenizer_family(name);
    const TokenizerData data = read(small_file(alias));
    INFO(alias);
    CHECK(data.pre_tokenizer == name);
    CHECK((data.pre_tokenizers == family.steps()));
    CHECK(data.ignore_merges == family.ignore_merges);
  };
  for (const char* alias : {"llama3", "llama-v3", "falcon3", "pixtral"}) same(alias, "llama-bpe");
  for (const char* alias : {"deepseek-r1-qwen", "megrez"}) same(alias, "qwen2");
  same("phi-2", "gpt-2");
  same("dbrx", "smaug-bpe");
  CHECK((pre_tokenizer_family("smaug-bpe").steps() == pre_tokenizer_family("llama-bpe").steps()));
  CHECK_FALSE(read(small_file("smaug-bpe")).ignore_merges);
}

TEST_CASE("an older name of Llama 3's family adds BOS only where that is Llama 3's own") {
  const TokenizerData data = read(small_file("llama-v3"));
  CHECK_FALSE(data.add_bos);
  REQUIRE(data.notes.size() == 1);
  CHECK_THAT(data.notes[0], Catch::Contains("whether '<s>' is put in front of texts"));
  test::GgufBuilder file = small_file("llama-v3");
  file.set("tokenizer.ggml.add_bos_token", true);
  CHECK(read(file).add_bos);
}

TEST_CASE("the id that stands for none is none") {
  test::GgufBuilder file = small_file("llama-bpe");
  file.set("tokenizer.ggml.bos_token_id", 4294967295u);
  CHECK_FALSE(read(file).bos);
  CHECK_FALSE(read(file).add_bos);
  CHECK(read(file).notes.empty());
  file.set("tokenizer.ggml.add_bos_token", true);
  const TokenizerData data = read(file);
  CHECK_FALSE(data.add_bos);
  REQUIRE(data.notes.size() == 1);
  CHECK_THAT(data.notes[0], Catch::Contains("no such token is named"));
}

TEST_CASE("control, unknown and user-defined tokens are the added tokens of a GGUF file") {
  const Tokenizer tokenizer(read(small_file("gpt-2")));
  REQUIRE(tokenizer.data().added_tokens.size() == 3);
  CHECK(tokenizer.encode("ab<s><unk><tool>[pad]", {.parse_special = true}) ==
        Ids{256, 258, 257, 259, '[', 'p', 'a', 'd', ']'});
  CHECK(tokenizer.decode(Ids{258, 257, 259, 256}) == "<tool>ab");
  CHECK(tokenizer.bos() == 258);
  CHECK_FALSE(tokenizer.eos());
  test::GgufBuilder untyped = small_file("gpt-2");
  untyped.remove("tokenizer.ggml.token_type");
  CHECK(read(untyped).added_tokens.empty());
}

TEST_CASE("what a GGUF file's tokenizer gets wrong, or we do not do, is refused by name") {
  const auto refused = [](const std::string& id, const char* fragment,
                          const std::function<void(test::GgufBuilder&)>& change) {
    test::GgufBuilder file = small_file("gpt-2");
    change(file);
    test::check_refused(fragment, id, fragment, [&] { Tokenizer(read(file)); });
  };
  for (const char* model : {"llama", "bert", "t5", "rwkv"})
    refused("tokenizer", model, [&](auto& file) { file.set("tokenizer.ggml.model", model); });
  refused("gguf_key", "tokenizer.ggml.model", [](auto& file) { file.remove("tokenizer.ggml.model"); });
  refused("gguf_key", "tokenizer.ggml.tokens", [](auto& file) { file.remove("tokenizer.ggml.tokens"); });
  refused("gguf_key", "tokenizer.ggml.merges", [](auto& file) { file.remove("tokenizer.ggml.merges"); });
  refused("tokenizer", "no tokenizer.ggml.pre", [](auto& file) { file.remove("tokenizer.ggml.pre"); });
  refused("unknown_name", "known: gpt-2 smollm llama-bpe qwen2 smaug-bpe default",
          [](auto& file) { file.set("tokenizer.ggml.pre", "tekken"); });
  refused("tokenizer", "add_space_prefix", [](auto& file) { file.set("tokenizer.ggml.add_space_prefix", true); });
  refused("tokenizer", "261 tokens but 2 token types", [](auto& file) {
    file.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{1, 1});
  });
  refused("tokenizer", "unknown type 7",
          [](auto& file) { file.set("tokenizer.ggml.token_type", std::vector<std::int32_t>(261, 7)); });
  refused("tokenizer", "bos_token_id is 261", [](auto& file) { file.set("tokenizer.ggml.bos_token_id", 261u); });
  refused("tokenizer", "eos_token_id is 4294967294",
          [](auto& file) { file.set("tokenizer.ggml.eos_token_id", 4294967294u); });
  refused("tokenizer", "unknown token 'ba'",
          [](auto& file) { file.set("tokenizer.ggml.merges", std::vector<std::string>{"b a"}); });
  refused("tokenizer", "merge 1 is 'ab'", [](auto& file) {
    file.set("tokenizer.ggml.merges", std::vector<std::string>{"a b", "ab"});
  });
  refused("tokenizer", "is there twice", [](auto& file) {
    file.set("tokenizer.ggml.merges", std::vector<std::string>{"a b", "a b"});
  });
  refused("gguf", "UTF-8",
          [](auto& file) { file.set("tokenizer.ggml.tokens", std::vector<std::string>(261, "\xff")); });
  refused("tokenizer", "are both 'a'",
          [](auto& file) { file.set("tokenizer.ggml.tokens", std::vector<std::string>(261, "a")); });
}

TEST_CASE("ids in SmolLM2's vocabulary are those of the tokenizers package", "[.model]") {
  const Tokenizer tokenizer(tokenizer_data_from_gguf(GgufFile::open(test::fetched_model().value())));
  const auto lines = read_jsonl(test::tokenizer_folder / "published_ids.jsonl");
  CHECK(lines.size() > 50);
  for (const auto& line : lines) {
    INFO(line.at("text"));
    CHECK(tokenizer.encode(line.at("text").get<std::string>()) == line.at("ids").get<Ids>());
  }
}
