/// What tokenizer_data.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/compiled.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/text/bpe.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/tokenizer_data.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::optional<std::uint64_t> gguf_token_id(const GgufFile& file, std::string_view key) {
  constexpr std::uint64_t none = std::numeric_limits<std::uint32_t>::max();
  if (!file.has(key) || file.uint(key) == none) return std::nullopt;
  return file.uint(key);
}

/// Whether the model was trained with BOS where its file doesn't say. The family's newest name stands for models that
/// were; its older ones stand in other models' files, too, so there only Llama 3's own BOS says so.
[[nodiscard]] inline bool adds_bos_by_default(TokenizerData& data, std::string_view pre,
                                              const PreTokenizerFamily& family) {
  const std::string& bos = data.tokens[static_cast<std::size_t>(*data.bos)];
  if (pre == family.name || bos == "<|begin_of_text|>") return true;
  data.notes.push_back(concat("the file doesn't say whether '", bos, "' is put in front of texts; it isn't"));
  return false;
}

QUANTLENS_INLINE TokenizerData tokenizer_data_from_gguf(const GgufFile& file) {
  const auto refuse = [&](const auto&... parts) { throw InputError("tokenizer", concat(file.name(), ": ", parts...)); };
  if (const std::string model = file.string("tokenizer.ggml.model"); model != "gpt2")
    refuse("tokenizer.ggml.model is '", model, "'; only 'gpt2' (byte-level BPE) is supported in GGUF files",
           model == "llama" ? "; take the model's Hugging Face folder, whose tokenizer.json is read" : "");
  if (!file.has("tokenizer.ggml.pre"))
    refuse("no tokenizer.ggml.pre: the file doesn't say how its text is cut; convert the model again");
  if (file.boolean_or("tokenizer.ggml.add_space_prefix", false))
    refuse("tokenizer.ggml.add_space_prefix is true, which is not supported");
  const std::string pre = file.string("tokenizer.ggml.pre");
  const PreTokenizerFamily& family = pre_tokenizer_family(pre);

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
    const std::optional<std::uint64_t> id = gguf_token_id(file, key);
    if (!id) return std::nullopt;
    if (*id >= data.tokens.size()) refuse(key, " is ", *id, ", but there are ", data.tokens.size(), " tokens");
    return static_cast<TokenId>(*id);
  };
  data.bos = id_or_none("tokenizer.ggml.bos_token_id");
  data.eos = id_or_none("tokenizer.ggml.eos_token_id");
  data.unk = id_or_none("tokenizer.ggml.unknown_token_id");
  data.add_eos = file.boolean_or("tokenizer.ggml.add_eos_token", false);
  if (file.has("tokenizer.ggml.add_bos_token"))
    data.add_bos = file.boolean("tokenizer.ggml.add_bos_token");
  else if (family.adds_bos && data.bos)
    data.add_bos = adds_bos_by_default(data, pre, family);
  const auto need = [&](std::string_view key, bool& adds, std::optional<TokenId> token) {
    if (!adds || token) return;
    adds = false;
    data.notes.push_back(concat(file.name(), ": ", key, " is true, but no such token is named: none is added"));
  };
  need("tokenizer.ggml.add_bos_token", data.add_bos, data.bos);
  need("tokenizer.ggml.add_eos_token", data.add_eos, data.eos);
  if (const auto missing = note_on_missing_bytes(data)) data.notes.push_back(concat(file.name(), ": ", *missing));
  return data;
}

}  // namespace quantlens::inline QUANTLENS_ABI
