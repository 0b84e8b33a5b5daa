/// From the spellings of tokens to text, as a tokenizer's decoders ask.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/byte_alphabet.hpp"
#include "quantlens/text/normalizer.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The byte that a token such as <0x0A> stands for, -1 for any other token.
[[nodiscard]] inline int byte_of_fallback_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
  unsigned byte = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, byte, 16);
  return error == std::errc() && end == token.data() + 5 ? static_cast<int>(byte) : -1;
}

/// Immutable; may be shared by threads.
/// Source: the decoders of those names in Hugging Face's tokenizers, which each turn a list of strings into another.
class Decoder {
 public:
  /// Errors: InputError for what Replacer refuses and a pattern of Metaspace or Strip that is not there.
  explicit Decoder(std::vector<DecoderStep> steps) : steps_(std::move(steps)) {
    for (const DecoderStep& step : steps_) {
      if (step.kind == DecoderStep::Kind::replace)
        replacers_.emplace_back(step.pattern, step.is_regex, step.content);
      else if (step.kind == DecoderStep::Kind::metaspace)
        replacers_.emplace_back(step.pattern, false, " ");
      else if (step.kind == DecoderStep::Kind::strip && step.pattern.empty())
        throw InputError("tokenizer", "the decoder Strip has nothing to strip");
    }
  }

  /// The text that tokens of these spellings stand for; bytes that are not UTF-8 become U+FFFD.
  [[nodiscard]] std::string decode(std::vector<std::string> tokens) const {
    auto replacer = replacers_.begin();
    for (const DecoderStep& step : steps_) {
      switch (step.kind) {
        case DecoderStep::Kind::byte_level:
          tokens = {replace_invalid_utf8(joined(std::move(tokens), bytes_of_spelling))};
          break;
        case DecoderStep::Kind::metaspace:
          for (std::size_t i = 0; i < tokens.size(); ++i)
            tokens[i] = i == 0 && step.drops_prefix ? Replacer(step.pattern, false, "").replace(tokens[i])
                                                    : replacer->replace(tokens[i]);
          ++replacer;
          break;
        case DecoderStep::Kind::replace:
          for (std::string& token : tokens) token = replacer->replace(token);
          ++replacer;
          break;
        case DecoderStep::Kind::byte_fallback:
          tokens = with_bytes_joined(std::move(tokens));
          break;
        case DecoderStep::Kind::fuse:
          tokens = {joined(std::move(tokens), [](std::string_view token) { return std::string(token); })};
          break;
        case DecoderStep::Kind::strip:
          for (std::string& token : tokens) token = stripped(token, step);
          break;
        case DecoderStep::Kind::word_piece:
          for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = word_part(std::move(tokens[i]), i == 0, step);
          break;
      }
    }
    return joined(std::move(tokens), [](std::string_view token) { return std::string(token); });
  }

 private:
  template <class Spell>
  static std::string joined(std::vector<std::string> tokens, Spell&& spell) {
    std::string text;
    for (const std::string& token : tokens) text += spell(token);
    return text;
  }

  /// Runs of byte tokens as the text that they are, or one U+FFFD a byte where they are none.
  static std::vector<std::string> with_bytes_joined(std::vector<std::string> tokens) {
    std::vector<std::string> result;
    std::string bytes;
    const auto flush = [&] {
      if (first_invalid_utf8(bytes)) {
        const std::size_t n = bytes.size();
        bytes.clear();
        for (std::size_t i = 0; i < n; ++i) bytes += "\uFFFD";
      }
      if (!bytes.empty()) result.push_back(std::exchange(bytes, {}));
    };
    for (std::string& token : tokens) {
      if (const int byte = byte_of_fallback_token(token); byte >= 0) {
        bytes += static_cast<char>(byte);
        continue;
      }
      flush();
      result.push_back(std::move(token));
    }
    flush();
    return result;
  }

  static std::string stripped(std::string_view token, const DecoderStep& step) {
    for (std::size_t i = 0; i < step.start && token.starts_with(step.pattern); ++i)
      token.remove_prefix(step.pattern.size());
    for (std::size_t i = 0; i < step.stop && token.ends_with(step.pattern); ++i)
      token.remove_suffix(step.pattern.size());
    return std::string(token);
  }

  /// A token within a word loses its prefix, any other one but the first gets a blank in front.
  static std::string word_part(std::string token, bool is_first, const DecoderStep& step) {
    if (!is_first) {
      if (token.starts_with(step.pattern))
        token.erase(0, step.pattern.size());
      else
        token.insert(0, " ");
    }
    if (!step.tidies) return token;
    static constexpr std::pair<std::string_view, std::string_view> tidier[] = {
        {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
        {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (const auto& [untidy, tidy] : tidier)
      token = Replacer(std::string(untidy), false, std::string(tidy)).replace(token);
    return token;
  }

  std::vector<DecoderStep> steps_;
  std::vector<Replacer> replacers_;  // Of the steps that replace, in their order.
};

}  // namespace quantlens::inline QUANTLENS_ABI
