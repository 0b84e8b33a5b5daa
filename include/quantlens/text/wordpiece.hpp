/// WordPiece: a word to token ids, the longest token that fits first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Cuts a word into the longest tokens there are, from left to right; all but the first are looked up with the prefix.
/// Immutable; may be shared by threads. Source: Wu et al. 2016, arXiv 1609.08144; the model of that name in Hugging
/// Face's tokenizers.
class WordPieceModel {
 public:
  /// Errors: InputError for a token that is there twice and where nothing stands for unknown words.
  explicit WordPieceModel(const TokenizerData& data)
      : prefix_(data.continuing_prefix), most_characters_(data.most_word_characters) {
    if (!data.fallback) throw InputError("tokenizer", "WordPiece has no token for unknown words");
    unknown_ = *data.fallback;
    for (std::size_t i = 0; i < data.tokens.size(); ++i) {
      if (data.types[i] == TokenType::unused) continue;
      const auto [first, added] = ids_.emplace(data.tokens[i], static_cast<TokenId>(i));
      if (!added)
        throw InputError("tokenizer", concat("tokens ", first->second, " and ", i, " are both '", data.tokens[i], "'"));
      longest_ = std::max(longest_, data.tokens[i].size());
    }
  }

  /// What encode() works in; keep one for many words.
  struct Scratch {
    std::string candidate;
  };

  /// Appends the ids of `word`, or the one of unknown words where it has too many characters or some part of it is no
  /// token.
  void encode(std::string_view word, Scratch& scratch, std::vector<TokenId>& ids) const {
    if (count_characters(word) > most_characters_) {
      ids.push_back(unknown_);
      return;
    }
    const std::size_t before = ids.size();
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t size = longest_token(word.substr(begin), begin > 0, scratch.candidate, ids);
      if (size == 0) {
        ids.resize(before);
        ids.push_back(unknown_);
        return;
      }
      begin += size;
    }
  }

 private:
  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  [[nodiscard]] static bool is_boundary(std::string_view text, std::size_t at) {
    return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
  }

  [[nodiscard]] static std::size_t count_characters(std::string_view text) {
    std::size_t n = 0;
    for (std::size_t at = 0; at < text.size(); ++at) n += is_boundary(text, at) ? 1 : 0;
    return n;
  }

  /// Appends the longest token that `rest` begins with and returns how many bytes of it that is; 0: there is none.
  std::size_t longest_token(std::string_view rest, bool continues, std::string& candidate,
                            std::vector<TokenId>& ids) const {
    const std::size_t prefix = continues ? prefix_.size() : 0;
    candidate.assign(prefix_, 0, prefix);
    candidate += rest;
    for (std::size_t size = std::min(candidate.size(), longest_); size > prefix; --size) {
      if (!is_boundary(candidate, size)) continue;
      const auto found = ids_.find(std::string_view(candidate).substr(0, size));
      if (found == ids_.end()) continue;
      ids.push_back(found->second);
      return size - prefix;
    }
    return 0;
  }

  std::string prefix_;
  std::size_t most_characters_, longest_ = 0;
  TokenId unknown_ = 0;
  std::unordered_map<std::string, TokenId, StringHash, std::equal_to<>> ids_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
