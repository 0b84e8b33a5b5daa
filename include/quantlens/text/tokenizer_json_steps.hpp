/// Reads the normalizers, pre-tokenizers and decoders of tokenizer.json.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/text/bert_text.hpp"
#include "quantlens/text/pretokenizer.hpp"
#include "quantlens/text/regex_dialect.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/tokenizer_json_members.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::detail {

/// Adds to the steps of one tokenizer's data. A step that is not known is refused by name.
class TokenizerStepsReader : protected TokenizerJsonMembers {
 public:
  explicit TokenizerStepsReader(TokenizerData& data) : data_(data) {}

  /// A null has no steps.
  void read_normalizer(const json& step) {
    if (step.is_null()) return;
    const std::string type = type_of(step, "normalizer");
    const std::string what = "the normalizer " + type;
    using Kind = NormalizerStep::Kind;
    static constexpr std::pair<std::string_view, Kind> simple[] = {{"NFC", Kind::nfc},
                                                                   {"NFD", Kind::nfd},
                                                                   {"NFKC", Kind::nfkc},
                                                                   {"NFKD", Kind::nfkd},
                                                                   {"Lowercase", Kind::lowercase}};
    for (const auto& [name, kind] : simple) {
      if (type != name) continue;
      only(step, what, {"type"});
      data_.normalizers.push_back({.kind = kind});
      return;
    }
    if (type == "BertNormalizer") {
      read_bert_normalizer(step, what);
    } else if (type == "Sequence") {
      only(step, what, {"type", "normalizers"});
      for (const json& part : array(step, "normalizers")) read_normalizer(part);
    } else if (type == "Strip") {
      only(step, what, {"type", "strip_left", "strip_right"});
      data_.normalizers.push_back({.kind = Kind::strip,
                                   .left = boolean(step, "strip_left", true),
                                   .right = boolean(step, "strip_right", true)});
    } else if (type == "Prepend") {
      only(step, what, {"type", "prepend"});
      data_.normalizers.push_back({.kind = Kind::prepend, .content = string(step, "prepend")});
    } else if (type == "Replace") {
      only(step, what, {"type", "pattern", "content"});
      auto [pattern, is_regex] = pattern_of(step, what);
      data_.normalizers.push_back({.kind = Kind::replace,
                                   .pattern = std::move(pattern),
                                   .content = string(step, "content"),
                                   .is_regex = is_regex});
    } else {
      refuse_type("normalizer", type,
                  "NFC, NFD, NFKC, NFKD, Lowercase, BertNormalizer, Strip, Prepend, Replace, Sequence of these");
    }
  }

  /// A null has no steps.
  void read_pre_tokenizer(const json& step) {
    if (step.is_null()) return;
    const std::string type = type_of(step, "pre-tokenizer");
    const std::string what = "the pre-tokenizer " + type;
    if (type == "Sequence") {
      only(step, what, {"type", "pretokenizers"});
      for (const json& part : array(step, "pretokenizers")) read_pre_tokenizer(part);
      return;
    }
    if (data_.byte_level) refuse("the pre-tokenizer ", type, " comes after ByteLevel, which must be the last step");
    using Kind = PreTokenizerStep::Kind;
    using Matches = PreTokenizerStep::Matches;
    // What Hugging Face's engine calls \w; PCRE2's \w is another set.
    static constexpr std::string_view word = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control})";
    auto& steps = data_.pre_tokenizers;
    if (type == "ByteLevel") {
      only(step, what, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
      if (boolean(step, "add_prefix_space", true)) steps.push_back({.kind = Kind::blank_in_front});
      if (boolean(step, "use_regex", true)) steps.push_back(pre_tokenizer_family("gpt-2").steps()[0]);
      data_.byte_level = true;
    } else if (type == "Digits") {
      only(step, what, {"type", "individual_digits"});
      steps.push_back({.pattern = boolean(step, "individual_digits", false) ? R"(\p{N})" : R"(\p{N}+)"});
    } else if (type == "Split") {
      only(step, what, {"type", "pattern", "behavior", "invert"});
      const auto [pattern, is_regex] = pattern_of(step, what);
      steps.push_back({.pattern = is_regex ? pattern : to_pcre2(literal_pattern(pattern)),
                       .matches = matches_of(string(step, "behavior")),
                       .invert = boolean(step, "invert", false)});
    } else if (type == "Metaspace") {
      steps.push_back(metaspace(step, what));
    } else if (type == "Whitespace") {
      only(step, what, {"type"});
      steps.push_back({.pattern = concat("[", word, "]+|[^", word, "\\p{White_Space}]+"),
                       .matches = Matches::removed,
                       .invert = true});
    } else if (type == "WhitespaceSplit") {
      only(step, what, {"type"});
      steps.push_back({.pattern = to_pcre2(R"(\s)"), .matches = Matches::removed});
    } else if (type == "Punctuation") {
      only(step, what, {"type", "behavior"});
      steps.push_back(
          {.pattern = std::string(punctuation_pattern), .matches = matches_of(string(step, "behavior", "Isolated"))});
    } else if (type == "BertPreTokenizer") {
      only(step, what, {"type"});
      steps.push_back({.pattern = to_pcre2(R"(\s)"), .matches = Matches::removed});
      steps.push_back({.pattern = std::string(punctuation_pattern)});
    } else {
      refuse_type("pre-tokenizer", type,
                  "ByteLevel, Digits, Split, Metaspace, Whitespace, WhitespaceSplit, Punctuation, BertPreTokenizer, "
                  "Sequence of these");
    }
  }

  /// A null has no steps.
  void read_decoder(const json& step) {
    if (step.is_null()) return;
    const std::string type = type_of(step, "decoder");
    const std::string what = "the decoder " + type;
    using Kind = DecoderStep::Kind;
    if (type == "Sequence") {
      only(step, what, {"type", "decoders"});
      for (const json& part : array(step, "decoders")) read_decoder(part);
    } else if (type == "ByteLevel") {
      only(step, what, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
      data_.decoders.push_back({.kind = Kind::byte_level});
    } else if (type == "ByteFallback" || type == "Fuse") {
      only(step, what, {"type"});
      data_.decoders.push_back({.kind = type == "Fuse" ? Kind::fuse : Kind::byte_fallback});
    } else if (type == "Replace") {
      only(step, what, {"type", "pattern", "content"});
      auto [pattern, is_regex] = pattern_of(step, what);
      data_.decoders.push_back({.kind = Kind::replace,
                                .pattern = std::move(pattern),
                                .content = string(step, "content"),
                                .is_regex = is_regex});
    } else if (type == "Strip") {
      only(step, what, {"type", "content", "start", "stop"});
      data_.decoders.push_back({.kind = Kind::strip,
                                .pattern = character(step, "content"),
                                .start = static_cast<std::size_t>(id_of(member(step, "start"), "the decoder's start")),
                                .stop = static_cast<std::size_t>(id_of(member(step, "stop"), "the decoder's stop"))});
    } else if (type == "Metaspace") {
      const PreTokenizerStep read = metaspace(step, what);
      data_.decoders.push_back({.kind = Kind::metaspace,
                                .pattern = read.replacement,
                                .drops_prefix = read.prefix != PreTokenizerStep::Prefix::never});
    } else if (type == "WordPiece") {
      only(step, what, {"type", "prefix", "cleanup"});
      data_.decoders.push_back({.kind = Kind::word_piece,
                                .pattern = string(step, "prefix", "##"),
                                .tidies = boolean(step, "cleanup", true)});
    } else {
      refuse_type("decoder", type,
                  "ByteLevel, ByteFallback, Fuse, Replace, Strip, Metaspace, WordPiece, Sequence of these");
    }
  }

 private:
  /// Accents go with the case of letters where the file doesn't say.
  void read_bert_normalizer(const json& step, const std::string& what) {
    only(step, what, {"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
    using Kind = NormalizerStep::Kind;
    const bool lowers = boolean(step, "lowercase", true);
    const auto add = [&](bool wanted, Kind kind) {
      if (wanted) data_.normalizers.push_back({.kind = kind});
    };
    add(boolean(step, "clean_text", true), Kind::clean);
    add(boolean(step, "handle_chinese_chars", true), Kind::space_han);
    const bool strips = boolean(step, "strip_accents", lowers);
    add(strips, Kind::nfd);
    add(strips, Kind::drop_marks);
    add(lowers, Kind::lowercase);
  }

  struct Pattern {
    std::string text;
    bool is_regex;
  };

  static Pattern pattern_of(const json& step, const std::string& what) {
    const json& pattern = member(step, "pattern");
    only(pattern, what + "'s pattern", {"Regex", "String"});
    if (pattern.contains("Regex")) return {to_pcre2(string(pattern, "Regex")), true};
    return {string(pattern, "String"), false};
  }

  static std::string character(const json& step, const char* key) {
    std::string text = string(step, key);
    if (text.empty() || read_utf8(text, 0).size != text.size()) refuse("'", key, "' is not one character");
    return text;
  }

  static PreTokenizerStep::Matches matches_of(const std::string& behavior) {
    using Matches = PreTokenizerStep::Matches;
    static constexpr std::pair<std::string_view, Matches> known[] = {
        {"Isolated", Matches::isolated},
        {"Removed", Matches::removed},
        {"MergedWithPrevious", Matches::merged_with_previous},
        {"MergedWithNext", Matches::merged_with_next},
        {"Contiguous", Matches::contiguous}};
    for (const auto& [name, matches] : known)
      if (behavior == name) return matches;
    refuse_type("pre-tokenizer's split behavior", behavior,
                "Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous");
  }

  /// Older files say add_prefix_space, newer ones prepend_scheme.
  static PreTokenizerStep metaspace(const json& step, const std::string& what) {
    only(step, what, {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
    using Prefix = PreTokenizerStep::Prefix;
    const bool adds = boolean(step, "add_prefix_space", true);
    const std::string scheme = string(step, "prepend_scheme", adds ? "always" : "never");
    if (scheme != "always" && scheme != "first" && scheme != "never")
      refuse_type("prepend_scheme", scheme, "always, first, never");
    if (!adds && scheme != "never") refuse(what, " has the prepend_scheme ", scheme, " and no add_prefix_space");
    return {.kind = PreTokenizerStep::Kind::metaspace,
            .replacement = character(step, "replacement"),
            .cuts = boolean(step, "split", true),
            .prefix = scheme == "always"  ? Prefix::always
                      : scheme == "first" ? Prefix::first
                                          : Prefix::never};
  }

  TokenizerData& data_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::detail
