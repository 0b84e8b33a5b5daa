/// Reads the tokenizer that a model file carries, GGUF or tokenizer.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/tokenizer_json.hpp"

namespace quantlens::inline v0_1 {

/// The tokenizer in a GGUF file's metadata.
/// Errors: InputError for what is missing, malformed or not byte-level BPE of a known family, by name.
/// Source: the keys tokenizer.ggml.* of GGUF's specification; where add_bos_token is absent, llama.cpp's default.
[[nodiscard]] inline TokenizerData tokenizer_data_from_gguf(const GgufFile& file) {
  const auto refuse = [&](const auto&... parts) { throw InputError("tokenizer", concat(file.name(), ": ", parts...)); };
  if (const std::string model = file.string("tokenizer.ggml.model"); model != "gpt2")
    refuse("tokenizer.ggml.model is '", model, "'; only 'gpt2' (byte-level BPE) is supported");
  if (!file.has("tokenizer.ggml.pre"))
    refuse("no tokenizer.ggml.pre: the file doesn't say how its text is cut; convert the model again");
  if (file.boolean_or("tokenizer.ggml.add_space_prefix", false))
    refuse("tokenizer.ggml.add_space_prefix is true, which is not supported");
  const PreTokenizerFamily& family = pre_tokenizer_family(file.string("tokenizer.ggml.pre"));

  TokenizerData data;
  data.pre_tokenizer = family.name;
  data.normalizers = family.normalizers();
  data.pre_tokenizers = family.steps();
  data.decoders = {{.kind = DecoderStep::Kind::byte_level}};
  data.byte_level = true;
  data.ignore_merges = family.ignore_merges;
  data.tokens = file.strings("tokenizer.ggml.tokens");
  data.types.assign(data.tokens.size(), TokenType::normal);
  if (file.has("tokenizer.ggml.token_type")) {
    data.types.clear();
    for (const std::int32_t type : file.ints("tokenizer.ggml.token_type")) {
      if (type < 1 || type > 6) refuse("token ", data.types.size(), " has the unknown type ", type);
      data.types.push_back(static_cast<TokenType>(type));
    }
    if (data.types.size() != data.tokens.size())
      refuse(data.tokens.size(), " tokens but ", data.types.size(), " token types");
  }
  for (std::size_t i = 0; i < data.tokens.size(); ++i) {
    const TokenType type = data.types[i];
    const bool special = type == TokenType::control || type == TokenType::unknown;
    if (!special && type != TokenType::user_defined) continue;
    AddedToken token;
    token.content = data.tokens[i];
    token.id = static_cast<TokenId>(i);
    token.special = special;
    data.added_tokens.push_back(std::move(token));
  }
  for (const std::string& merge : file.strings("tokenizer.ggml.merges"))
    data.merges.push_back(split_merge(merge, data.merges.size(), file.name()));

  const auto id_or_none = [&](std::string_view key) -> std::optional<TokenId> {
    if (!file.has(key)) return std::nullopt;
    const std::uint64_t id = file.uint(key);
    if (id >= data.tokens.size()) refuse(key, " is ", id, ", but there are ", data.tokens.size(), " tokens");
    return static_cast<TokenId>(id);
  };
  data.bos = id_or_none("tokenizer.ggml.bos_token_id");
  data.eos = id_or_none("tokenizer.ggml.eos_token_id");
  data.unk = id_or_none("tokenizer.ggml.unknown_token_id");
  data.add_bos = file.boolean_or("tokenizer.ggml.add_bos_token", family.adds_bos);
  data.add_eos = file.boolean_or("tokenizer.ggml.add_eos_token", false);
  if (const auto missing = note_on_missing_bytes(data)) data.notes.push_back(concat(file.name(), ": ", *missing));
  return data;
}

}  // namespace quantlens::inline v0_1
