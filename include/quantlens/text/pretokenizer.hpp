/// Cuts text into the pieces that byte-pair encoding works on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/suggest.hpp"
#include "quantlens/text/regex.hpp"
#include "quantlens/text/regex_dialect.hpp"

namespace quantlens::inline v0_1 {

/// A published way to cut text: patterns that apply one after the other, each to the pieces of the one before.
struct PreTokenizerFamily {
  std::string name;
  std::vector<std::string> patterns;
  bool adds_bos = false;       ///< Where a GGUF file doesn't say.
  bool ignore_merges = false;  ///< A piece that is a token stays whole.
  bool nfc = false;
};

/// The families that are known by name.
/// Source: the pre_tokenizer of each model's tokenizer.json; defaults of GGUF files as in llama.cpp.
[[nodiscard]] inline const std::vector<PreTokenizerFamily>& pre_tokenizer_families() {
  static const std::string gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  static const std::string after_numbers = R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  static const std::string words = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)";
  static const std::vector<PreTokenizerFamily> families = {
      {"gpt-2", {gpt2}, false, false, false},
      {"smollm", {R"(\p{N})", gpt2}, false, false, false},
      {"llama-bpe", {words + R"(\p{N}{1,3})" + after_numbers}, true, true, false},
      {"qwen2", {words + R"(\p{N})" + after_numbers}, false, false, true},
  };
  return families;
}

/// Errors: InputError for a name that is not known, with those that are.
[[nodiscard]] inline const PreTokenizerFamily& pre_tokenizer_family(std::string_view name) {
  std::vector<std::string> names;
  for (const PreTokenizerFamily& family : pre_tokenizer_families()) {
    if (family.name == name) return family;
    names.push_back(family.name);
  }
  throw unknown_name("pre-tokenizer", name, names);
}

/// Immutable; may be shared by threads.
class PreTokenizer {
 public:
  explicit PreTokenizer(const std::vector<std::string>& patterns) {
    for (const std::string& pattern : patterns) regexes_.emplace_back(to_pcre2(pattern));
  }

  /// The pieces in order; together they are the text. Both matches and what lies between them are pieces.
  /// `text` must be valid UTF-8 and outlive the pieces.
  [[nodiscard]] std::vector<std::string_view> split(std::string_view text) const {
    std::vector<std::string_view> pieces;
    if (text.empty()) return pieces;
    pieces.push_back(text);
    RegexScratch scratch;
    for (const Regex& regex : regexes_) {
      std::vector<std::string_view> finer;
      for (const std::string_view piece : pieces) {
        std::size_t done = 0;
        const auto cut = [&](std::size_t end) {
          if (end > done) finer.push_back(piece.substr(done, end - done));
          done = end;
        };
        regex.for_each_match(piece, scratch, [&](std::size_t begin, std::size_t end) {
          cut(begin);
          cut(end);
        });
        cut(piece.size());
      }
      pieces = std::move(finer);
    }
    return pieces;
  }

 private:
  std::vector<Regex> regexes_;
};

}  // namespace quantlens::inline v0_1
