/// Token ids, and what a model file says about its tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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

/// One step that changes a text before it is cut. Source: the normalizers of those names in Hugging Face's tokenizers;
/// clean, space_han and drop_marks are parts of BertNormalizer.
struct NormalizerStep {
  enum class Kind { nfc, nfd, nfkc, nfkd, lowercase, clean, space_han, drop_marks, strip, prepend, replace };
  Kind kind = Kind::nfc;
  std::string pattern{};  ///< Of replace: text, or PCRE2 where `is_regex`.
  std::string content{};  ///< Of prepend and replace: what is put there.
  bool is_regex = false;  ///< Of replace.
  bool left = true;       ///< Of strip: whether white space goes at the beginning.
  bool right = true;      ///< Of strip: whether white space goes at the end.

  bool operator==(const NormalizerStep&) const = default;
};

/// One step that cuts text. Each step works on the pieces of the one before.
struct PreTokenizerStep {
  enum class Kind { split, metaspace, blank_in_front };
  /// What becomes of a match of a split: a piece, nothing, or part of a neighbouring piece.
  enum class Matches { isolated, removed, merged_with_previous, merged_with_next, contiguous };
  /// Where a piece gets a blank in front: the first of a text only, or all.
  enum class Prefix { never, first, always };
  Kind kind = Kind::split;
  std::string pattern{};  ///< Of split: PCRE2.
  Matches matches = Matches::isolated;
  bool invert = false;            ///< Of split: what lies between the matches counts as match.
  std::string replacement{};      ///< Of metaspace: what stands for a blank.
  bool cuts = true;               ///< Of metaspace: cut before each replacement.
  Prefix prefix = Prefix::never;  ///< Of metaspace.

  bool operator==(const PreTokenizerStep&) const = default;
};

/// One step from the spellings of tokens to text.
struct DecoderStep {
  enum class Kind { byte_level, metaspace, replace, byte_fallback, fuse, strip, word_piece };
  Kind kind = Kind::byte_level;
  std::string pattern{};            ///< Of replace (text, or PCRE2 where `is_regex`), metaspace, strip and word_piece.
  std::string content{};            ///< Of replace.
  bool is_regex = false;            ///< Of replace.
  bool drops_prefix = false;        ///< Of metaspace: those of the first token are no blanks.
  std::size_t start = 0, stop = 0;  ///< Of strip: at most so many `pattern` at the beginning and the end of a token.
  bool tidies = true;               ///< Of word_piece: no blanks before punctuation.

  bool operator==(const DecoderStep&) const = default;
};

/// How pieces of text become tokens.
enum class SubwordKind { bpe, word_piece };

/// A tokenizer as data. Tokenizer's constructor checks it.
struct TokenizerData {
  SubwordKind kind = SubwordKind::bpe;
  std::vector<std::string> tokens;                          ///< By id; byte-level ones in the byte alphabet's spelling.
  std::vector<TokenType> types;                             ///< As many as tokens.
  std::vector<std::pair<std::string, std::string>> merges;  ///< By rank.
  std::vector<AddedToken> added_tokens;
  std::vector<NormalizerStep> normalizers;
  std::string pre_tokenizer;  ///< The family's name, or "custom".
  std::vector<PreTokenizerStep> pre_tokenizers;
  std::vector<DecoderStep> decoders;
  std::optional<TokenId> bos, eos, unk;
  std::optional<TokenId> fallback;  ///< Stands for what no token spells; none: that is left out.
  bool fuse_fallback = false;       ///< One `fallback` for all such characters in a row.
  bool byte_fallback = false;       ///< Tokens such as <0x0A> stand for the bytes of what no other token spells.
  bool add_bos = false;
  bool add_eos = false;
  bool byte_level = false;                ///< Tokens spell bytes, in the byte alphabet, instead of characters.
  bool ignore_merges = false;             ///< A piece that is a token stays whole.
  std::string continuing_prefix;          ///< Of WordPiece: what tokens within a word begin with.
  std::size_t most_word_characters = 0;   ///< Of WordPiece: longer words are unknown.
  std::optional<std::size_t> n_embedded;  ///< Ids from here on have no row in the model's embedding; none: all have.
  std::vector<std::string> notes;         ///< What was read otherwise than the files say, a sentence each.
};

}  // namespace quantlens::inline QUANTLENS_ABI
