/// Renders a parsed template.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/ast.hpp"
#include "quantlens/jinja/filters.hpp"
#include "quantlens/jinja/functions.hpp"
#include "quantlens/jinja/limits.hpp"
#include "quantlens/jinja/lookup.hpp"
#include "quantlens/jinja/loop.hpp"
#include "quantlens/jinja/methods.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/tests.hpp"
#include "quantlens/jinja/text.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// One rendering. Every fault leaves with the line of the innermost expression or statement around it.
class Evaluator {
 public:
  [[nodiscard]] std::string run(const Body& body, const nlohmann::ordered_json& context) {
    if (!context.is_object()) fault("the context of a template is a JSON object, not ", context.type_name());
    const Value values = from_json(context);
    Scope root, top{&root};
    for (const auto& [name, function] : functions()) root.values[name] = make_callable({.function = function});
    for (const auto& [name, value] : values.dict()->entries) root.values[*name.text()] = value;
    BoundedText out;
    static_cast<void>(execute(body, top, out));
    return out.take();
  }

 private:
  enum class Flow { normal, leave, proceed };

  class Nest {
   public:
    explicit Nest(Evaluator& evaluator) : evaluator_(evaluator) {
      evaluator_.meter_.spend(1);
      if (evaluator_.depth_ == max_eval_depth) fault("rendering nested deeper than ", max_eval_depth);
      ++evaluator_.depth_;
    }
    ~Nest() { --evaluator_.depth_; }
    Nest(const Nest&) = delete;

   private:
    Evaluator& evaluator_;
  };

  /// Runs `action`; a fault that has no line yet gets this one.
  template <class Action>
  static auto at_line(std::size_t line, Action&& action) {
    try {
      return action();
    } catch (Fault& fault) {
      if (fault.line == 0) fault.line = line;
      throw;
    }
  }

  void spend_on(const Value& value) {
    if (const std::string* text = value.text()) meter_.spend_bytes(text->size());
    if (const Sequence* sequence = value.sequence()) meter_.spend_items(sequence->items.size());
  }

  [[nodiscard]] Flow execute(const Body& body, Scope& scope, BoundedText& out) {
    for (const Stmt& stmt : body) {
      const Flow flow = at_line(stmt.line, [&] {
        const Nest nest(*this);
        return execute(stmt, scope, out);
      });
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  [[nodiscard]] Flow execute(const Stmt& stmt, Scope& scope, BoundedText& out) {
    switch (stmt.kind) {
      case Stmt::Kind::data:
        meter_.spend_bytes(stmt.text.size());
        out << stmt.text;
        return Flow::normal;
      case Stmt::Kind::output: {
        const std::size_t before = out.size();
        write_value(out, evaluate(*stmt.exprs[0], scope), false);
        meter_.spend_bytes(out.size() - before);
        return Flow::normal;
      }
      case Stmt::Kind::branch:
        return branch(stmt, scope, out);
      case Stmt::Kind::loop:
        return loop(stmt, scope, out);
      case Stmt::Kind::set:
        assign(stmt.targets[0], evaluate(*stmt.exprs[0], scope), scope);
        return Flow::normal;
      case Stmt::Kind::capture:
      case Stmt::Kind::filter:
        return capture(stmt, scope, out);
      case Stmt::Kind::macro:
        scope.values[stmt.text] = make_callable({.macro = &stmt, .scope = &scope});
        return Flow::normal;
      case Stmt::Kind::call:
        write_value(out, call(*stmt.exprs[0], scope, make_callable({.macro = &stmt, .scope = &scope})), false);
        return Flow::normal;
      case Stmt::Kind::with:
      case Stmt::Kind::scope: {
        Scope inner{&scope};
        for (std::size_t i = 0; i < stmt.targets.size(); ++i)
          assign(stmt.targets[i], evaluate(*stmt.exprs[i], scope), inner);
        return execute(stmt.bodies[0], inner, out);
      }
      case Stmt::Kind::leave:
        return Flow::leave;
      case Stmt::Kind::proceed:
        return Flow::proceed;
    }
    return Flow::normal;
  }

  [[nodiscard]] Flow branch(const Stmt& stmt, Scope& scope, BoundedText& out) {
    std::size_t i = 0;
    while (i < stmt.exprs.size() && !truth(evaluate(*stmt.exprs[i], scope))) ++i;
    return i < stmt.bodies.size() ? execute(stmt.bodies[i], scope, out) : Flow::normal;
  }

  [[nodiscard]] Flow loop(const Stmt& stmt, Scope& scope, BoundedText& out) {
    const auto source = iterate(evaluate(*stmt.exprs[0], scope), meter_);
    const Expr* test = stmt.exprs[1].get();
    Loop state(
        source, test == nullptr ? std::function<bool(const Value&)>() : [&](const Value& item) {
          Scope tested{&scope};
          assign(stmt.targets[0], item, tested);
          return truth(evaluate(*test, tested));
        });
    bool completed = false;
    while (state.advance()) {
      meter_.spend(1);
      Scope inner{&scope};
      inner.values["loop"] = &state;
      assign(stmt.targets[0], state.item(), inner);
      const Flow flow = execute(stmt.bodies[0], inner, out);
      if (flow == Flow::leave) break;
      completed |= flow == Flow::normal;
    }
    // As in jinja2, only a body that ran to its end keeps `else` away, not one that `continue` left.
    if (completed || stmt.bodies.size() < 2) return Flow::normal;
    Scope inner{&scope};
    return execute(stmt.bodies[1], inner, out);
  }

  /// A block whose text is assigned, or filtered and put out.
  [[nodiscard]] Flow capture(const Stmt& stmt, Scope& scope, BoundedText& out) {
    Scope inner{&scope};
    BoundedText text;
    const Flow flow = execute(stmt.bodies[0], inner, text);
    if (flow != Flow::normal) return flow;
    Value result = text.take();
    if (stmt.exprs[0]) {
      std::swap(captured_, result);
      Value filtered = evaluate(*stmt.exprs[0], scope);
      captured_ = std::exchange(result, std::move(filtered));
    }
    if (stmt.kind == Stmt::Kind::capture)
      assign(stmt.targets[0], result, scope);
    else
      write_value(out, result, false);
    return Flow::normal;
  }

  void assign(const Target& target, const Value& value, Scope& scope) {
    if (!target.unpacks) return assign(target.names[0], value, scope);
    const std::vector<Value> items = items_of(value, meter_);
    if (items.size() != target.names.size())
      fault("cannot unpack ", items.size(), " values into ", target.names.size(), " variables");
    for (std::size_t i = 0; i < items.size(); ++i) assign(target.names[i], items[i], scope);
  }

  void assign(const TargetName& target, const Value& value, Scope& scope) {
    if (target.attribute.empty()) {
      scope.values[target.name] = value;
      return;
    }
    const Value* object = scope.find(target.name);
    if (object == nullptr || !object->attributes()) fault("'", target.name, "' is not a namespace");
    static_cast<void>(plain_depth(value));
    object->attributes()->values[target.attribute] = value;
  }

  [[nodiscard]] Value evaluate(const Expr& expr, const Scope& scope) {
    return at_line(expr.line, [&] {
      const Nest nest(*this);
      return compute(expr, scope);
    });
  }

  [[nodiscard]] Value part(const Expr& expr, std::size_t i, const Scope& scope) {
    return evaluate(*expr.parts[i], scope);
  }

  [[nodiscard]] Value compute(const Expr& expr, const Scope& scope) {
    switch (expr.kind) {
      case Expr::Kind::constant:
        return expr.constant;
      case Expr::Kind::name:
        return variable(expr.name, scope);
      case Expr::Kind::captured:
        return captured_;
      case Expr::Kind::list:
        return make_sequence(parts(expr, 0, scope));
      case Expr::Kind::tuple:
        return make_tuple(parts(expr, 0, scope));
      case Expr::Kind::dict:
        return dict(expr, scope);
      case Expr::Kind::attribute:
        return attribute(part(expr, 0, scope), expr.name, meter_);
      case Expr::Kind::item:
        return item(expr, scope);
      case Expr::Kind::slice:
        return sliced(expr, scope);
      case Expr::Kind::call:
        return call(expr, scope, std::nullopt);
      case Expr::Kind::filter:
        return filtered(expr, scope);
      case Expr::Kind::test:
        return tested(expr, scope);
      case Expr::Kind::negate:
      case Expr::Kind::plus:
        return signed_number(expr, scope);
      case Expr::Kind::invert:
        return !truth(part(expr, 0, scope));
      case Expr::Kind::arithmetic:
        return arithmetic_of(expr, scope);
      case Expr::Kind::concat:
        return concatenated(expr, scope);
      case Expr::Kind::compare:
        return compared(expr, scope);
      case Expr::Kind::both:
      case Expr::Kind::either: {
        Value left = part(expr, 0, scope);
        return truth(left) == (expr.kind == Expr::Kind::both) ? part(expr, 1, scope) : left;
      }
      case Expr::Kind::conditional:
        if (truth(part(expr, 0, scope))) return part(expr, 1, scope);
        return expr.parts[2] ? part(expr, 2, scope) : undefined("an inline `if` without `else` was false");
    }
    return {};
  }

  [[nodiscard]] static Value variable(const std::string& name, const Scope& scope) {
    const Value* found = scope.find(name);
    return found ? *found : undefined(concat("'", name, "' is undefined"));
  }

  [[nodiscard]] std::vector<Value> parts(const Expr& expr, std::size_t first, const Scope& scope) {
    std::vector<Value> values;
    for (std::size_t i = first; i < expr.parts.size(); ++i) values.push_back(part(expr, i, scope));
    return values;
  }

  [[nodiscard]] Value dict(const Expr& expr, const Scope& scope) {
    std::vector<Value> pairs;
    for (std::size_t i = 0; i < expr.parts.size(); i += 2) {
      Value key = part(expr, i, scope);
      if (!key.text() && !as_number(key) && !key.is<None>()) refuse_kind("a dict's key", key);
      pairs.push_back(make_tuple({std::move(key), part(expr, i + 1, scope)}));
    }
    return make_dict(detail::entries_of({{make_sequence(std::move(pairs))}, {}}, meter_));
  }

  /// object[key]: an item, then an attribute.
  [[nodiscard]] Value item(const Expr& expr, const Scope& scope) {
    const Value object = part(expr, 0, scope), key = part(expr, 1, scope);
    if (object.is_undefined()) refuse_kind("an item", object);
    if (auto found = item_at(object, key, meter_)) return *found;
    if (key.text()) return attribute(object, *key.text(), meter_);
    return undefined(concat("a ", kind_name(object), " has no item ", to_text(key)));
  }

  [[nodiscard]] Value sliced(const Expr& expr, const Scope& scope) {
    const Value object = part(expr, 0, scope);
    const auto bound = [&](std::size_t i) { return expr.parts[i] ? part(expr, i, scope) : Value(None{}); };
    const Value start = bound(1), stop = bound(2), step = bound(3);
    Value result = slice(object, start, stop, step, meter_);
    spend_on(result);
    return result;
  }

  [[nodiscard]] Arguments arguments(const Expr& expr, const Scope& scope) {
    Arguments result;
    const std::size_t first_named = expr.parts.size() - expr.labels.size();
    for (std::size_t i = 1; i < expr.parts.size(); ++i) {
      Value value = part(expr, i, scope);
      if (i < first_named)
        result.positional.push_back(std::move(value));
      else
        result.named.emplace_back(expr.labels[i - first_named], std::move(value));
    }
    return result;
  }

  [[nodiscard]] Value call(const Expr& expr, const Scope& scope, std::optional<Value> caller) {
    const Value callee = part(expr, 0, scope);
    const Callable* callable = callee.callable();
    if (callable == nullptr) refuse_kind("a call", callee);
    Arguments given = arguments(expr, scope);
    if (caller) given.named.emplace_back("caller", std::move(*caller));
    if (callable->macro) return call_macro(*callable, given);
    spend_on(callable->self);
    Value result = callable->function ? callable->function(given, meter_)
                   : callable->method ? callable->method(callable->self, given, meter_)
                                      : call_loop(*callable, std::move(given));
    spend_on(result);
    return result;
  }

  [[nodiscard]] Value call_loop(const Callable& callable, Arguments given) {
    if (!given.named.empty()) fault("loop.", callable.loop_method, " takes no named arguments");
    Loop& loop = *callable.self.loop();
    if (callable.loop_method == "cycle") return loop.cycle(given.positional);
    return loop.changed(std::move(given.positional), meter_);
  }

  [[nodiscard]] Value call_macro(const Callable& callable, Arguments& given) {
    const Signature& signature = callable.macro->signature;
    Scope scope{callable.scope};
    bind_arguments(*callable.macro, given, scope);
    const std::size_t n = signature.names.size(), first_default = n - signature.defaults.size();
    for (std::size_t i = 0; i < n; ++i) {
      const std::string& name = signature.names[i];
      if (scope.values.contains(name)) continue;
      scope.values[name] = i < first_default ? undefined(concat("parameter '", name, "' was not provided"))
                                             : evaluate(*signature.defaults[i - first_default], scope);
    }
    BoundedText text;
    static_cast<void>(execute(callable.macro->bodies[0], scope, text));
    return text.take();
  }

  [[nodiscard]] Value filtered(const Expr& expr, const Scope& scope) {
    const Value input = part(expr, 0, scope);
    spend_on(input);
    Value result = apply_filter(expr.name, input, arguments(expr, scope), meter_);
    spend_on(result);
    return result;
  }

  [[nodiscard]] Value tested(const Expr& expr, const Scope& scope) {
    const Value input = part(expr, 0, scope);
    return apply_test(expr.name, input, arguments(expr, scope), meter_);
  }

  [[nodiscard]] Value signed_number(const Expr& expr, const Scope& scope) {
    const Value operand = part(expr, 0, scope);
    if (!as_number(operand)) refuse_kind("a sign", operand);
    return arithmetic("*", operand, std::int64_t{expr.kind == Expr::Kind::negate ? -1 : 1}, meter_);
  }

  [[nodiscard]] Value arithmetic_of(const Expr& expr, const Scope& scope) {
    const Value left = part(expr, 0, scope), right = part(expr, 1, scope);
    Value result = arithmetic(expr.name, left, right, meter_);
    spend_on(result);
    return result;
  }

  [[nodiscard]] Value concatenated(const Expr& expr, const Scope& scope) {
    const Value left = part(expr, 0, scope), right = part(expr, 1, scope);
    Value result = join("", {left, right}, true);
    spend_on(result);
    return result;
  }

  [[nodiscard]] Value compared(const Expr& expr, const Scope& scope) {
    Value left = part(expr, 0, scope);
    for (std::size_t i = 0; i < expr.labels.size(); ++i) {
      Value right = part(expr, i + 1, scope);
      if (!holds(expr.labels[i], left, right, meter_)) return false;
      left = std::move(right);
    }
    return true;
  }

  Meter meter_;
  std::size_t depth_ = 0;
  Value captured_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
