/// What TOML source must keep to before the parser sees it, which recurses once for each level of nesting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Far beyond what a task needs, far below what a stack holds.
inline constexpr std::size_t max_toml_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_toml_depth = 32;  ///< arrays and inline tables in each other; parts of a dotted key

namespace detail {

/// Walks over TOML source and counts open brackets and the dots of keys outside of strings and comments. It follows the
/// grammar as long as the source does; behind its first fault no parser goes. Errors: InputError `toml` with the line.
class TomlBoundsCheck {
 public:
  TomlBoundsCheck(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  void run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '[' && depth_ == 0 && begins_line()) check_header();
      if (c == '"' || c == '\'')
        skip_string(c);
      else if (c == '#')
        at_ = std::min(text_.find('\n', at_), text_.size());
      else
        count(c);
    }
  }

 private:
  [[nodiscard]] bool begins_line() const {
    const std::size_t before = text_.substr(0, at_).find_last_not_of(" \t");
    return before == std::string_view::npos || text_[before] == '\n';
  }

  /// toml++ 3.3 asserts, or in release builds assumes, that a header's bracket is followed by a key.
  void check_header() const {
    const std::string_view behind = text_.substr(at_ + (text_.substr(at_).starts_with("[[") ? 2 : 1));
    const std::size_t name = behind.find_first_not_of(" \t");
    if (name == std::string_view::npos) return;
    const auto c = static_cast<unsigned char>(behind[name]);
    const bool is_word = (c >= '0' && c <= '9') || ((c | 0x20u) >= 'a' && (c | 0x20u) <= 'z');
    if (!is_word && std::string_view("_-\"']").find(behind[name]) == std::string_view::npos)
      refuse("expected the name of a table behind '['");
  }

  void count(char c) {
    ++at_;
    if (c == '.') {
      if (++n_parts_ > max_toml_depth) refuse("a key has more than ", max_toml_depth, " dotted parts");
      return;
    }
    if (c == '[' || c == '{') {
      if (++depth_ > max_toml_depth) refuse("values are nested deeper than ", max_toml_depth, " levels");
    } else if ((c == ']' || c == '}') && depth_ > 0) {
      --depth_;
    }
    if (std::string_view("[]{}=,\n").find(c) != std::string_view::npos) n_parts_ = 1;
  }

  /// From an opening quote to behind the closing one; a string that stays open ends with its line or the text.
  void skip_string(char quote) {
    const char three[] = {quote, quote, quote};
    const std::string_view fence(three, 3);
    const bool multi_line = text_.substr(at_).starts_with(fence);
    at_ += multi_line ? 3 : 1;
    while (at_ < text_.size()) {
      if (quote == '"' && text_[at_] == '\\') {
        at_ += 2;
      } else if (multi_line && text_.substr(at_).starts_with(fence)) {
        // Up to two quotes may stand before the closing three.
        for (at_ += 3; at_ < text_.size() && text_[at_] == quote;) ++at_;
        return;
      } else if (!multi_line && (text_[at_] == quote || text_[at_] == '\n')) {
        at_ += text_[at_] == quote ? 1 : 0;
        return;
      } else {
        ++at_;
      }
    }
  }

  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... why) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw InputError("toml", concat(where_, " line ", line, ": ", why...));
  }

  std::string_view text_, where_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0, n_parts_ = 1;
};

}  // namespace detail

/// Errors: `toml`: InputError naming the line where keys or values nest too deep or a table has no name, or a file that
/// is too large;
/// FormatError for a file that is no UTF-8 text.
inline void check_toml_bounds(std::string_view text, std::string_view where) {
  require_text(text, "toml", where);
  if (text.size() > max_toml_bytes)
    throw InputError("toml", concat(where, " has ", text.size(), " bytes; a task.toml may have ", max_toml_bytes));
  detail::TomlBoundsCheck(text, where).run();
}

}  // namespace quantlens::inline QUANTLENS_ABI
