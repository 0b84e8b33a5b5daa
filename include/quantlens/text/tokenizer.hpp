/// Text to token ids and back, as Hugging Face's tokenizers do it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

class AddedTokenSet;

struct EncodeOptions {
  bool add_special = false;    ///< Adds BOS and EOS where the model's own rules do.
  bool parse_special = false;  ///< Added tokens in the text become tokens; otherwise they are plain text.
};

/// BPE or WordPiece with its normalizers, pre-tokenizers, decoders and added tokens. Immutable: copies share their
/// data, and threads may encode at once. Ids equal the reference's for characters assigned in Unicode 14.
class Tokenizer {
 public:
  /// Errors: InputError for data that contradicts itself.
  explicit Tokenizer(TokenizerData data);

  /// Errors: FormatError, with the byte offset, for text that is not UTF-8; ItemError for a text that holds a token
  /// beyond the model's embedding.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

  /// The text of `ids`; bytes that are not UTF-8 become U+FFFD. Special tokens are left out if `skip_special`. Ids
  /// beyond the vocabulary, which a model with a padded embedding may choose, stand for nothing. Errors: InputError for
  /// a negative id.
  [[nodiscard]] std::string decode(std::span<const TokenId> ids, bool skip_special = true) const;

  /// The spelling of one token. That of a special token is its text, as chat templates write it.
  [[nodiscard]] const std::string& token_text(TokenId id) const { return data().tokens[checked(id)]; }

  /// `content` such that, put anywhere in a text for encode() with `parse_special`, no added token is found in it and
  /// the ids are those of the plain text: a U+FDD0 before wherever one could begin, and each U+FDD0 of its own doubled.
  [[nodiscard]] std::string guard_content(std::string_view content) const;

  /// The spelling of the first special token in the text, which encode() takes as plain text without `parse_special`.
  [[nodiscard]] std::optional<std::string> find_special(std::string_view text) const;

  [[nodiscard]] std::size_t vocab_size() const { return data().tokens.size(); }
  [[nodiscard]] std::optional<TokenId> bos() const { return data().bos; }
  [[nodiscard]] std::optional<TokenId> eos() const { return data().eos; }
  [[nodiscard]] bool adds_bos() const { return data().add_bos; }
  [[nodiscard]] const TokenizerData& data() const;

  /// The id of an added token, such as "<|im_end|>".
  [[nodiscard]] std::optional<TokenId> find(std::string_view special) const;

 private:
  /// Everything, built once; the sets of added tokens point into `data`.
  struct Parts;

  /// Which ids are special, once the data is known to be consistent. What BPE and WordPiece need their models check.
  static std::vector<bool> check_tokens(const TokenizerData& data);

  static bool has_white_space(std::string_view text);

  [[nodiscard]] std::size_t checked(TokenId id) const;

  /// Appends the ids of the added tokens of `set` in `text`; visits what lies between them, and where that begins, in
  /// order.
  template <class Visit>
  static void for_each_part(std::string_view text, const AddedTokenSet& set, std::vector<TokenId>& ids, Visit&& visit);

  std::shared_ptr<const Parts> parts_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/text/tokenizer_impl.hpp"
#endif
