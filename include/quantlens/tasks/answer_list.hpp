/// The accepted answers that one column of a data file holds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// The strings of a list as Python or JSON writes it, however deeply nested: (('a', "b"),) and ["a", "b"] alike.
class QuotedStrings {
 public:
  explicit QuotedStrings(std::string_view text) : text_(text) {}

  /// Errors: InputError for anything but brackets, commas, blanks and quoted strings.
  [[nodiscard]] std::vector<std::string> read() {
    std::vector<std::string> strings;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        strings.push_back(quoted(c));
      } else if (is_blank(c) || std::string_view("()[],").find(c) != std::string_view::npos) {
        ++at_;
      } else {
        fail("expected a list of quoted strings");
      }
    }
    return strings;
  }

 private:
  [[noreturn]] void fail(std::string_view why) const {
    throw InputError("answers", concat(why, " at '", text_.substr(at_, 20), "'"));
  }

  [[nodiscard]] std::string quoted(char quote) {
    std::string content;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return content;
      }
      if (text_[at_] == '\\')
        read_escape(content);
      else
        content += text_[at_];
    }
    fail("a quote is never closed");
  }

  /// Leaves `at_` on the escape's last character.
  void read_escape(std::string& content) {
    const char kind = ++at_ < text_.size() ? text_[at_] : '\0';
    constexpr std::string_view letters = "nrt", controls = "\n\r\t";
    constexpr std::string_view code_points = "xuU", themselves = "\\'\"/";
    if (const std::size_t letter = letters.find(kind); letter != std::string_view::npos) {
      content += controls[letter];
    } else if (const std::size_t length = code_points.find(kind); length != std::string_view::npos) {
      append_utf8(content, code_point(std::size_t{2} << length));
    } else if (themselves.find(kind) != std::string_view::npos) {
      content += kind;
    } else {
      fail("unknown escape");
    }
  }

  [[nodiscard]] char32_t code_point(std::size_t n_digits) {
    char32_t value = 0;
    for (std::size_t i = 0; i < n_digits; ++i) {
      constexpr std::string_view digits = "0123456789abcdef";
      const std::size_t digit = ++at_ < text_.size() ? digits.find(to_lower(text_[at_])) : std::string_view::npos;
      if (digit == std::string_view::npos) fail("expected a hexadecimal digit");
      value = value * 16 + static_cast<char32_t>(digit);
    }
    if ((value >= 0xd800 && value < 0xe000) || value > 0x10ffff) fail("expected a code point");
    return value;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace detail

/// The answers in `text`, without blanks at their ends, without empty and repeated ones. `separator` stands between
/// them; an empty one says that the text is a list as Python or JSON writes it.
/// Errors: InputError for a text that is no such list.
[[nodiscard]] inline std::vector<std::string> read_answers(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  if (separator.empty()) {
    parts = detail::QuotedStrings(text).read();
  } else {
    for (std::size_t begin = 0, end = 0; end != std::string_view::npos; begin = end + separator.size()) {
      end = text.find(separator, begin);
      parts.emplace_back(text.substr(begin, end - begin));
    }
  }
  std::vector<std::string> answers;
  for (const std::string& part : parts) {
    std::string answer(strip_blanks(part));
    if (!answer.empty() && std::find(answers.begin(), answers.end(), answer) == answers.end())
      answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace quantlens::inline QUANTLENS_ABI
