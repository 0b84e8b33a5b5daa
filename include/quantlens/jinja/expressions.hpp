/// Parses the expressions of a template, by jinja2's grammar and precedence.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/ast.hpp"
#include "quantlens/jinja/filters.hpp"
#include "quantlens/jinja/lexer.hpp"
#include "quantlens/jinja/limits.hpp"
#include "quantlens/jinja/methods.hpp"
#include "quantlens/jinja/tests.hpp"
#include "quantlens/jinja/token_reader.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// What a template says between {{ }} and in its statements.
class ExpressionParser : protected TokenReader {
 public:
  using TokenReader::TokenReader;

 protected:
  /// Several expressions with commas between them are a tuple. `conditional` false leaves a following `if` alone.
  [[nodiscard]] ExprPtr tuple(bool conditional = true, bool in_brackets = false) {
    const std::size_t line = current().line;
    std::vector<ExprPtr> items;
    bool is_tuple = false;
    while (!ends_tuple()) {
      items.push_back(expression(conditional));
      if (!skip_op(",")) break;
      is_tuple = true;
    }
    if (items.size() == 1 && !is_tuple) return std::move(items.front());
    if (items.empty() && !in_brackets) unexpected("an expression");
    return make(Expr::Kind::tuple, line, std::move(items));
  }

  [[nodiscard]] ExprPtr expression(bool conditional = true) {
    const Nest nest(*this);
    const std::size_t line = current().line;
    ExprPtr value = either();
    while (conditional && skip_name("if")) {
      ExprPtr condition = either();
      ExprPtr otherwise = skip_name("else") ? expression() : nullptr;
      value =
          make(Expr::Kind::conditional, line, list_of(std::move(condition), std::move(value), std::move(otherwise)));
    }
    return value;
  }

  /// Filters from the current `|` on, or null; the first is applied to the text of a block.
  [[nodiscard]] ExprPtr block_filters(bool starts_inline) {
    ExprPtr value = make(Expr::Kind::captured, current().line);
    if (starts_inline) value = filter(std::move(value));
    while (skip_op("|")) value = filter(std::move(value));
    if (value->kind == Expr::Kind::captured) return nullptr;
    return value;
  }

  /// A call of a name that is neither built in nor bound anywhere in the template; told once all is parsed.
  void check_called_names() const {
    static const std::set<std::string, std::less<>> built_in{"range",           "dict",         "namespace",
                                                             "raise_exception", "strftime_now", "caller"};
    for (const Token& token : called_)
      if (!built_in.contains(token.text) && !bound_.contains(token.text))
        fail_at(token.line, concat("unknown function '", token.text.substr(0, 64), "'"));
  }

  void bind(const std::string& name) { bound_.insert(name); }

  /// The signatures of the macros around the current token learn which special names their bodies use.
  std::vector<Signature*> signatures_;

 private:
  template <class... Parts>
  [[nodiscard]] static std::vector<ExprPtr> list_of(Parts... parts) {
    std::vector<ExprPtr> list;
    (list.push_back(std::move(parts)), ...);
    return list;
  }

  [[nodiscard]] ExprPtr make(Expr::Kind kind, std::size_t line, std::vector<ExprPtr> parts = {}, std::string name = {},
                             std::vector<std::string> labels = {}) const {
    auto expr = std::make_unique<Expr>();
    expr->kind = kind;
    expr->line = line;
    expr->name = std::move(name);
    expr->parts = std::move(parts);
    expr->labels = std::move(labels);
    for (const ExprPtr& part : expr->parts)
      if (part) expr->height = std::max(expr->height, part->height + 1);
    if (expr->height > max_nesting) fail(concat("an expression nested deeper than ", max_nesting));
    return expr;
  }

  [[nodiscard]] ExprPtr constant(std::size_t line, Value value) const {
    auto expr = std::make_unique<Expr>();
    expr->line = line;
    expr->constant = std::move(value);
    return expr;
  }

  [[nodiscard]] bool ends_tuple() const {
    return current().kind == TokenKind::output_end || current().kind == TokenKind::block_end || at_op(")");
  }

  [[nodiscard]] ExprPtr either() {
    const std::size_t line = current().line;
    ExprPtr left = both();
    while (skip_name("or")) left = make(Expr::Kind::either, line, list_of(std::move(left), both()));
    return left;
  }

  [[nodiscard]] ExprPtr both() {
    const std::size_t line = current().line;
    ExprPtr left = inverted();
    while (skip_name("and")) left = make(Expr::Kind::both, line, list_of(std::move(left), inverted()));
    return left;
  }

  [[nodiscard]] ExprPtr inverted() {
    const std::size_t line = current().line;
    if (!skip_name("not")) return comparison();
    const Nest nest(*this);
    return make(Expr::Kind::invert, line, list_of(inverted()));
  }

  [[nodiscard]] ExprPtr comparison() {
    static constexpr std::array<std::string_view, 6> operators{"==", "!=", "<", "<=", ">", ">="};
    const std::size_t line = current().line;
    std::vector<ExprPtr> parts = list_of(operation(0));
    std::vector<std::string> labels;
    while (true) {
      if (std::any_of(operators.begin(), operators.end(), [&](auto op) { return at_op(op); })) {
        labels.push_back(next().text);
      } else if (skip_name("in")) {
        labels.emplace_back("in");
      } else if (at_name("not") && is_name(following(), "in")) {
        next();
        next();
        labels.emplace_back("not in");
      } else {
        break;
      }
      parts.push_back(operation(0));
    }
    if (labels.empty()) return std::move(parts.front());
    return make(Expr::Kind::compare, line, std::move(parts), {}, std::move(labels));
  }

  /// The binary operators by rising precedence. All associate to the left, ** too.
  [[nodiscard]] ExprPtr operation(std::size_t level) {
    static const std::array<std::vector<std::string_view>, 4> levels{
        {{"+", "-"}, {"~"}, {"*", "/", "//", "%"}, {"**"}}};
    if (level == levels.size()) return unary(true);
    const std::size_t line = current().line;
    ExprPtr left = operation(level + 1);
    const auto& operators = levels[level];
    while (std::any_of(operators.begin(), operators.end(), [&](auto op) { return at_op(op); })) {
      std::string op = next().text;
      const auto kind = op == "~" ? Expr::Kind::concat : Expr::Kind::arithmetic;
      left = make(kind, line, list_of(std::move(left), operation(level + 1)), std::move(op));
    }
    return left;
  }

  [[nodiscard]] ExprPtr unary(bool with_filters) {
    const std::size_t line = current().line;
    ExprPtr value;
    if (at_op("-") || at_op("+")) {
      const Nest nest(*this);
      const auto kind = next().text == "-" ? Expr::Kind::negate : Expr::Kind::plus;
      value = make(kind, line, list_of(unary(false)));
    } else {
      value = primary();
    }
    value = postfix(std::move(value));
    while (with_filters) {
      if (skip_op("|"))
        value = filter(std::move(value));
      else if (at_name("is"))
        value = test(std::move(value));
      else if (at_op("("))
        value = call(std::move(value));
      else
        break;
    }
    return value;
  }

  [[nodiscard]] ExprPtr primary() {
    const Token token = next();
    if (token.kind == TokenKind::name) return name(token);
    if (token.kind == TokenKind::text) {
      std::string text = token.text;
      while (current().kind == TokenKind::text) text += next().text;
      return constant(token.line, std::move(text));
    }
    if (token.kind == TokenKind::integer || token.kind == TokenKind::real) return number(token);
    if (token.kind == TokenKind::op && token.text == "(") {
      const Nest nest(*this);
      ExprPtr value = tuple(true, true);
      expect_op(")");
      return value;
    }
    if (token.kind == TokenKind::op && (token.text == "[" || token.text == "{")) {
      const Nest nest(*this);
      return token.text == "[" ? list(token.line) : dict(token.line);
    }
    back();
    unexpected("an expression");
  }

  [[nodiscard]] ExprPtr name(const Token& token) {
    if (token.text == "true" || token.text == "True") return constant(token.line, true);
    if (token.text == "false" || token.text == "False") return constant(token.line, false);
    if (token.text == "none" || token.text == "None") return constant(token.line, None{});
    for (Signature* signature : signatures_) {
      signature->uses_caller |= token.text == "caller";
      signature->uses_varargs |= token.text == "varargs";
      signature->uses_kwargs |= token.text == "kwargs";
    }
    if (at_op("(")) called_.push_back(token);
    return make(Expr::Kind::name, token.line, {}, token.text);
  }

  [[nodiscard]] ExprPtr number(const Token& token) const {
    const char* const end = token.text.data() + token.text.size();
    std::int64_t integer = 0;
    double real = 0;
    const bool is_integer = token.kind == TokenKind::integer;
    const auto result =
        is_integer ? std::from_chars(token.text.data(), end, integer) : std::from_chars(token.text.data(), end, real);
    if (result.ec != std::errc{})
      fail_at(token.line, concat("the number ", token.text.substr(0, 64), " is out of range"));
    return constant(token.line, is_integer ? Value(integer) : Value(real));
  }

  [[nodiscard]] ExprPtr list(std::size_t line) {
    std::vector<ExprPtr> items;
    while (!at_op("]")) {
      items.push_back(expression());
      if (!skip_op(",")) break;
    }
    expect_op("]");
    return make(Expr::Kind::list, line, std::move(items));
  }

  [[nodiscard]] ExprPtr dict(std::size_t line) {
    std::vector<ExprPtr> parts;
    while (!at_op("}")) {
      parts.push_back(expression());
      expect_op(":");
      parts.push_back(expression());
      if (!skip_op(",")) break;
    }
    expect_op("}");
    return make(Expr::Kind::dict, line, std::move(parts));
  }

  [[nodiscard]] ExprPtr postfix(ExprPtr value) {
    while (true) {
      if (skip_op("."))
        value = attribute(std::move(value));
      else if (skip_op("["))
        value = subscript(std::move(value));
      else if (at_op("("))
        value = call(std::move(value));
      else
        return value;
    }
  }

  [[nodiscard]] ExprPtr attribute(ExprPtr object) {
    const Token token = next();
    if (token.kind == TokenKind::integer)
      return make(Expr::Kind::item, token.line, list_of(std::move(object), number(token)));
    if (token.kind != TokenKind::name) fail_at(token.line, "expected a name or a number after '.'");
    if (token.text.starts_with("__"))
      fail_at(token.line, concat("the attribute '", token.text.substr(0, 64), "' is refused"));
    if (at_op("(") && !is_method(token.text))
      fail_at(token.line, concat("unknown method '", token.text.substr(0, 64), "'"));
    return make(Expr::Kind::attribute, token.line, list_of(std::move(object)), token.text);
  }

  [[nodiscard]] ExprPtr subscript(ExprPtr object) {
    const Nest nest(*this);
    const std::size_t line = current().line;
    std::vector<ExprPtr> parts = list_of(std::move(object));
    parts.push_back(at_op(":") ? nullptr : expression());
    if (skip_op("]")) return make(Expr::Kind::item, line, std::move(parts));
    for (int i = 0; i < 2; ++i) parts.push_back(skip_op(":") && !at_op(":") && !at_op("]") ? expression() : nullptr);
    expect_op("]");
    return make(Expr::Kind::slice, line, std::move(parts));
  }

  [[nodiscard]] ExprPtr call(ExprPtr callee) {
    const std::size_t line = current().line;
    std::vector<ExprPtr> parts = list_of(std::move(callee));
    std::vector<std::string> labels;
    arguments(parts, labels);
    return make(Expr::Kind::call, line, std::move(parts), {}, std::move(labels));
  }

  /// Appends what stands between the current parentheses.
  void arguments(std::vector<ExprPtr>& parts, std::vector<std::string>& labels) {
    const Nest nest(*this);
    expect_op("(");
    while (!at_op(")")) {
      if (at_op("*") || at_op("**")) fail("arguments unpacked with * or ** are not supported");
      if (current().kind == TokenKind::name && following().kind == TokenKind::op && following().text == "=") {
        labels.push_back(next().text);
        next();
      } else if (!labels.empty()) {
        fail("an argument without a name after one with a name");
      }
      parts.push_back(expression());
      if (!skip_op(",")) break;
    }
    expect_op(")");
  }

  /// The filter whose name is next.
  [[nodiscard]] ExprPtr filter(ExprPtr value) {
    const std::size_t line = current().line;
    std::string name = expect_name("the name of a filter");
    if (!filters().contains(name)) fail_at(line, concat("unknown filter '", name.substr(0, 64), "'"));
    std::vector<ExprPtr> parts = list_of(std::move(value));
    std::vector<std::string> labels;
    if (at_op("(")) arguments(parts, labels);
    return make(Expr::Kind::filter, line, std::move(parts), std::move(name), std::move(labels));
  }

  /// `is` and the test after it.
  [[nodiscard]] ExprPtr test(ExprPtr value) {
    next();
    const bool inverts = skip_name("not");
    const std::size_t line = current().line;
    std::string name = expect_name("the name of a test");
    if (!tests().contains(name)) fail_at(line, concat("unknown test '", name.substr(0, 64), "'"));
    std::vector<ExprPtr> parts = list_of(std::move(value));
    std::vector<std::string> labels;
    if (at_op("(")) {
      arguments(parts, labels);
    } else if (starts_test_argument()) {
      if (at_name("is")) fail("tests cannot be chained with `is`");
      if (at_name("if")) fail("a test before `if` needs brackets around it");
      parts.push_back(postfix(primary()));
    }
    ExprPtr result = make(Expr::Kind::test, line, std::move(parts), std::move(name), std::move(labels));
    return inverts ? make(Expr::Kind::invert, line, list_of(std::move(result))) : std::move(result);
  }

  [[nodiscard]] bool starts_test_argument() const {
    switch (current().kind) {
      case TokenKind::name:
        return !at_name("else") && !at_name("or") && !at_name("and");
      case TokenKind::text:
      case TokenKind::integer:
      case TokenKind::real:
        return true;
      default:
        return at_op("[") || at_op("{");
    }
  }

  std::vector<Token> called_;
  std::set<std::string, std::less<>> bound_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
