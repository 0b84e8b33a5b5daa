/// Byte-pair encoding: a piece of text to token ids, by the vocabulary's merges.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/byte_alphabet.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The byte tokens that byte-level vocabularies, as GPT-2's, spell.
[[nodiscard]] inline std::string spelling_of_byte(std::size_t byte) {
  std::string spelling;
  append_utf8(spelling, byte_alphabet[byte]);
  return spelling;
}

/// The byte tokens that SentencePiece vocabularies spell: <0x00> to <0xFF>.
[[nodiscard]] inline std::string fallback_token_of_byte(std::size_t byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[byte / 16], digits[byte % 16], '>'};
}

/// What is said of a byte-level vocabulary that lacks bytes, if it does. Published ones lack bytes that their training
/// text never had: control characters other than tab and line ends, the planes without assigned characters, and what
/// UTF-8 never uses; these are passed over.
[[nodiscard]] inline std::optional<std::string> note_on_missing_bytes(const TokenizerData& data) {
  if (!data.byte_level || data.fallback) return std::nullopt;
  const std::unordered_set<std::string_view> known(data.tokens.begin(), data.tokens.end());
  std::size_t n = 0, first = 0;
  for (std::size_t byte = 256; byte-- > 0;) {
    const bool blank = byte >= 0x9 && byte <= 0xd;
    const bool may_be_missing = (byte < 0x20 && !blank) || byte == 0x7f || byte == 0xc0 || byte == 0xc1 || byte >= 0xf1;
    if (may_be_missing || known.contains(spelling_of_byte(byte))) continue;
    ++n;
    first = byte;
  }
  if (n == 0) return std::nullopt;
  return concat("the vocabulary has no token for ", n, " of the 256 bytes (the first is byte ", first, ", '",
                spelling_of_byte(first), "'): they are left out of texts, as the tokenizers package does");
}

/// Merges neighbours, the pair of the lowest rank and then the leftmost first, until no pair has a merge.
/// Immutable; may be shared by threads. Source: Sennrich et al. 2016, "Neural machine translation of rare words".
class BpeModel {
 public:
  /// Errors: InputError for a token that is there twice, a fallback without its token, a merge of or into an unknown
  /// token, a merge that is there twice.
  explicit BpeModel(const TokenizerData& data)
      : byte_level_(data.byte_level),
        byte_fallback_(data.byte_fallback),
        fuse_fallback_(data.fuse_fallback),
        fallback_(data.fallback.value_or(no_token)) {
    const auto ids = ids_of_tokens(data);
    const auto id_of = [&](const std::string& spelling) {
      const auto found = ids.find(spelling);
      return found == ids.end() ? no_token : found->second;
    };
    for (std::size_t byte = 0; byte < 256; ++byte) {
      byte_ids_[byte] = id_of(spelling_of_byte(byte));
      fallback_ids_[byte] = id_of(fallback_token_of_byte(byte));
    }
    if (!byte_level_)
      for (const auto& [token, id] : ids)
        if (!token.empty() && read_utf8(token, 0).size == token.size())
          character_ids_.emplace(read_utf8(token, 0).value, id);
    read_merges(data, ids);
    if (!data.ignore_merges) return;
    for (std::size_t i = 0; i < data.tokens.size(); ++i)
      if (data.types.empty() || data.types[i] == TokenType::normal)
        whole_pieces_.emplace(byte_level_ ? bytes_of_spelling(data.tokens[i]) : data.tokens[i],
                              static_cast<TokenId>(i));
  }

  /// What encode() works in; keep one for many pieces.
  class Scratch {
    friend class BpeModel;
    /// A token of the piece; `rank` is that of its merge with the next one.
    struct Symbol {
      TokenId id;
      std::uint32_t previous, next, rank;
    };
    std::vector<Symbol> symbols_;
    std::vector<std::uint64_t> queue_;
  };

  /// Appends the ids of `piece` (text, not spelling) in O(n log n). What no token spells becomes byte tokens or the
  /// fallback where the tokenizer has them; otherwise it is left out, as Hugging Face's tokenizers do.
  void encode(std::string_view piece, Scratch& scratch, std::vector<TokenId>& ids) const {
    if (const auto whole = whole_pieces_.find(piece); whole != whole_pieces_.end()) {
      ids.push_back(whole->second);
      return;
    }
    if (piece.size() >= none) throw InputError("tokenizer", "a piece of text has 4 GiB or more");
    auto& symbols = scratch.symbols_;
    symbols.clear();
    const auto add = [&](TokenId id) {
      const auto at = static_cast<std::uint32_t>(symbols.size());
      symbols.push_back({id, at == 0 ? none : at - 1, at + 1, none});
    };
    bool fallback_waits = false;
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t size = byte_level_ ? 1 : read_utf8(piece, at).size;
      const std::string_view unit = piece.substr(at, size);
      at += size;
      if (const TokenId id = id_of_unit(unit); id != no_token) {
        if (std::exchange(fallback_waits, false)) add(fallback_);
        add(id);
      } else if (has_byte_tokens(unit)) {
        // The reference puts a fallback that waits behind these bytes.
        for (const char c : unit) add(fallback_ids_[static_cast<unsigned char>(c)]);
      } else if (fallback_ != no_token) {
        if (fallback_waits && !fuse_fallback_) add(fallback_);
        fallback_waits = true;
      }
    }
    if (fallback_waits) add(fallback_);
    if (symbols.empty()) return;
    symbols.back().next = none;
    merge_all(symbols, scratch.queue_);
    for (std::uint32_t at = 0; at != none; at = symbols[at].next) ids.push_back(symbols[at].id);
  }

 private:
  static constexpr TokenId no_token = -1;
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  using IdsOfTokens = std::unordered_map<std::string_view, TokenId>;

  static IdsOfTokens ids_of_tokens(const TokenizerData& data) {
    IdsOfTokens ids;
    ids.reserve(data.tokens.size());
    for (std::size_t i = 0; i < data.tokens.size(); ++i) {
      const std::string& token = data.tokens[i];
      if (token.empty() && i < data.types.size() && data.types[i] == TokenType::unused) continue;
      const auto [first, added] = ids.emplace(token, static_cast<TokenId>(i));
      if (!added)
        throw InputError("tokenizer", concat("tokens ", first->second, " and ", i, " are both '", token, "'"));
    }
    return ids;
  }

  /// The token of one byte, or of one character where the vocabulary spells characters.
  [[nodiscard]] TokenId id_of_unit(std::string_view unit) const {
    if (byte_level_) return byte_ids_[static_cast<unsigned char>(unit[0])];
    const auto found = character_ids_.find(read_utf8(unit, 0).value);
    return found == character_ids_.end() ? no_token : found->second;
  }

  [[nodiscard]] bool has_byte_tokens(std::string_view unit) const {
    return byte_fallback_ && std::all_of(unit.begin(), unit.end(), [&](char c) {
             return fallback_ids_[static_cast<unsigned char>(c)] != no_token;
           });
  }

  void read_merges(const TokenizerData& data, const IdsOfTokens& ids) {
    if (data.merges.size() >= none) throw InputError("tokenizer", "too many merges");
    ranks_.reserve(data.merges.size());
    merged_.reserve(data.merges.size());
    for (std::size_t rank = 0; rank < data.merges.size(); ++rank) {
      const std::string& left = data.merges[rank].first;
      const std::string& right = data.merges[rank].second;
      const auto id_of = [&](const std::string& token) {
        const auto found = ids.find(token);
        if (found == ids.end())
          throw InputError("tokenizer", concat("merge ", rank, " ('", left, "' '", right,
                                               "') needs the unknown token '", token, "'"));
        return found->second;
      };
      if (left.empty() || right.empty()) throw InputError("tokenizer", concat("merge ", rank, " has an empty side"));
      const auto pair = key(id_of(left), id_of(right));
      if (!ranks_.emplace(pair, static_cast<std::uint32_t>(rank)).second)
        throw InputError("tokenizer", concat("merge ", rank, " ('", left, "' '", right, "') is there twice"));
      merged_.push_back(id_of(left + right));
    }
  }

  /// The first in the upper half: pairs of ids by which merges are found, and rank and position by which they queue.
  static std::uint64_t pack(std::uint32_t first, std::uint32_t second) { return std::uint64_t{first} << 32 | second; }

  static std::uint64_t key(TokenId left, TokenId right) {
    return pack(static_cast<std::uint32_t>(left), static_cast<std::uint32_t>(right));
  }

  void merge_all(std::vector<Scratch::Symbol>& symbols, std::vector<std::uint64_t>& queue) const {
    queue.clear();
    const auto update_rank = [&](std::uint32_t at) {
      auto& symbol = symbols[at];
      const auto found = symbol.next == none ? ranks_.end() : ranks_.find(key(symbol.id, symbols[symbol.next].id));
      symbol.rank = found == ranks_.end() ? none : found->second;
      if (symbol.rank != none) queue.push_back(pack(symbol.rank, at));
      return symbol.rank != none;
    };
    for (std::uint32_t at = 0; at < symbols.size(); ++at) update_rank(at);
    std::make_heap(queue.begin(), queue.end(), std::greater<>());
    const auto enqueue = [&](std::uint32_t at) {
      if (at != none && update_rank(at)) std::push_heap(queue.begin(), queue.end(), std::greater<>());
    };
    while (!queue.empty()) {
      std::pop_heap(queue.begin(), queue.end(), std::greater<>());
      const auto at = static_cast<std::uint32_t>(queue.back());
      const auto rank = static_cast<std::uint32_t>(queue.back() >> 32);
      queue.pop_back();
      auto& left = symbols[at];
      // A rank names one pair, so a merge that is no longer possible shows here.
      if (left.rank != rank) continue;
      auto& right = symbols[left.next];
      left.id = merged_[rank];
      left.next = right.next;
      right.rank = none;
      if (left.next != none) symbols[left.next].previous = at;
      enqueue(left.previous);
      enqueue(at);
    }
  }

  bool byte_level_, byte_fallback_, fuse_fallback_;
  TokenId fallback_;
  std::array<TokenId, 256> byte_ids_{}, fallback_ids_{};
  std::unordered_map<char32_t, TokenId> character_ids_;
  std::unordered_map<std::uint64_t, std::uint32_t> ranks_;
  std::vector<TokenId> merged_;  // By rank.
  std::unordered_map<std::string, TokenId, StringHash, std::equal_to<>> whole_pieces_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
