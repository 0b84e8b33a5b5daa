/// Arguments of filters, tests, methods and macros, and how they meet parameter names.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  [[nodiscard]] std::size_t size() const noexcept { return positional.size() + named.size(); }
  [[nodiscard]] const Value* find(std::string_view name) const {
    const auto found = std::find_if(named.begin(), named.end(), [&](const auto& entry) { return entry.first == name; });
    return found == named.end() ? nullptr : &found->second;
  }
};

/// Arguments by parameter name, as Python binds them. Faults for too many, unknown and doubled ones.
class Bound {
 public:
  Bound(std::string_view what, const Arguments& arguments, std::initializer_list<std::string_view> names)
      : what_(what), names_(names), values_(names.size()) {
    if (arguments.positional.size() > names_.size())
      fault(what, " takes at most ", names_.size(), " arguments, not ", arguments.positional.size());
    std::copy(arguments.positional.begin(), arguments.positional.end(), values_.begin());
    for (const auto& [name, value] : arguments.named) {
      std::optional<Value>& slot = values_[index(name)];
      if (slot) fault(what, " is given its argument '", name, "' twice");
      slot = value;
    }
  }

  [[nodiscard]] bool has(std::string_view name) const { return values_[index(name)].has_value(); }

  [[nodiscard]] Value get(std::string_view name, Value otherwise) const {
    return values_[index(name)].value_or(std::move(otherwise));
  }
  [[nodiscard]] Value get(std::string_view name) const {
    const auto& value = values_[index(name)];
    if (!value) fault(what_, " needs its argument '", name, "'");
    return *value;
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    const Value value = get(name);
    if (!value.text()) refuse_kind(concat("argument '", name, "' of ", what_), value);
    return *value.text();
  }
  /// An int that may be missing or None.
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const {
    const Value value = get(name, None{});
    const auto number = as_int(value);
    if (!number && !value.is<None>()) refuse_kind(concat("argument '", name, "' of ", what_), value);
    return number;
  }
  [[nodiscard]] bool flag(std::string_view name, bool otherwise) const { return truth(get(name, otherwise)); }

 private:
  [[nodiscard]] std::size_t index(std::string_view name) const {
    const auto at = std::find(names_.begin(), names_.end(), name);
    if (at == names_.end()) fault(what_, " has no argument '", name, "'");
    return static_cast<std::size_t>(at - names_.begin());
  }

  std::string what_;
  std::vector<std::string_view> names_;
  std::vector<std::optional<Value>> values_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
