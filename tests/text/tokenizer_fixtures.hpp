/// What the tests of text/ share: small tokenizers, made here or by scripts/fixtures/make_tokenizer_fixtures.py.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/io/json.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/text/byte_alphabet.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/unicode.hpp"

namespace quantlens::test {

inline const std::filesystem::path tokenizer_folder =
    std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/tokenizer";

inline const std::vector<std::string> family_names = {"gpt-2", "smollm", "llama-bpe", "qwen2"};

inline nlohmann::json tokenizer_json(const std::string& family) {
  return read_json_file(tokenizer_folder / family / "tokenizer.json");
}

/// A vocabulary of the 256 bytes, in order, that cuts text as GPT-2 does.
inline TokenizerData byte_tokenizer() {
  TokenizerData data;
  for (const char32_t character : byte_alphabet) {
    data.tokens.emplace_back();
    append_utf8(data.tokens.back(), character);
  }
  data.types.assign(256, TokenType::normal);
  data.pre_tokenizer = "gpt-2";
  data.pre_tokenizers = {{.pattern = R"(\p{L}+|\P{L}+)"}};
  data.decoders = {{.kind = DecoderStep::Kind::byte_level}};
  data.byte_level = true;
  return data;
}

/// Gives `data` one more token; its id.
inline TokenId append_token(TokenizerData& data, const std::string& spelling) {
  data.tokens.push_back(spelling);
  data.types.push_back(TokenType::normal);
  return static_cast<TokenId>(data.tokens.size() - 1);
}

/// Gives `data` the merge and the token that comes of it.
inline TokenId append_merge(TokenizerData& data, const std::string& left, const std::string& right) {
  data.merges.emplace_back(left, right);
  return append_token(data, left + right);
}

inline AddedToken& append_added_token(TokenizerData& data, const std::string& content) {
  AddedToken token;
  token.content = content;
  token.id = append_token(data, content);
  data.added_tokens.push_back(token);
  return data.added_tokens.back();
}

}  // namespace quantlens::test
