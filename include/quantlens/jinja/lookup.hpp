/// Names and attributes: scopes, what can be called, and what stands behind a dot.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/ast.hpp"
#include "quantlens/jinja/functions.hpp"
#include "quantlens/jinja/loop.hpp"
#include "quantlens/jinja/methods.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// Variables of one block. Blocks nest as they are written, so a macro sees those around its definition.
struct Scope {
  const Scope* parent = nullptr;
  std::map<std::string_view, Value> values{};

  [[nodiscard]] const Value* find(std::string_view name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->parent)
      if (const auto found = scope->values.find(name); found != scope->values.end()) return &found->second;
    return nullptr;
  }
};

/// What can be called. It cannot be stored in other values, so it never outlives `scope` or the loop in `self`.
struct Callable {
  Function function = nullptr;
  Method method = nullptr;         ///< of `self`
  std::string_view loop_method{};  ///< of the loop `self`
  Value self{};
  const Stmt* macro = nullptr;  ///< a macro or a call block, defined in `scope`
  const Scope* scope = nullptr;
};

[[nodiscard]] inline Value make_callable(Callable callable) {
  return std::make_shared<const Callable>(std::move(callable));
}

/// object.name: a method, then an item.
[[nodiscard]] inline Value attribute(const Value& object, const std::string& name, Meter& meter) {
  if (object.is_undefined()) refuse_kind("an attribute", object);
  const auto none = [&] { return undefined(concat("a ", kind_name(object), " has no attribute '", name, "'")); };
  const auto method_of = [&](const MethodTable& table) -> std::optional<Value> {
    const auto found = table.find(name);
    if (found == table.end()) return std::nullopt;
    return make_callable({.method = found->second, .self = object});
  };
  if (const Dict* dict = object.dict()) {
    if (auto method = method_of(dict_methods())) return *method;
    const Value* found = is_hidden_dict_attribute(name) ? nullptr : find_key(*dict, name, meter);
    return found ? *found : none();
  }
  if (object.text()) return method_of(text_methods()).value_or(none());
  if (const Sequence* sequence = object.sequence())
    return sequence->kind == Sequence::Kind::view ? none() : method_of(sequence_methods()).value_or(none());
  if (const Namespace* attributes = object.attributes()) {
    const auto found = attributes->values.find(name);
    return found == attributes->values.end() ? none() : found->second;
  }
  if (Loop* loop = object.loop()) {
    if (name == "cycle" || name == "changed")
      return make_callable({.loop_method = name == "cycle" ? "cycle" : "changed", .self = object});
    return loop->attribute(name);
  }
  return none();
}

/// Puts the arguments that a macro or a call block is given into its scope, with varargs, kwargs and caller where its
/// body uses them. What is not given is left out.
inline void bind_arguments(const Stmt& macro, Arguments& given, Scope& scope) {
  const Signature& signature = macro.signature;
  const std::string name = macro.kind == Stmt::Kind::macro ? concat("macro '", macro.text, "'") : "caller";
  const std::size_t n = signature.names.size(), n_given = std::min(n, given.positional.size());
  for (std::size_t i = 0; i < n_given; ++i) scope.values[signature.names[i]] = given.positional[i];
  if (given.positional.size() > n && !signature.uses_varargs) fault(name, " takes at most ", n, " arguments");
  if (signature.uses_varargs)
    scope.values["varargs"] =
        make_tuple({given.positional.begin() + static_cast<std::ptrdiff_t>(n_given), given.positional.end()});
  if (signature.uses_caller) scope.values["caller"] = undefined("no caller is defined");
  std::vector<std::pair<Value, Value>> others;
  for (auto& [key, value] : given.named) {
    const auto known = std::find(signature.names.begin(), signature.names.end(), key);
    if (known != signature.names.end() && scope.values.contains(*known)) fault(name, " is given '", key, "' twice");
    if (known != signature.names.end())
      scope.values[*known] = std::move(value);
    else if (key == "caller" && signature.uses_caller)
      scope.values["caller"] = std::move(value);
    else if (signature.uses_kwargs)
      others.emplace_back(key, std::move(value));
    else
      fault(name, " takes no argument '", key, "'");
  }
  if (signature.uses_kwargs) scope.values["kwargs"] = make_dict(std::move(others));
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
