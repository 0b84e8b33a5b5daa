/// Cuts text into the pieces that byte-pair encoding works on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/text/normalizer.hpp"
#include "quantlens/text/regex.hpp"
#include "quantlens/text/regex_dialect.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A published way to cut text: patterns that apply one after the other, each to the pieces of the one before.
struct PreTokenizerFamily {
  std::string name;
  std::vector<std::string> patterns;
  bool adds_bos = false;       ///< Where a GGUF file doesn't say.
  bool ignore_merges = false;  ///< A piece that is a token stays whole.
  bool nfc = false;
  std::vector<std::string> aliases;  ///< What GGUF files call it, too.

  /// How the family cuts text.
  [[nodiscard]] std::vector<PreTokenizerStep> steps() const {
    std::vector<PreTokenizerStep> all;
    for (const std::string& pattern : patterns) all.push_back({.pattern = to_pcre2(pattern)});
    return all;
  }
  [[nodiscard]] std::vector<NormalizerStep> normalizers() const {
    return nfc ? std::vector<NormalizerStep>{{}} : std::vector<NormalizerStep>{};
  }
};

/// The families that are known by name.
/// Source: the pre_tokenizer of each model's tokenizer.json; aliases, smaug-bpe, default and what GGUF files leave open
/// as in llama.cpp's llama-vocab.cpp.
[[nodiscard]] inline const std::vector<PreTokenizerFamily>& pre_tokenizer_families() {
  static const std::string gpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  static const std::string after_numbers = R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  static const std::string words = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)";
  static const std::vector<PreTokenizerFamily> families = {
      {"gpt-2",
       {gpt2},
       false,
       false,
       false,
       {"phi-2", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de", "gigachat", "a.x-4.0", "mellum"}},
      {"smollm", {R"(\p{N})", gpt2}, false, false, false, {}},
      {"llama-bpe",
       {words + R"(\p{N}{1,3})" + after_numbers},
       true,
       true,
       false,
       {"llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"}},
      {"qwen2", {words + R"(\p{N})" + after_numbers}, false, false, true, {"deepseek-r1-qwen", "megrez"}},
      {"smaug-bpe", {words + R"(\p{N}{1,3})" + after_numbers}, false, false, false, {"dbrx"}},
      {"default",
       {R"([\p{P}\$\+<=>\^~\|]+)", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))",
        R"(\p{N}+)", R"([0-9][0-9][0-9])"},
       false,
       false,
       false,
       {}},
  };
  return families;
}

/// Errors: InputError for a name that is not known, with those that are.
[[nodiscard]] inline const PreTokenizerFamily& pre_tokenizer_family(std::string_view name) {
  std::vector<std::string> names;
  for (const PreTokenizerFamily& family : pre_tokenizer_families()) {
    if (family.name == name) return family;
    if (std::find(family.aliases.begin(), family.aliases.end(), name) != family.aliases.end()) return family;
    names.push_back(family.name);
  }
  throw unknown_name("pre-tokenizer", name, names);
}

/// The pieces of a text, in order.
class Pieces {
 public:
  [[nodiscard]] auto begin() const noexcept { return pieces_.begin(); }
  [[nodiscard]] auto end() const noexcept { return pieces_.end(); }

 private:
  friend class PreTokenizer;
  std::vector<std::string_view> pieces_;
  std::deque<std::string> changed_;  // Pieces that are no part of the text; a deque, because pieces_ points into it.
};

/// Immutable; may be shared by threads.
/// Source: the pre-tokenizers Split, Digits, Metaspace and ByteLevel of Hugging Face's tokenizers.
class PreTokenizer {
 public:
  /// Errors: InputError for a pattern that Regex refuses and a metaspace without replacement.
  explicit PreTokenizer(std::vector<PreTokenizerStep> steps) : steps_(std::move(steps)) {
    for (const PreTokenizerStep& step : steps_) {
      if (step.kind == PreTokenizerStep::Kind::split) regexes_.emplace_back(step.pattern);
      if (step.kind == PreTokenizerStep::Kind::metaspace && step.replacement.empty())
        throw InputError("tokenizer", "the pre-tokenizer Metaspace has an empty replacement");
    }
  }

  /// The pieces of `text`, which must be valid UTF-8 and outlive them. `at_start`: whether the text begins here, so
  /// that its first piece may get a blank in front.
  [[nodiscard]] Pieces split(std::string_view text, bool at_start = true) const {
    Pieces pieces;
    if (text.empty()) return pieces;
    pieces.pieces_.push_back(text);
    auto regex = regexes_.begin();
    for (const PreTokenizerStep& step : steps_) {
      if (step.kind == PreTokenizerStep::Kind::split)
        cut_all(pieces, step, *regex++);
      else
        change_all(pieces, step, at_start ? text.data() : nullptr);
    }
    return pieces;
  }

 private:
  using Matches = PreTokenizerStep::Matches;

  /// A stretch of a piece, and whether it counts as match.
  struct Part {
    std::size_t begin, end;
    bool is_match;
  };

  static void cut_all(Pieces& pieces, const PreTokenizerStep& step, const Regex& regex) {
    RegexScratch scratch;
    std::vector<std::string_view> finer;
    std::vector<Part> parts;
    for (const std::string_view piece : pieces.pieces_) {
      parts.clear();
      std::size_t done = 0;
      const auto put = [&](std::size_t end, bool is_match) {
        if (end > done) parts.push_back({done, end, is_match != step.invert});
        done = end;
      };
      regex.for_each_match(piece, scratch, [&](std::size_t begin, std::size_t end) {
        put(begin, false);
        put(end, true);
      });
      put(piece.size(), false);
      merge(parts, step.matches);
      for (const Part& part : parts) finer.push_back(piece.substr(part.begin, part.end - part.begin));
    }
    pieces.pieces_ = std::move(finer);
  }

  static void merge(std::vector<Part>& parts, Matches matches) {
    switch (matches) {
      case Matches::isolated:
        return;
      case Matches::removed:
        std::erase_if(parts, [](const Part& part) { return part.is_match; });
        return;
      case Matches::contiguous:
        return join(parts, [](const Part& left, const Part& right) { return left.is_match == right.is_match; });
      case Matches::merged_with_previous:
        return join(parts, [](const Part& left, const Part& right) { return right.is_match && !left.is_match; });
      case Matches::merged_with_next:
        return join(parts, [](const Part& left, const Part& right) { return left.is_match && !right.is_match; });
    }
  }

  /// Joins each part with the one before it where the two, as they were cut, belong together.
  template <class Belong>
  static void join(std::vector<Part>& parts, Belong&& belong) {
    std::vector<Part> joined;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0 && belong(parts[i - 1], parts[i]))
        joined.back().end = parts[i].end;
      else
        joined.push_back(parts[i]);
    }
    parts = std::move(joined);
  }

  /// Metaspace's replacements, and the blank that it or ByteLevel puts in front of pieces.
  static void change_all(Pieces& pieces, const PreTokenizerStep& step, const char* start) {
    const bool is_metaspace = step.kind == PreTokenizerStep::Kind::metaspace;
    const std::string mark = is_metaspace ? step.replacement : " ";
    const Replacer blanks(" ", false, mark);
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces.pieces_) {
      std::string changed = blanks.replace(piece);
      const bool wanted = !is_metaspace || step.prefix == PreTokenizerStep::Prefix::always ||
                          (step.prefix == PreTokenizerStep::Prefix::first && piece.data() == start);
      if (wanted && !changed.starts_with(mark)) changed.insert(0, mark);
      const std::string_view kept = pieces.changed_.emplace_back(std::move(changed));
      for (std::size_t begin = 0; begin < kept.size();) {
        const std::size_t end =
            is_metaspace && step.cuts ? std::min(kept.find(mark, begin + 1), kept.size()) : kept.size();
        finer.push_back(kept.substr(begin, end - begin));
        begin = end;
      }
    }
    pieces.pieces_ = std::move(finer);
  }

  std::vector<PreTokenizerStep> steps_;
  std::vector<Regex> regexes_;  // Of the steps that split, in their order.
};

}  // namespace quantlens::inline QUANTLENS_ABI
