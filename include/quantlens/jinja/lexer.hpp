/// Template source to tokens, with white space handled as by trim_blocks and lstrip_blocks.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/limits.hpp"
#include "quantlens/jinja/text.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

enum class TokenKind { data, output_begin, output_end, block_begin, block_end, name, text, integer, real, op, end };

/// `text` is the data, the name, the unescaped string, the digits without underscores, or the operator.
struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  std::size_t line = 1;
};

/// Splits one template. Errors: InputError "template" with the line.
class Lexer {
 public:
  explicit Lexer(std::string_view source) {
    // Every kind of line end becomes \n, and the last one is dropped.
    for (std::size_t i = 0; i < source.size(); ++i) {
      source_ += source[i] == '\r' ? '\n' : source[i];
      if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
    if (source_.ends_with('\n')) source_.pop_back();
    rest_ = source_;
  }

  [[nodiscard]] std::vector<Token> run() {
    while (!rest_.empty()) read_data();
    emit(TokenKind::end, "");
    return std::move(tokens_);
  }

 private:
  /// The plain text up to the next tag, and that tag.
  void read_data() {
    std::size_t at = 0;
    do at = rest_.find('{', at);
    while (at != std::string_view::npos && !is_tag(at) && ++at);
    if (at == std::string_view::npos) {
      emit(TokenKind::data, rest_);
      take(rest_.size());
      return;
    }
    const char tag = rest_[at + 1];
    const char sign = at + 2 < rest_.size() && (rest_[at + 2] == '-' || rest_[at + 2] == '+') ? rest_[at + 2] : ' ';
    emit(TokenKind::data, before_tag(rest_.substr(0, at), sign, tag != '{'));
    const std::size_t tag_size = sign == ' ' ? 2 : 3;
    take(at);
    if (tag == '%' && read_raw(tag_size)) return;
    if (tag == '#') {
      take(tag_size);
      skip_comment();
      return;
    }
    emit(tag == '%' ? TokenKind::block_begin : TokenKind::output_begin, "");
    take(tag_size);
    read_tag(tag == '%');
  }

  [[nodiscard]] bool is_tag(std::size_t at) const {
    return at + 1 < rest_.size() && (rest_[at + 1] == '{' || rest_[at + 1] == '%' || rest_[at + 1] == '#');
  }

  /// The text before a tag without the blanks that the tag's sign, or lstrip_blocks, takes away.
  [[nodiscard]] std::string_view before_tag(std::string_view data, char sign, bool lstrip) const {
    if (sign == '-') return strip(data, false, true, is_space);
    if (sign == '+' || !lstrip) return data;
    const std::size_t line = data.rfind('\n') + 1;
    if (line == 0 && !line_starting_) return data;
    return strip(data.substr(line), true, true, is_space).empty() ? data.substr(0, line) : data;
  }

  /// {% raw %} up to {% endraw %}, as data. False where the tag is another one.
  bool read_raw(std::size_t tag_size) {
    const std::size_t name = after_blanks(tag_size);
    if (!rest_.substr(name).starts_with("raw")) return false;
    const std::size_t end = after_blanks(name + 3);
    if (!rest_.substr(end).starts_with("%}") && !rest_.substr(end).starts_with("-%}")) return false;
    const bool strips = rest_[end] == '-';
    take(strips ? after_blanks(end + 3) : end + 2);
    for (std::size_t at = rest_.find("{%"); at != std::string_view::npos; at = rest_.find("{%", at + 2)) {
      const char sign = rest_[std::min(at + 2, rest_.size() - 1)];
      const std::size_t word = after_blanks(at + (sign == '-' || sign == '+' ? 3 : 2));
      if (!rest_.substr(word).starts_with("endraw")) continue;
      const std::size_t close = after_blanks(word + 6);
      if (end_of(close, "%}", true) == 0) continue;
      emit(TokenKind::data, before_tag(rest_.substr(0, at), sign, true));
      take(close + end_of(close, "%}", true));
      return true;
    }
    fail_at(line_, "a raw block is not closed");
  }

  void skip_comment() {
    const std::size_t mark = rest_.find("#}");
    if (mark == std::string_view::npos) fail_at(line_, "a comment is not closed");
    const std::size_t end = mark > 0 && (rest_[mark - 1] == '-' || rest_[mark - 1] == '+') ? mark - 1 : mark;
    take(end + end_of(end, "#}", true));
  }

  /// Bytes that the closing `mark` at `at` takes, with its sign and the white space that it swallows; 0: not there.
  [[nodiscard]] std::size_t end_of(std::size_t at, std::string_view mark, bool trims) const {
    const std::string_view here = rest_.substr(std::min(at, rest_.size()));
    if (here.starts_with('-') && here.substr(1).starts_with(mark)) return after_blanks(at + 1 + mark.size()) - at;
    if (trims && here.starts_with('+') && here.substr(1).starts_with(mark)) return 1 + mark.size();
    if (!here.starts_with(mark)) return 0;
    return mark.size() + (trims && here.substr(mark.size()).starts_with('\n') ? 1 : 0);
  }

  /// The inside of {% %} or {{ }}, with its end.
  void read_tag(bool block) {
    std::string open;
    const std::string_view mark = block ? "%}" : "}}";
    while (true) {
      if (rest_.empty()) fail_at(line_, concat("a tag is not closed with ", mark));
      if (const std::size_t size = open.empty() ? end_of(0, mark, block) : 0; size > 0) {
        emit(block ? TokenKind::block_end : TokenKind::output_end, "");
        take(size);
        return;
      }
      if (const std::size_t blanks = after_blanks(0); blanks > 0) {
        take(blanks);
      } else if (is_digit(rest_[0])) {
        read_number();
      } else if (is_name(rest_[0])) {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_name);
        read(TokenKind::name, static_cast<std::size_t>(end - rest_.begin()));
      } else if (rest_[0] == '"' || rest_[0] == '\'') {
        read_string();
      } else {
        read_operator(open);
      }
    }
  }

  void read_operator(std::string& open) {
    static constexpr std::array<std::string_view, 6> pairs{"//", "**", "==", "!=", ">=", "<="};
    static constexpr std::string_view singles = "+-/*%~[](){}><=.:|,;";
    const auto pair = std::find_if(pairs.begin(), pairs.end(), [&](auto op) { return rest_.starts_with(op); });
    const char c = rest_[0];
    if (pair == pairs.end() && singles.find(c) == std::string_view::npos)
      fail_at(line_, concat("unexpected character '", rest_.substr(0, read_utf8(rest_, 0).size), "'"));
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) fail_at(line_, concat("unexpected '", c, "'"));
      open.pop_back();
    }
    read(TokenKind::op, pair == pairs.end() ? 1 : pair->size());
  }

  void read_number() {
    const auto digits = [&](std::size_t at, auto&& is_one) {
      while (at < rest_.size() &&
             (is_one(rest_[at]) || (rest_[at] == '_' && at + 1 < rest_.size() && is_one(rest_[at + 1]))))
        ++at;
      return at;
    };
    const auto starts_digits = [&](std::size_t at) { return at < rest_.size() && is_digit(rest_[at]); };
    if (rest_[0] == '0' && rest_.size() > 1 && std::string_view("xXoObB").find(rest_[1]) != std::string_view::npos)
      fail_at(line_, "only decimal numbers are supported");
    std::size_t end = digits(0, is_digit);
    bool real = false;
    // x.1.5 is two subscripts, not a subscript and a float.
    const bool subscript = !tokens_.empty() && tokens_.back().kind == TokenKind::op && tokens_.back().text == ".";
    if (!subscript && rest_.substr(end).starts_with('.') && starts_digits(end + 1)) {
      end = digits(end + 1, is_digit);
      real = true;
    }
    if (!subscript && end < rest_.size() && (rest_[end] == 'e' || rest_[end] == 'E')) {
      const std::size_t sign = end + 1 < rest_.size() && (rest_[end + 1] == '+' || rest_[end + 1] == '-') ? 1 : 0;
      if (starts_digits(end + 1 + sign)) {
        end = digits(end + 1 + sign, is_digit);
        real = true;
      }
    }
    if (!real && end > 1 && rest_[0] == '0' && rest_.substr(0, end).find_first_not_of("0_") != std::string_view::npos)
      fail_at(line_, "a number with a leading zero");
    read(real ? TokenKind::real : TokenKind::integer, end);
    std::erase(tokens_.back().text, '_');
  }

  void read_string() {
    const char quote = rest_[0];
    std::string text;
    std::size_t at = 1;
    while (at < rest_.size() && rest_[at] != quote) {
      if (rest_[at] != '\\') {
        text += rest_[at++];
      } else {
        at = read_escape(at + 1, text);
      }
    }
    if (at >= rest_.size()) fail_at(line_, "a string is not closed");
    emit(TokenKind::text, text);
    take(at + 1);
  }

  /// Appends what the escape whose letter is at `at` stands for; returns where the text goes on.
  [[nodiscard]] std::size_t read_escape(std::size_t at, std::string& text) const {
    if (at >= rest_.size()) fail_at(line_, "a string is not closed");
    static constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
    const char letter = rest_[at];
    if (letter == '\n') return at + 1;
    if (const std::size_t i = letters.find(letter); i != std::string_view::npos) {
      text += meanings[i];
      return at + 1;
    }
    if (letter == 'N' || static_cast<unsigned char>(letter) >= 0x80)
      fail_at(line_, concat("the escape \\", rest_.substr(at, read_utf8(rest_, at).size), " is not supported"));
    const bool octal = letter >= '0' && letter <= '7';
    const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (!octal && digits == 0) {
      text += '\\';
      return at;
    }
    char32_t value = 0;
    std::size_t read = 0;
    const std::size_t first = octal ? at : at + 1;
    for (; read < (octal ? 3 : digits) && first + read < rest_.size(); ++read) {
      const int digit = hex_digit(rest_[first + read]);
      if (digit < 0 || (octal && digit > 7)) break;
      value = value * (octal ? 8 : 16) + static_cast<char32_t>(digit);
    }
    if ((!octal && read < digits) || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
      fail_at(line_, concat("a broken escape \\", letter));
    append_utf8(text, value);
    return first + read;
  }

  [[nodiscard]] static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  }
  [[nodiscard]] static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  [[nodiscard]] static bool is_name(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  [[nodiscard]] std::size_t after_blanks(std::size_t at) const {
    at = std::min(at, rest_.size());
    return rest_.size() - strip(rest_.substr(at), true, false, is_space).size();
  }

  void read(TokenKind kind, std::size_t size) {
    emit(kind, rest_.substr(0, size));
    take(size);
  }
  void emit(TokenKind kind, std::string_view text) {
    if (kind != TokenKind::data || !text.empty()) tokens_.push_back({kind, std::string(text), line_});
  }
  void take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    line_ += static_cast<std::size_t>(std::count(taken.begin(), taken.end(), '\n'));
    if (!taken.empty()) line_starting_ = taken.back() == '\n';
    rest_.remove_prefix(size);
  }

  std::string source_;
  std::string_view rest_;
  std::vector<Token> tokens_;
  std::size_t line_ = 1;
  bool line_starting_ = true;  ///< What was taken last ended a line.
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
