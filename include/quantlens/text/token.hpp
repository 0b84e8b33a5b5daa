/// Token ids, and what a model file says about its tokenizer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quantlens::inline v0_1 {

using TokenId = std::int32_t;

/// Numbered as GGUF's tokenizer.ggml.token_type.
enum class TokenType : std::int32_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

/// A token that is looked for in the text before anything else.
struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool special = false;      ///< decode() may leave it out.
  bool lstrip = false;       ///< Takes the white space before it along.
  bool rstrip = false;       ///< Takes the white space after it along.
  bool single_word = false;  ///< Not found inside a word.
  bool normalized = false;   ///< Looked for after normalization instead of before.

  bool operator==(const AddedToken&) const = default;
};

/// A byte-level BPE tokenizer as data. Tokenizer's constructor checks it.
struct TokenizerData {
  std::vector<std::string> tokens;                          ///< By id, in the byte alphabet's spelling.
  std::vector<TokenType> types;                             ///< As many as tokens.
  std::vector<std::pair<std::string, std::string>> merges;  ///< By rank.
  std::vector<AddedToken> added_tokens;
  std::string pre_tokenizer;                ///< The family's name, or "custom".
  std::vector<std::string> split_patterns;  ///< Oniguruma patterns, one after the other.
  std::optional<TokenId> bos, eos, unk;
  bool add_bos = false;
  bool add_eos = false;
  bool ignore_merges = false;      ///< A piece that is a token stays whole.
  bool nfc = false;                ///< Text is normalized to form C first.
  std::vector<std::string> notes;  ///< What was read otherwise than the files say, a sentence each.
};

}  // namespace quantlens::inline v0_1
