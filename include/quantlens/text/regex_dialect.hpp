/// Split patterns of tokenizer files are written for Oniguruma; this states them for PCRE2 or refuses.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// One pass over a pattern. Only constructs that mean the same in both engines pass; see to_pcre2().
class DialectReader {
 public:
  explicit DialectReader(std::string_view pattern) : pattern_(pattern) {}

  std::string translate() {
    while (at_ < pattern_.size()) {
      const char c = pattern_[at_];
      if (c == '\\')
        escape();
      else if (c == '[')
        character_class();
      else if (c == '(')
        group();
      else if (c == '{')
        interval();
      else if (c == '.' || c == '^' || c == '$')
        refuse(1, "means something else in the tokenizer's own engine");
      else
        take(1);
    }
    return std::move(out_);
  }

 private:
  void take(std::size_t n) {
    out_ += pattern_.substr(at_, n);
    at_ += n;
  }

  [[nodiscard]] bool next_is(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  [[noreturn]] void refuse(std::size_t n, std::string_view why) const {
    throw InputError("regex", concat("split pattern '", pattern_, "' at byte ", at_, ": '", pattern_.substr(at_, n),
                                     "' ", why, "; it is not supported"));
  }

  void escape() {
    const char c = at_ + 1 < pattern_.size() ? pattern_[at_ + 1] : '\0';
    if (c == 's' || c == 'S') {
      out_ += c == 's' ? "\\p{White_Space}" : "\\P{White_Space}";
      at_ += 2;
    } else if (c == 'p' || c == 'P') {
      property();
    } else if (c == 'd' || c == 'D' || c == 'r' || c == 'n' || c == 't') {
      take(2);
    } else if (c > ' ' && c < 0x7f && std::isalnum(static_cast<unsigned char>(c)) == 0) {
      take(2);
    } else {
      refuse(2, "is an escape that the two engines may read differently");
    }
  }

  void property() {
    // Scripts mean script extensions in PCRE2, and C holds whatever is unassigned: general categories only.
    static constexpr std::string_view groups = "LMNPSZ";
    static constexpr std::array<std::string_view, 6> members = {"ultmo", "nce", "dlo", "cdseifo", "mcko", "slp"};
    const std::size_t close = std::min(pattern_.find('}', at_), pattern_.size() - 1);
    const std::string_view name = next_is("\\p{") || next_is("\\P{") ? pattern_.substr(at_ + 3, close - at_ - 3) : "";
    const std::size_t group = name.empty() ? groups.npos : groups.find(name[0]);
    const bool known =
        group != groups.npos &&
        (name.size() == 1 || (name.size() == 2 && members[group].find(name[1]) != std::string_view::npos));
    if (!known) refuse(close + 1 - at_, "is not a general category");
    take(close + 1 - at_);
  }

  void character_class() {
    take(1);
    if (next_is("^")) take(1);
    if (next_is("]")) refuse(1, "begins a class");
    while (!next_is("]")) {
      if (at_ >= pattern_.size())
        throw InputError("regex", concat("split pattern '", pattern_, "': a class never ends"));
      if (next_is("[") || next_is("&&")) refuse(2, "is a set operation inside a class");
      if (pattern_[at_] == '\\')
        escape();
      else
        take(1);
    }
    take(1);
  }

  void group() {
    if (!next_is("(?")) return take(1);
    if (next_is("(?i:")) {
      // Oniguruma folds these to one character ("ss" matches U+00DF), PCRE2 doesn't.
      std::string body(pattern_.substr(at_, pattern_.find(')', at_) - at_));
      for (char& c : body) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      const bool ascii =
          std::all_of(body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
      for (const std::string_view pair : {"ss", "ff", "fi", "fl", "st"})
        if (!ascii || body.find(pair) != std::string::npos) refuse(body.size(), "ignores case beyond single letters");
      return take(4);
    }
    if (next_is("(?:") || next_is("(?=") || next_is("(?!")) return take(3);
    refuse(3, "is a group of another kind");
  }

  void interval() {
    const std::size_t close = pattern_.find('}', at_);
    const std::string_view inside = pattern_.substr(at_ + 1, close == pattern_.npos ? 0 : close - at_ - 1);
    const bool digits =
        std::all_of(inside.begin(), inside.end(), [](char c) { return c == ',' || (c >= '0' && c <= '9'); });
    if (inside.empty() || !digits || inside[0] == ',') refuse(1, "does not begin an interval such as {1,3}");
    take(close + 1 - at_);
    if (next_is("+") || next_is("?") || next_is("*"))
      refuse(1, "after an interval means something else in the two engines");
  }

  std::string_view pattern_;
  std::string out_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// The PCRE2 pattern that matches what `pattern` matches in Oniguruma, the engine of Hugging Face's tokenizers.
/// The one rewriting is of `\s` and `\S`, which become the White_Space property: PCRE2's own `\s` holds U+180E as well.
/// Errors: InputError for a construct that the two engines read differently, by name.
[[nodiscard]] inline std::string to_pcre2(std::string_view pattern) {
  return detail::DialectReader(pattern).translate();
}

/// The pattern, for to_pcre2(), that matches `text` and nothing else.
[[nodiscard]] inline std::string literal_pattern(std::string_view text) {
  std::string pattern;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && std::ispunct(static_cast<unsigned char>(c)) != 0) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace quantlens::inline QUANTLENS_ABI
