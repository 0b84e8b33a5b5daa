/// Changes a text before it is cut, as a tokenizer's normalizers ask.
#pragma once

#include <utf8proc.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/text/bert_text.hpp"
#include "quantlens/text/nfc.hpp"
#include "quantlens/text/regex.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Puts `content` in place of each match of a text, or of a regular expression. Immutable; may be shared by threads.
class Replacer {
 public:
  /// Errors: InputError for an empty text and for what Regex refuses.
  Replacer(std::string pattern, bool is_regex, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {
    if (pattern_.empty()) throw InputError("tokenizer", "an empty pattern cannot be replaced");
    if (is_regex) regex_.emplace(pattern_);
  }

  /// Errors: InputError where the text grows beyond 1 GiB.
  [[nodiscard]] std::string replace(std::string_view text) const {
    constexpr std::size_t most_bytes = std::size_t{1} << 30;
    std::string result;
    std::size_t done = 0;
    const auto put = [&](std::size_t begin, std::size_t end) {
      if (result.size() > most_bytes) throw InputError("tokenizer", "replacing makes more than 1 GiB of a text");
      result += text.substr(done, begin - done);
      result += content_;
      done = end;
    };
    if (regex_) {
      RegexScratch scratch;
      regex_->for_each_match(text, scratch, put);
    } else {
      for (std::size_t at = text.find(pattern_); at != text.npos; at = text.find(pattern_, done))
        put(at, at + pattern_.size());
    }
    return result += text.substr(done);
  }

 private:
  std::string pattern_, content_;
  std::optional<Regex> regex_;
};

/// Each character's own lower case. Source: Unicode 14, UnicodeData and the one unconditional entry of SpecialCasing
/// that is longer.
[[nodiscard]] inline std::string lowercase(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    at += unit.size;
    if (unit.value == 0x130)
      result += "i\u0307";
    else
      append_utf8(result, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(unit.value))));
  }
  return result;
}

/// `text` without the white space at its ends.
[[nodiscard]] inline std::string_view strip_white_space(std::string_view text, bool left, bool right) {
  std::size_t begin = text.size(), end = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    if (!is_white_space(unit.value)) {
      begin = std::min(begin, at);
      end = at + unit.size;
    }
    at += unit.size;
  }
  if (!left) begin = 0;
  if (!right) end = text.size();
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

/// Immutable; may be shared by threads.
class Normalizer {
 public:
  explicit Normalizer(std::vector<NormalizerStep> steps) : steps_(std::move(steps)) {
    for (const NormalizerStep& step : steps_)
      if (step.kind == NormalizerStep::Kind::replace)
        replacers_.emplace_back(step.pattern, step.is_regex, step.content);
  }

  /// `text` must be valid UTF-8.
  [[nodiscard]] std::string normalize(std::string_view text) const {
    std::string result(text);
    auto replacer = replacers_.begin();
    for (const NormalizerStep& step : steps_) {
      switch (step.kind) {
        case NormalizerStep::Kind::nfc:
          result = normalize_unicode(result, {.composed = true, .compatibility = false});
          break;
        case NormalizerStep::Kind::nfd:
          result = normalize_unicode(result, {.composed = false, .compatibility = false});
          break;
        case NormalizerStep::Kind::nfkc:
          result = normalize_unicode(result, {.composed = true, .compatibility = true});
          break;
        case NormalizerStep::Kind::nfkd:
          result = normalize_unicode(result, {.composed = false, .compatibility = true});
          break;
        case NormalizerStep::Kind::lowercase:
          result = lowercase(result);
          break;
        case NormalizerStep::Kind::clean:
          result = clean_text(result);
          break;
        case NormalizerStep::Kind::space_han:
          result = space_han(result);
          break;
        case NormalizerStep::Kind::drop_marks:
          result = drop_nonspacing_marks(result);
          break;
        case NormalizerStep::Kind::strip:
          result = std::string(strip_white_space(result, step.left, step.right));
          break;
        case NormalizerStep::Kind::prepend:
          if (!result.empty()) result.insert(0, step.content);
          break;
        case NormalizerStep::Kind::replace:
          result = (replacer++)->replace(result);
          break;
      }
    }
    return result;
  }

  /// Whether a text may be normalized in advance: doing it twice, or to a part of a text, changes nothing.
  [[nodiscard]] bool may_be_repeated() const {
    return std::all_of(steps_.begin(), steps_.end(),
                       [](const NormalizerStep& step) { return step.kind <= NormalizerStep::Kind::lowercase; });
  }

 private:
  std::vector<NormalizerStep> steps_;
  std::vector<Replacer> replacers_;  // Of the steps that replace, in their order.
};

}  // namespace quantlens::inline QUANTLENS_ABI
