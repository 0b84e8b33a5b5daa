/// Parses a whole template: data, output and statements.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/ast.hpp"
#include "quantlens/jinja/expressions.hpp"
#include "quantlens/jinja/lexer.hpp"
#include "quantlens/jinja/limits.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// Errors: InputError "template" with the line: a syntax error, or a statement, filter, test, function or method that
/// is not known, by its name.
class Parser : private ExpressionParser {
 public:
  explicit Parser(std::string_view source) : ExpressionParser(Lexer(source).run()) {}

  [[nodiscard]] Body run() {
    Body result = body({});
    check_called_names();
    return result;
  }

 private:
  /// Statements up to the tag that one of `ends` names, whose name becomes the current token; without `ends`, all.
  [[nodiscard]] Body body(std::initializer_list<std::string_view> ends) {
    const Nest nest(*this);
    Body statements;
    while (true) {
      Stmt stmt;
      stmt.line = current().line;
      if (current().kind == TokenKind::end) {
        if (ends.size() > 0) unexpected(concat("{% ", *(ends.end() - 1), " %}"));
        return statements;
      }
      if (current().kind == TokenKind::data) {
        stmt.text = next().text;
      } else if (current().kind == TokenKind::output_begin) {
        next();
        stmt.kind = Stmt::Kind::output;
        stmt.exprs.push_back(tuple());
        expect(TokenKind::output_end, "'}}'");
      } else {
        expect(TokenKind::block_begin, "'{%'");
        for (const std::string_view end : ends)
          if (at_name(end)) return statements;
        statement(stmt);
        expect(TokenKind::block_end, "'%}'");
      }
      statements.push_back(std::move(stmt));
    }
  }

  /// What follows a tag: the body of its statement, up to and with the end tag's name.
  [[nodiscard]] Body block(std::string_view end) {
    close_tag();
    Body result = body({end});
    next();
    return result;
  }

  void close_tag() {
    skip_op(":");
    expect(TokenKind::block_end, "'%}'");
  }

  void statement(Stmt& stmt) {
    using Reader = void (Parser::*)(Stmt&);
    static constexpr std::array<std::pair<std::string_view, Reader>, 11> readers{
        {{"if", &Parser::read_if},
         {"for", &Parser::read_for},
         {"set", &Parser::read_set},
         {"macro", &Parser::read_macro},
         {"call", &Parser::read_call},
         {"filter", &Parser::read_filter},
         {"with", &Parser::read_with},
         {"print", &Parser::read_print},
         {"generation", &Parser::read_generation},
         {"break", &Parser::read_break},
         {"continue", &Parser::read_continue}}};
    const std::size_t line = current().line;
    const std::string name = expect_name("the name of a statement");
    for (const auto& [known, reader] : readers)
      if (known == name) return (this->*reader)(stmt);
    fail_at(line, concat("unknown statement '", name.substr(0, 64), "'"));
  }

  void read_if(Stmt& stmt) {
    stmt.kind = Stmt::Kind::branch;
    while (true) {
      stmt.exprs.push_back(tuple(false));
      close_tag();
      stmt.bodies.push_back(body({"elif", "else", "endif"}));
      const std::string end = next().text;
      if (end == "elif") continue;
      if (end == "else") stmt.bodies.push_back(block("endif"));
      return;
    }
  }

  void read_for(Stmt& stmt) {
    stmt.kind = Stmt::Kind::loop;
    stmt.targets.push_back(target(false));
    for (const TargetName& name : stmt.targets.front().names)
      if (name.name == "loop") fail("a loop cannot have the variable 'loop'");
    if (!skip_name("in")) unexpected("'in'");
    stmt.exprs.push_back(tuple(false));
    stmt.exprs.push_back(skip_name("if") ? expression() : nullptr);
    if (at_name("recursive")) fail("recursive loops are not supported");
    close_tag();
    ++loops_;
    stmt.bodies.push_back(body({"else", "endfor"}));
    --loops_;
    if (next().text == "else") stmt.bodies.push_back(block("endfor"));
  }

  void read_set(Stmt& stmt) {
    stmt.targets.push_back(target(true));
    if (skip_op("=")) {
      stmt.kind = Stmt::Kind::set;
      stmt.exprs.push_back(tuple());
      return;
    }
    stmt.kind = Stmt::Kind::capture;
    stmt.exprs.push_back(block_filters(false));
    stmt.bodies.push_back(block("endset"));
  }

  void read_macro(Stmt& stmt) {
    stmt.kind = Stmt::Kind::macro;
    stmt.text = target_name();
    if (!at_op("(")) unexpected("'('");
    callable_body(stmt, "endmacro");
  }

  void read_call(Stmt& stmt) {
    stmt.kind = Stmt::Kind::call;
    if (at_op("(")) parameters(stmt.signature);
    const std::size_t line = current().line;
    stmt.exprs.push_back(expression());
    if (stmt.exprs.front()->kind != Expr::Kind::call) fail_at(line, "expected a call");
    callable_body(stmt, "endcall");
  }

  void read_filter(Stmt& stmt) {
    stmt.kind = Stmt::Kind::filter;
    stmt.exprs.push_back(block_filters(true));
    stmt.bodies.push_back(block("endfilter"));
  }

  void read_with(Stmt& stmt) {
    stmt.kind = Stmt::Kind::with;
    while (current().kind != TokenKind::block_end && !at_op(":")) {
      if (!stmt.targets.empty()) expect_op(",");
      stmt.targets.push_back({{{target_name(), ""}}, false});
      expect_op("=");
      stmt.exprs.push_back(expression());
    }
    stmt.bodies.push_back(block("endwith"));
  }

  void read_print(Stmt& stmt) {
    stmt.kind = Stmt::Kind::output;
    stmt.exprs.push_back(expression());
  }

  /// transformers' mark around what the assistant says; it changes nothing in the text.
  void read_generation(Stmt& stmt) {
    stmt.kind = Stmt::Kind::scope;
    const std::size_t loops = std::exchange(loops_, 0);
    stmt.bodies.push_back(block("endgeneration"));
    loops_ = loops;
  }

  void read_break(Stmt& stmt) { leave_loop(stmt, Stmt::Kind::leave, "break"); }
  void read_continue(Stmt& stmt) { leave_loop(stmt, Stmt::Kind::proceed, "continue"); }

  void leave_loop(Stmt& stmt, Stmt::Kind kind, std::string_view name) {
    if (loops_ == 0) fail(concat("'", name, "' outside a loop"));
    stmt.kind = kind;
  }

  /// The parameters, where they have not been read, and the body of a macro or a call block.
  void callable_body(Stmt& stmt, std::string_view end) {
    signatures_.push_back(&stmt.signature);
    if (at_op("(")) parameters(stmt.signature);
    const std::size_t loops = std::exchange(loops_, 0);
    stmt.bodies.push_back(block(end));
    loops_ = loops;
    signatures_.pop_back();
  }

  void parameters(Signature& signature) {
    expect_op("(");
    while (!at_op(")")) {
      if (!signature.names.empty()) expect_op(",");
      signature.names.push_back(target_name());
      const std::string& name = signature.names.back();
      if (name == "caller" || name == "varargs" || name == "kwargs") fail(concat("a parameter called '", name, "'"));
      if (skip_op("="))
        signature.defaults.push_back(expression());
      else if (!signature.defaults.empty())
        fail("a parameter without a default after one with a default");
    }
    expect_op(")");
  }

  [[nodiscard]] Target target(bool with_attributes) {
    Target result;
    const bool brackets = skip_op("(");
    do {
      if (result.unpacks && at_op(")")) break;
      result.names.push_back({target_name(), ""});
      if (with_attributes && skip_op(".")) {
        std::string& attribute = result.names.back().attribute = expect_name("the name of an attribute");
        if (attribute.starts_with('_')) fail(concat("a namespace takes no attribute '", attribute.substr(0, 64), "'"));
      }
    } while (skip_op(",") && (result.unpacks = true));
    if (brackets) expect_op(")");
    return result;
  }

  [[nodiscard]] std::string target_name() {
    std::string name = expect_name("the name of a variable");
    static constexpr std::array<std::string_view, 6> constants{"true", "false", "none", "True", "False", "None"};
    for (const std::string_view constant : constants)
      if (name == constant) fail(concat("cannot assign to '", name, "'"));
    bind(name);
    return name;
  }

  std::size_t loops_ = 0;  ///< Loops that `break` could leave here.
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
