#include "quantlens/text/tokenizer_json.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "../io/refusal.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "tokenizer_fixtures.hpp"

using namespace quantlens;
using nlohmann::json;

TEST_CASE("each family is recognized by its patterns") {
  for (const std::string& name : test::family_names) {
    const TokenizerData data = tokenizer_data_from_json(test::tokenizer_json(name), {});
    const PreTokenizerFamily& family = pre_tokenizer_family(name);
    CHECK(data.pre_tokenizer == name);
    CHECK((data.pre_tokenizers == family.steps()));
    CHECK(data.byte_level);
    CHECK(data.ignore_merges == family.ignore_merges);
    CHECK((data.normalizers == family.normalizers()));
    CHECK(data.add_bos == family.adds_bos);
    CHECK_FALSE(data.add_eos);
    CHECK(data.tokens.size() == data.types.size());
    CHECK_FALSE(data.merges.empty());
  }
}

TEST_CASE("merges are the same in both spellings, and another pattern runs as it is") {
  json file = test::tokenizer_json("qwen2");
  const TokenizerData before = tokenizer_data_from_json(file, {});
  for (json& merge : file["model"]["merges"]) {
    const auto text = merge.get<std::string>();
    merge = {text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)};
  }
  file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "[a-z]+";
  const TokenizerData after = tokenizer_data_from_json(file, {});
  CHECK((before.merges == after.merges));
  CHECK(after.pre_tokenizer == "custom");
  CHECK((after.pre_tokenizers == std::vector<PreTokenizerStep>{{.pattern = "[a-z]+"}}));
}

TEST_CASE("ids that nobody has are unused tokens") {
  json file = test::tokenizer_json("gpt-2");
  const std::size_t n = tokenizer_data_from_json(file, {}).tokens.size();
  file["added_tokens"].push_back({{"id", n + 3},
                                  {"content", "<far>"},
                                  {"single_word", false},
                                  {"lstrip", false},
                                  {"rstrip", false},
                                  {"normalized", false},
                                  {"special", false}});
  const TokenizerData data = tokenizer_data_from_json(file, {});
  CHECK(data.tokens.size() == n + 4);
  CHECK(data.types[n + 1] == TokenType::unused);
  CHECK(data.types[n + 3] == TokenType::user_defined);
  CHECK(data.added_tokens.back().id == static_cast<TokenId>(n + 3));
}

TEST_CASE("BOS, EOS and UNK are named by tokenizer_config.json, in either spelling") {
  const json file = test::tokenizer_json("smollm");
  const TokenizerData data = tokenizer_data_from_json(
      file, {{"bos_token", "<|im_start|>"}, {"eos_token", {{"content", "<|im_end|>"}}}, {"unk_token", nullptr}});
  CHECK(data.tokens[static_cast<std::size_t>(data.bos.value())] == "<|im_start|>");
  CHECK(data.tokens[static_cast<std::size_t>(data.eos.value())] == "<|im_end|>");
  CHECK_FALSE(data.unk);
  CHECK_FALSE(data.add_bos);
}

TEST_CASE("a template may add EOS as well") {
  json file = test::tokenizer_json("llama-bpe");
  json& post = file["post_processor"]["processors"][1];
  post["single"].push_back({{"SpecialToken", {{"id", "<|eot_id|>"}, {"type_id", 0}}}});
  const auto eot = file["model"]["vocab"]["<|eot_id|>"].get<TokenId>();
  post["special_tokens"]["<|eot_id|>"] = {{"id", "<|eot_id|>"}, {"ids", {eot}}, {"tokens", {"<|eot_id|>"}}};
  const TokenizerData data = tokenizer_data_from_json(file, {});
  CHECK(data.add_bos);
  CHECK(data.add_eos);
  CHECK(data.eos == eot);
}

TEST_CASE("what a tokenizer.json asks for and is not supported, or is malformed, is refused by name") {
  const auto refused = [](const std::string& family, const char* fragment, const std::function<void(json&)>& change) {
    json file = test::tokenizer_json(family);
    change(file);
    test::check_refused(fragment, "tokenizer", fragment,
                        [&] { static_cast<void>(tokenizer_data_from_json(file, {})); });
  };
  refused("gpt-2", "'model' is missing", [](json& file) { file.erase("model"); });
  refused("gpt-2", "the member 'extra'", [](json& file) { file["extra"] = 1; });
  refused("gpt-2", "the model 'Unigram'", [](json& file) { file["model"]["type"] = "Unigram"; });
  refused("gpt-2", "dropout", [](json& file) { file["model"]["dropout"] = 0.1; });
  refused("gpt-2", "end_of_word_suffix", [](json& file) { file["model"]["end_of_word_suffix"] = "</w>"; });
  refused("gpt-2", "continuing_subword_prefix", [](json& file) { file["model"]["continuing_subword_prefix"] = "##"; });
  refused("gpt-2", "'byte_fallback' is not true or false", [](json& file) { file["model"]["byte_fallback"] = 1; });
  refused("gpt-2", "vocab is not an object", [](json& file) { file["model"]["vocab"] = json::array(); });
  refused("gpt-2", "the id -1", [](json& file) { file["model"]["vocab"]["new"] = -1; });
  refused("gpt-2", "the id 5.0", [](json& file) { file["model"]["vocab"]["new"] = 5.0; });
  refused("gpt-2", "the id 18446744073709551615",
          [](json& file) { file["model"]["vocab"]["new"] = ~std::uint64_t{0}; });
  refused("gpt-2", "16000000 is far above", [](json& file) { file["model"]["vocab"]["new"] = 16'000'000; });
  refused("gpt-2", "share the id 300", [](json& file) { file["model"]["vocab"]["new"] = 300; });
  refused("gpt-2", "'merges' is not an array", [](json& file) { file["model"]["merges"] = "a b"; });
  refused("gpt-2", "not two tokens and a blank", [](json& file) { file["model"]["merges"][0] = "a b c"; });
  refused("gpt-2", "not two tokens and a blank", [](json& file) { file["model"]["merges"][0] = "ab"; });
  refused("gpt-2", "neither", [](json& file) { file["model"]["merges"][0] = {"a", "b", "c"}; });
  refused("gpt-2", "neither", [](json& file) { file["model"]["merges"][0] = 7; });
  refused("qwen2", "normalizer 'Precompiled'", [](json& file) {
    file["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}, {{"type", "Precompiled"}}}}};
  });
  refused("gpt-2", "pre-tokenizer 'UnicodeScripts'", [](json& file) {
    file["pre_tokenizer"] = {{"type", "UnicodeScripts"}};
  });
  refused("gpt-2", "post-processor 'Pairs'", [](json& file) { file["post_processor"] = {{"type", "Pairs"}}; });
  refused("gpt-2", "'cls' is not a token and its id", [](json& file) {
    file["post_processor"] = {{"type", "RobertaProcessing"}, {"sep", {"</s>", 2}}, {"cls", {"<s>"}}};
  });
  refused("gpt-2", "the member 'byte_fallback'", [](json& file) { file["model"]["type"] = "WordPiece"; });
  refused("gpt-2", "unk_token '[UNK]' is not in the vocabulary", [](json& file) {
    file["model"] = {{"type", "WordPiece"}, {"vocab", {{"a", 0}}}};
  });
  refused("gpt-2", "decoder 'BPEDecoder'", [](json& file) { file["decoder"] = {{"type", "BPEDecoder"}}; });
  refused("llama-bpe", "has the text twice", [](json& file) {
    json& single = file["post_processor"]["processors"][1]["single"];
    single.push_back(single[1]);
  });
  refused("llama-bpe", "more than one token", [](json& file) {
    json& single = file["post_processor"]["processors"][1]["single"];
    single.insert(single.begin(), json(single[0]));
  });
  refused("llama-bpe", "is missing",
          [](json& file) { file["post_processor"]["processors"][1]["special_tokens"].clear(); });
  refused("smollm", "has the ids", [](json& file) { file["added_tokens"][0]["id"] = 3; });
  refused("smollm", "'lstrip' is missing", [](json& file) { file["added_tokens"][0].erase("lstrip"); });
  refused("smollm", "the member 'color'", [](json& file) { file["added_tokens"][0]["color"] = 1; });
}

TEST_CASE("where tokenizer_config.json and tokenizer.json differ, tokenizer.json counts and a note says so") {
  const auto noted = [](const std::string& family, const char* fragment, const json& config) {
    const json file = test::tokenizer_json(family);
    const TokenizerData plain = tokenizer_data_from_json(file, {});
    const TokenizerData data = tokenizer_data_from_json(file, config);
    INFO(fragment);
    REQUIRE(data.notes.size() == plain.notes.size() + 1);
    CHECK_THAT(data.notes.back(), Catch::Contains(fragment));
    CHECK(data.add_bos == plain.add_bos);
    CHECK(data.bos == plain.bos);
    CHECK((data.pre_tokenizers == plain.pre_tokenizers));
  };
  noted("gpt-2", "bos_token '<bos>' is not in the vocabulary", {{"bos_token", "<bos>"}});
  noted("gpt-2", "add_prefix_space is true", {{"add_prefix_space", true}});
  noted("gpt-2", "add_bos_token is true, tokenizer.json's post-processor adds none", {{"add_bos_token", true}});
  noted("llama-bpe", "add_bos_token is false, tokenizer.json's post-processor adds the token",
        {{"add_bos_token", false}});
  noted("llama-bpe", "tokenizer_config.json's bos_token is '<|eot_id|>'", {{"bos_token", "<|eot_id|>"}});
  noted("gpt-2", "1 token (<far>) of tokenizer_config.json",
        {{"added_tokens_decoder",
          {{"960",
            {{"content", "<far>"},
             {"single_word", false},
             {"lstrip", false},
             {"rstrip", false},
             {"normalized", false},
             {"special", true}}}}}});
}

TEST_CASE("what tokenizer.json says and is not applied, or leaves out, is noted and changes no ids") {
  const json whole = test::tokenizer_json("gpt-2");
  const TokenizerData plain = tokenizer_data_from_json(whole, {});
  const auto noted = [&](const char* fragment, const std::function<void(json&)>& change) {
    json file = whole;
    change(file);
    const TokenizerData data = tokenizer_data_from_json(file, {});
    INFO(fragment);
    REQUIRE(data.notes.size() == 1);
    CHECK_THAT(data.notes[0], Catch::Contains(fragment));
    CHECK((data.pre_tokenizers == plain.pre_tokenizers));
    CHECK((data.decoders == plain.decoders));
  };
  noted("sets truncation", [](json& file) { file["truncation"] = {{"max_length", 5}}; });
  noted("sets padding", [](json& file) { file["padding"] = {{"pad_id", 1}}; });
  noted("has no decoder", [](json& file) { file["decoder"] = nullptr; });
  noted("has no decoder", [](json& file) { file.erase("decoder"); });
  noted("unk_token '<unk>' is not in the vocabulary", [](json& file) { file["model"]["unk_token"] = "<unk>"; });
}

TEST_CASE("a vocabulary that lacks bytes which texts have says so") {
  json file = test::tokenizer_json("gpt-2");
  file["model"]["vocab"].erase("z");
  file["model"]["merges"] = json::array();
  const TokenizerData data = tokenizer_data_from_json(file, {});
  REQUIRE(data.notes.size() == 1);
  CHECK_THAT(data.notes[0], Catch::Contains("no token for 1 of the 256 bytes (the first is byte 122, 'z')"));
}

TEST_CASE("a tokenizer_config.json that is malformed is refused") {
  const auto refused = [](const char* fragment, const json& config) {
    const json file = test::tokenizer_json("gpt-2");
    test::check_refused(fragment, "tokenizer", fragment,
                        [&] { static_cast<void>(tokenizer_data_from_json(file, config)); });
  };
  refused("'bos_token' is not a string", {{"bos_token", 5}});
  refused("is not an object", json::array());
  refused("added_tokens_decoder is not an object", {{"added_tokens_decoder", 5}});
  refused("the key 'x', which is no token id", {{"added_tokens_decoder", {{"x", {{"content", "<far>"}}}}}});
}
