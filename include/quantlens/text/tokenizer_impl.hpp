/// What tokenizer.hpp declares, defined.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/text/added_tokens.hpp"
#include "quantlens/text/bpe.hpp"
#include "quantlens/text/decoder.hpp"
#include "quantlens/text/normalizer.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/text/wordpiece.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

struct Tokenizer::Parts {
  explicit Parts(TokenizerData given)
      : data(std::move(given)),
        is_special(check_tokens(data)),
        normalizer(data.normalizers),
        before_normalization(added_tokens(false)),
        after_normalization(added_tokens(true)),
        pre_tokenizer(data.pre_tokenizers),
        model(model_of(data)),
        decoder(data.decoders) {}

  /// A normalized token is looked for as the normalizer spells it.
  [[nodiscard]] std::vector<AddedTokenSpelling> added_tokens(bool normalized) {
    std::vector<AddedTokenSpelling> chosen;
    for (const AddedToken& token : data.added_tokens) {
      if (token.normalized != normalized) continue;
      chosen.push_back({&token, normalized ? normalizer.normalize(token.content) : token.content});
      if (chosen.back().spelling.empty())
        throw InputError("tokenizer", concat("added token '", token.content, "' is empty once it is normalized"));
      if (normalized) normalized_spellings.emplace(token.id, chosen.back().spelling);
    }
    return chosen;
  }

  /// How a token of the vocabulary is decoded: an added one as it is looked for.
  [[nodiscard]] const std::string& spelling(TokenId id) const {
    const auto normal = normalized_spellings.find(id);
    return normal != normalized_spellings.end() ? normal->second : data.tokens[static_cast<std::size_t>(id)];
  }

  [[nodiscard]] static std::variant<BpeModel, WordPieceModel> model_of(const TokenizerData& data) {
    if (data.kind == SubwordKind::word_piece) return WordPieceModel(data);
    return BpeModel(data);
  }

  TokenizerData data;
  std::vector<bool> is_special;
  Normalizer normalizer;
  std::unordered_map<TokenId, std::string> normalized_spellings;
  AddedTokenSet before_normalization, after_normalization;
  PreTokenizer pre_tokenizer;
  std::variant<BpeModel, WordPieceModel> model;
  Decoder decoder;
};

QUANTLENS_INLINE Tokenizer::Tokenizer(TokenizerData data) : parts_(std::make_shared<const Parts>(std::move(data))) {}

template <class Visit>
void Tokenizer::for_each_part(std::string_view text, const AddedTokenSet& set, std::vector<TokenId>& ids,
                              Visit&& visit) {
  std::size_t done = 0;
  for (const AddedTokenSet::Match& match : set.find(text)) {
    if (match.begin > done) visit(text.substr(done, match.begin - done), done);
    ids.push_back(match.id);
    done = match.end;
  }
  if (done < text.size()) visit(text.substr(done), done);
}

QUANTLENS_INLINE std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  require_utf8(text, "text to tokenize");
  std::vector<TokenId> ids;
  if (options.add_special && data().add_bos) ids.push_back(*data().bos);
  const auto encode_plain = [&](std::string_view plain, bool at_start) {
    const Pieces pieces = parts_->pre_tokenizer.split(plain, at_start);
    std::visit(
        [&]<class Model>(const Model& model) {
          typename Model::Scratch scratch;
          for (const std::string_view piece : pieces) model.encode(piece, scratch, ids);
        },
        parts_->model);
  };
  const auto encode_part = [&](std::string_view part, bool at_start) {
    if (parts_->after_normalization.empty())
      return encode_plain(parts_->normalizer.normalize(without_guards(part)), at_start);
    const std::string normal = parts_->normalizer.normalize(part);
    for_each_part(normal, parts_->after_normalization, ids, [&](std::string_view plain, std::size_t begin) {
      encode_plain(without_guards(plain), at_start && begin == 0);
    });
  };
  if (options.parse_special)
    for_each_part(text, parts_->before_normalization, ids,
                  [&](std::string_view part, std::size_t begin) { encode_part(part, begin == 0); });
  else
    encode_plain(parts_->normalizer.normalize(text), true);
  if (options.add_special && data().add_eos) ids.push_back(*data().eos);
  for (const TokenId id : ids)
    if (data().n_embedded && static_cast<std::size_t>(id) >= *data().n_embedded)
      throw ItemError("embedding",
                      concat("the text holds token ", id, " ('", token_text(id), "'); the tokenizer has ", vocab_size(),
                             " tokens, the model's embedding only ", *data().n_embedded, " rows"));
  return ids;
}

QUANTLENS_INLINE std::string Tokenizer::decode(std::span<const TokenId> ids, bool skip_special) const {
  std::vector<std::string> spellings;
  for (const TokenId id : ids) {
    if (id >= 0 && static_cast<std::size_t>(id) >= vocab_size()) continue;
    const bool is_special = parts_->is_special[checked(id)];
    if (!skip_special || !is_special) spellings.push_back(parts_->spelling(id));
  }
  return parts_->decoder.decode(std::move(spellings));
}

QUANTLENS_INLINE std::string Tokenizer::guard_content(std::string_view content) const {
  require_utf8(content, "content to guard");
  const AddedTokenSet& before = parts_->before_normalization;
  const AddedTokenSet& after = parts_->after_normalization;
  // What is not normalized character by character may become a token next to any neighbour.
  const bool known = parts_->normalizer.may_be_repeated();
  const std::string normal = known && !after.empty() ? parts_->normalizer.normalize(content) : std::string(content);
  const auto needs_guard = [&](std::size_t at) {
    const auto in = [&](const AddedTokenSet& set) {
      return set.may_begin_at(normal, at) || (at == 0 && set.may_continue_with(normal));
    };
    return in(before) || (known ? in(after) : !after.empty());
  };
  std::string guarded;
  for (std::size_t at = 0; at < normal.size();) {
    const std::size_t size = read_utf8(normal, at).size;
    const std::string_view character = std::string_view(normal).substr(at, size);
    if (character == guard_mark || needs_guard(at)) guarded += guard_mark;
    guarded += character;
    at += size;
  }
  return guarded;
}

QUANTLENS_INLINE std::optional<std::string> Tokenizer::find_special(std::string_view text) const {
  for (const AddedTokenSet* set : {&parts_->before_normalization, &parts_->after_normalization})
    for (const AddedTokenSet::Match& match : set->find(text))
      if (parts_->is_special[checked(match.id)]) return data().tokens[checked(match.id)];
  return std::nullopt;
}

QUANTLENS_INLINE const TokenizerData& Tokenizer::data() const { return parts_->data; }

QUANTLENS_INLINE std::optional<TokenId> Tokenizer::find(std::string_view special) const {
  for (const AddedToken& token : data().added_tokens)
    if (token.content == special) return token.id;
  return std::nullopt;
}

QUANTLENS_INLINE std::vector<bool> Tokenizer::check_tokens(const TokenizerData& data) {
  const auto refuse = [](const auto&... parts) { throw InputError("tokenizer", concat(parts...)); };
  const std::size_t n = data.tokens.size();
  if (n > std::size_t{std::numeric_limits<TokenId>::max()}) refuse("a vocabulary of ", n, " tokens");
  if (data.types.size() != n) refuse(n, " tokens but ", data.types.size(), " token types");
  for (std::size_t i = 0; i < n; ++i)
    if (const auto bad = first_invalid_utf8(data.tokens[i])) refuse("token ", i, " is not UTF-8 at its byte ", *bad);
  const auto check_id = [&](TokenId id, std::string_view what) {
    if (id < 0 || static_cast<std::size_t>(id) >= n)
      refuse(what, " ", id, " is not below the ", n, " tokens there are");
  };
  if (data.bos) check_id(*data.bos, "BOS id");
  if (data.eos) check_id(*data.eos, "EOS id");
  if (data.unk) check_id(*data.unk, "UNK id");
  if (data.fallback) check_id(*data.fallback, "the id of what stands for unknown text:");
  if (data.add_bos && !data.bos) refuse("BOS is to be added, but no BOS token is named");
  if (data.add_eos && !data.eos) refuse("EOS is to be added, but no EOS token is named");
  std::vector<bool> is_special(n), is_added(n);
  for (const AddedToken& token : data.added_tokens) {
    constexpr std::size_t longest = 256;
    check_id(token.id, "the id of an added token:");
    const auto id = static_cast<std::size_t>(token.id);
    const std::string& spelling = data.tokens[id];
    if (token.content != spelling) refuse("added token '", token.content, "' has the id of token '", spelling, "'");
    if (token.content.empty()) refuse("added token ", id, " is empty");
    if (token.content.size() > longest) refuse("added token ", id, " has more than ", longest, " bytes");
    if (token.content.find(guard_mark) != std::string::npos) refuse("added token ", id, " contains U+FDD0");
    if (is_added[id]) refuse("added token '", token.content, "' is there twice");
    if ((token.lstrip || token.rstrip) && has_white_space(token.content))
      refuse("added token '", token.content, "' holds white space and strips it, which is not supported");
    is_added[id] = true;
    is_special[id] = token.special;
  }
  return is_special;
}

QUANTLENS_INLINE bool Tokenizer::has_white_space(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); at += read_utf8(text, at).size)
    if (is_white_space(read_utf8(text, at).value)) return true;
  return false;
}

QUANTLENS_INLINE std::size_t Tokenizer::checked(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= vocab_size())
    throw InputError("tokenizer", concat("token id ", id, " is not below the ", vocab_size(), " tokens there are"));
  return static_cast<std::size_t>(id);
}

}  // namespace quantlens::inline QUANTLENS_ABI
