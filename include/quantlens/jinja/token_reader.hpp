/// Tokens one after the other, with what every parser of them needs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/lexer.hpp"
#include "quantlens/jinja/limits.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

class TokenReader {
 public:
  explicit TokenReader(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

 protected:
  /// Keeps recursion within the stack.
  class Nest {
   public:
    explicit Nest(TokenReader& parser) : parser_(parser) {
      if (++parser_.depth_ > max_nesting) parser_.fail(concat("nested deeper than ", max_nesting));
    }
    ~Nest() { --parser_.depth_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    TokenReader& parser_;
  };

  [[nodiscard]] const Token& current() const { return tokens_[at_]; }
  [[nodiscard]] const Token& following() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token next() {
    const Token token = current();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  [[nodiscard]] static bool is_name(const Token& token, std::string_view name) {
    return token.kind == TokenKind::name && token.text == name;
  }
  [[nodiscard]] bool at_op(std::string_view op) const {
    return current().kind == TokenKind::op && current().text == op;
  }
  [[nodiscard]] bool at_name(std::string_view name) const { return is_name(current(), name); }
  bool skip_op(std::string_view op) { return at_op(op) && (next(), true); }
  bool skip_name(std::string_view name) { return at_name(name) && (next(), true); }
  void expect_op(std::string_view op) {
    if (!skip_op(op)) unexpected(concat("'", op, "'"));
  }
  [[nodiscard]] std::string expect_name(std::string_view what) {
    if (current().kind != TokenKind::name) unexpected(what);
    return next().text;
  }
  void back() { --at_; }
  void expect(TokenKind kind, std::string_view what) {
    if (current().kind != kind) unexpected(what);
    next();
  }
  [[noreturn]] void fail(std::string_view message) const { fail_at(current().line, message); }
  [[noreturn]] void unexpected(std::string_view expected) const {
    static constexpr std::array<std::string_view, 11> kinds{
        "text", "'{{'", "'}}'", "'{%'", "'%}'", "", "a string", "a number", "a number", "", "the end of the template"};
    const Token& token = current();
    const std::string_view kind = kinds[static_cast<std::size_t>(token.kind)];
    fail(concat("expected ", expected, ", got ",
                kind.empty() ? concat("'", token.text.substr(0, 64), "'") : std::string(kind)));
  }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
