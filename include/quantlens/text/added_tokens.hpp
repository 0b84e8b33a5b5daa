/// Finds added tokens in text, and guards text against holding any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/text/regex.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// U+FDD0, a noncharacter: what follows an odd run of it is no added token.
inline constexpr std::string_view guard_mark = "\xEF\xB7\x90";

/// How many guard marks end right before byte `at`.
[[nodiscard]] inline std::size_t guard_marks_before(std::string_view text, std::size_t at) {
  std::size_t n = 0;
  while (text.substr(0, at - n * guard_mark.size()).ends_with(guard_mark)) ++n;
  return n;
}

/// The text behind the guards: of each run of 2k or 2k+1 marks k remain.
[[nodiscard]] inline std::string without_guards(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (!text.substr(at).starts_with(guard_mark)) {
      plain += text[at++];
      continue;
    }
    at += guard_mark.size();
    if (!text.substr(at).starts_with(guard_mark)) continue;
    plain += guard_mark;
    at += guard_mark.size();
  }
  return plain;
}

/// An added token and how it is spelled in the texts that it is looked for in.
struct AddedTokenSpelling {
  const AddedToken* token;
  std::string spelling;  ///< Not empty.
};

/// A set of strings, matched leftmost and then longest.
class AddedTokenSet {
 public:
  struct Match {
    std::size_t begin, end;
    TokenId id;
  };

  /// `tokens` must outlive the set.
  explicit AddedTokenSet(std::vector<AddedTokenSpelling> tokens) : tokens_(std::move(tokens)) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string_view spelling = tokens_[i].spelling;
      std::uint32_t node = 0;
      for (const char c : spelling) {
        const auto [edge, is_new] = edges_.emplace(key(node, c), n_nodes_);
        if (is_new) ++n_nodes_;
        node = edge->second;
      }
      ends_.emplace(node, i);
      starts_[static_cast<unsigned char>(spelling[0])] = true;
      for (const char c : spelling.substr(1)) inside_[static_cast<unsigned char>(c)] = true;
      if (tokens_[i].token->single_word && !word_)
        word_ = std::make_unique<Regex>(R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}])");
    }
  }

  /// The tokens in `text` from left to right, with the white space that they take along.
  /// Source: AddedVocabulary of Hugging Face's tokenizers.
  [[nodiscard]] std::vector<Match> find(std::string_view text) const {
    std::vector<Match> matches;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
      const AddedTokenSpelling* found = walk(text, at).longest;
      if (found == nullptr || guard_marks_before(text, at) % 2 == 1) {
        ++at;
        continue;
      }
      const AddedToken* token = found->token;
      Match match{at, at + found->spelling.size(), token->id};
      at = match.end;
      if (token->single_word && (word_ends_at(text, match.begin) || word_begins_at(text, match.end))) continue;
      if (token->lstrip) match.begin = skip_white_space_back(text, match.begin, done);
      if (token->rstrip) match.end = skip_white_space(text, match.end);
      done = match.end;
      matches.push_back(match);
    }
    return matches;
  }

  [[nodiscard]] bool empty() const noexcept { return tokens_.empty(); }

  /// Whether a token could begin at `at`, also one that goes on after the end of `text`.
  [[nodiscard]] bool may_begin_at(std::string_view text, std::size_t at) const {
    const Walk found = walk(text, at);
    return found.longest != nullptr || found.reached_end;
  }

  /// Whether a token that began before `text` could go on with it.
  [[nodiscard]] bool may_continue_with(std::string_view text) const {
    return !text.empty() && inside_[static_cast<unsigned char>(text[0])];
  }

 private:
  struct Walk {
    const AddedTokenSpelling* longest = nullptr;
    bool reached_end = false;
  };

  [[nodiscard]] Walk walk(std::string_view text, std::size_t at) const {
    if (!starts_[static_cast<unsigned char>(text[at])]) return {};
    Walk result;
    std::uint32_t node = 0;
    for (; at < text.size(); ++at) {
      const auto edge = edges_.find(key(node, text[at]));
      if (edge == edges_.end()) return result;
      node = edge->second;
      if (const auto end = ends_.find(node); end != ends_.end()) result.longest = &tokens_[end->second];
    }
    result.reached_end = true;
    return result;
  }

  static std::uint64_t key(std::uint32_t node, char c) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
  }

  /// The byte at which the code point before `at` begins; `at` must not be 0.
  static std::size_t previous(std::string_view text, std::size_t at) {
    do --at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
    return at;
  }

  [[nodiscard]] bool word_ends_at(std::string_view text, std::size_t at) const {
    if (at == 0) return false;
    const std::size_t begin = previous(text, at);
    return word_->matches(text.substr(begin, at - begin));
  }

  [[nodiscard]] bool word_begins_at(std::string_view text, std::size_t at) const {
    return at < text.size() && word_->matches(text.substr(at, read_utf8(text, at).size));
  }

  static std::size_t skip_white_space(std::string_view text, std::size_t at) {
    while (at < text.size() && is_white_space(read_utf8(text, at).value)) at += read_utf8(text, at).size;
    return at;
  }

  /// Back from `at`, but not beyond `limit`.
  static std::size_t skip_white_space_back(std::string_view text, std::size_t at, std::size_t limit) {
    while (at > limit && is_white_space(read_utf8(text, previous(text, at)).value)) at = previous(text, at);
    return at;
  }

  std::vector<AddedTokenSpelling> tokens_;
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::unordered_map<std::uint32_t, std::size_t> ends_;
  std::uint32_t n_nodes_ = 1;
  std::array<bool, 256> starts_{}, inside_{};
  std::unique_ptr<Regex> word_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
