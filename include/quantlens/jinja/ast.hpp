/// A parsed template: expressions and statements.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

struct Expr;
struct Stmt;
using ExprPtr = std::unique_ptr<const Expr>;
using Body = std::vector<Stmt>;

struct Expr {
  /// What `parts` holds is in brackets; a part may be null where it says "or null".
  enum class Kind {
    constant,     ///< `constant`
    name,         ///< `name`
    captured,     ///< the text of a block that a filter is applied to
    list,         ///< [items]
    tuple,        ///< [items]
    dict,         ///< [key, value, key, value ...]
    attribute,    ///< `name` of [object]
    item,         ///< [object, key]
    slice,        ///< [object, start, stop, step], the last three or null
    call,         ///< [callee, arguments ...], `labels`
    filter,       ///< `name` of [input, arguments ...], `labels`
    test,         ///< `name` of [input, arguments ...], `labels`
    negate,       ///< [operand]
    plus,         ///< [operand]
    invert,       ///< not [operand]
    arithmetic,   ///< operator `name` of [left, right]
    concat,       ///< [left, right]
    compare,      ///< [first, second ...], `labels` the operators between
    both,         ///< [left, right] with `and`
    either,       ///< [left, right] with `or`
    conditional,  ///< [condition, value, otherwise or null]
  };
  Kind kind = Kind::constant;
  std::size_t line = 1;
  std::size_t height = 1;  ///< of the tree, bounded because everything that walks it recurses
  std::string name;
  Value constant;
  std::vector<ExprPtr> parts;
  std::vector<std::string> labels;  ///< of calls: the names of the last arguments
};

/// Where a value goes: a variable, or an attribute of a namespace.
struct TargetName {
  std::string name, attribute;
};

struct Target {
  std::vector<TargetName> names;
  bool unpacks = false;  ///< A tuple of names, even of one.
};

/// What a macro or a call block takes.
struct Signature {
  std::vector<std::string> names;
  std::vector<ExprPtr> defaults;  ///< of the last names
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};

struct Stmt {
  enum class Kind {
    data,     ///< `text`
    output,   ///< exprs[0]
    branch,   ///< bodies[i] if exprs[i], one more body for else
    loop,     ///< target in exprs[0], if exprs[1] (or null); bodies[0], else bodies[1]
    set,      ///< target = exprs[0]
    capture,  ///< target = bodies[0], through the filters of exprs[0] (or null)
    macro,    ///< `text` with `signature`, bodies[0]
    call,     ///< exprs[0], a call, with bodies[0] as its caller, which has `signature`
    filter,   ///< bodies[0] through the filters of exprs[0]
    with,     ///< targets = exprs in bodies[0]
    scope,    ///< bodies[0] with variables of its own
    leave,    ///< break
    proceed,  ///< continue
  };
  Kind kind = Kind::data;
  std::size_t line = 1;
  std::string text;
  std::vector<ExprPtr> exprs;
  std::vector<Target> targets;
  Signature signature;
  std::vector<Body> bodies;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
