/// The values that templates compute with: Python's plain data, plus what only a rendering has.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "quantlens/jinja/limits.hpp"
#include "quantlens/text/unicode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

struct Sequence;
struct Dict;
struct Iterator;
struct Namespace;
struct Callable;
class Loop;

/// The value of a name that is not there; `why` is what using it says.
struct Undefined {
  std::shared_ptr<const std::string> why;
};
struct None {};

/// One value. Plain data is immutable and shared, so that copies are cheap; a loop is owned by its statement.
struct Value {
  using Text = std::shared_ptr<const std::string>;
  std::variant<Undefined, None, bool, std::int64_t, double, Text, std::shared_ptr<const Sequence>,
               std::shared_ptr<const Dict>, std::shared_ptr<Iterator>, std::shared_ptr<Namespace>,
               std::shared_ptr<const Callable>, Loop*>
      data;

  Value() = default;
  Value(None none) : data(none) {}
  Value(bool value) : data(value) {}
  Value(std::int64_t value) : data(value) {}
  Value(double value) : data(value) {}
  Value(std::string text) : data(std::make_shared<const std::string>(std::move(text))) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  template <class T>
  Value(std::shared_ptr<T> shared) : data(std::move(shared)) {}
  Value(Loop* loop) : data(loop) {}

  template <class T>
  [[nodiscard]] bool is() const noexcept {
    return std::holds_alternative<T>(data);
  }
  [[nodiscard]] bool is_undefined() const noexcept { return is<Undefined>(); }
  [[nodiscard]] const std::string* text() const noexcept { return pointee<Text>(); }
  [[nodiscard]] const Sequence* sequence() const noexcept { return pointee<std::shared_ptr<const Sequence>>(); }
  [[nodiscard]] const Dict* dict() const noexcept { return pointee<std::shared_ptr<const Dict>>(); }
  [[nodiscard]] Iterator* iterator() const noexcept { return pointee<std::shared_ptr<Iterator>>(); }
  [[nodiscard]] Namespace* attributes() const noexcept { return pointee<std::shared_ptr<Namespace>>(); }
  [[nodiscard]] const Callable* callable() const noexcept { return pointee<std::shared_ptr<const Callable>>(); }
  [[nodiscard]] Loop* loop() const noexcept { return is<Loop*>() ? std::get<Loop*>(data) : nullptr; }

 private:
  template <class Shared>
  [[nodiscard]] auto pointee() const noexcept -> typename Shared::element_type* {
    const auto* shared = std::get_if<Shared>(&data);
    return shared == nullptr ? nullptr : shared->get();
  }
};

/// A list, a tuple, a range or a dict's view. Immutable, as in jinja2's immutable sandbox.
struct Sequence {
  enum class Kind { list, tuple, range, view } kind = Kind::list;
  std::vector<Value> items;
  std::string label;  ///< How a range or a view prints itself.
  std::size_t depth = 1;
};

/// A mapping in order of insertion.
struct Dict {
  std::vector<std::pair<Value, Value>> entries;
  std::size_t depth = 1;
};

/// What filters such as `map` give: items that can be taken once.
struct Iterator {
  std::shared_ptr<const Sequence> items;
  std::size_t next = 0;
};

/// The only thing that a template can change: namespace(). Holds plain data, so that nothing can contain itself.
struct Namespace {
  std::map<std::string, Value, std::less<>> values;
};

/// What kind of value, in Python's word where there is one.
[[nodiscard]] inline std::string_view kind_name(const Value& value) {
  static constexpr std::string_view names[] = {"undefined", "None", "bool",      "int",       "float",    "str",
                                               "list",      "dict", "generator", "namespace", "function", "loop"};
  if (const Sequence* sequence = value.sequence()) {
    static constexpr std::string_view sequences[] = {"list", "tuple", "range", "view"};
    return sequences[static_cast<std::size_t>(sequence->kind)];
  }
  return names[value.data.index()];
}

[[nodiscard]] inline Value undefined(std::string why) {
  Value value;
  value.data = Undefined{std::make_shared<const std::string>(std::move(why))};
  return value;
}

[[nodiscard]] inline const std::string& why_undefined(const Value& value) {
  static const std::string unnamed = "a value is undefined";
  const auto& why = std::get<Undefined>(value.data).why;
  return why ? *why : unnamed;
}

/// Faults with the reason for an undefined value, else with "<what> is not for <kind>".
[[noreturn]] inline void refuse_kind(std::string_view what, const Value& value) {
  if (value.is_undefined()) fault(why_undefined(value));
  fault(what, " is not for a value of kind ", kind_name(value));
}

/// How deep a value nests. Faults for what is not plain data and so cannot be inside a list, dict or namespace.
[[nodiscard]] inline std::size_t plain_depth(const Value& value) {
  if (value.attributes() || value.callable() || value.loop())
    fault("a ", kind_name(value), " cannot be stored inside another value");
  if (const Sequence* sequence = value.sequence()) return sequence->depth;
  if (const Dict* dict = value.dict()) return dict->depth;
  if (const Iterator* iterator = value.iterator()) return iterator->items->depth;
  return 0;
}

namespace detail {

inline std::size_t depth_around(std::size_t depth, const Value& inner) {
  depth = std::max(depth, plain_depth(inner) + 1);
  if (depth > max_value_depth) fault("values nested deeper than ", max_value_depth);
  return depth;
}

}  // namespace detail

[[nodiscard]] inline std::shared_ptr<const Sequence> make_sequence(std::vector<Value> items,
                                                                   Sequence::Kind kind = Sequence::Kind::list,
                                                                   std::string label = {}) {
  std::size_t depth = 1;
  for (const Value& item : items) depth = detail::depth_around(depth, item);
  return std::make_shared<const Sequence>(Sequence{kind, std::move(items), std::move(label), depth});
}

[[nodiscard]] inline Value make_tuple(std::vector<Value> items) {
  return make_sequence(std::move(items), Sequence::Kind::tuple);
}

[[nodiscard]] inline Value make_iterator(std::vector<Value> items) {
  return std::make_shared<Iterator>(Iterator{make_sequence(std::move(items))});
}

[[nodiscard]] inline Value make_dict(std::vector<std::pair<Value, Value>> entries) {
  std::size_t depth = 1;
  for (const auto& [key, value] : entries) depth = detail::depth_around(depth, value);
  return std::make_shared<const Dict>(Dict{std::move(entries), depth});
}

/// The code points of a text, each as a text.
[[nodiscard]] inline std::vector<Value> characters(std::string_view text) {
  std::vector<Value> result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = read_utf8(text, at).size;
    result.emplace_back(text.substr(at, size));
    at += size;
  }
  return result;
}

/// What a loop over `value` would see, or nothing where Python would raise.
[[nodiscard]] inline std::shared_ptr<Iterator> try_iterate(const Value& value, Meter& meter) {
  if (value.iterator()) return std::get<std::shared_ptr<Iterator>>(value.data);
  if (value.sequence())
    return std::make_shared<Iterator>(Iterator{std::get<std::shared_ptr<const Sequence>>(value.data)});
  std::vector<Value> items;
  if (const std::string* text = value.text()) {
    meter.spend_items(text->size());
    items = characters(*text);
  } else if (const Dict* dict = value.dict()) {
    meter.spend_items(dict->entries.size());
    for (const auto& [key, unused] : dict->entries) items.push_back(key);
  } else if (!value.is_undefined()) {
    return nullptr;
  }
  return std::make_shared<Iterator>(Iterator{make_sequence(std::move(items))});
}

[[nodiscard]] inline std::shared_ptr<Iterator> iterate(const Value& value, Meter& meter) {
  auto iterator = try_iterate(value, meter);
  if (!iterator) refuse_kind("iteration", value);
  return iterator;
}

/// All items that a loop over `value` would see; an iterator is used up.
[[nodiscard]] inline std::vector<Value> items_of(const Value& value, Meter& meter) {
  const auto iterator = iterate(value, meter);
  const auto& items = iterator->items->items;
  std::vector<Value> rest(items.begin() + static_cast<std::ptrdiff_t>(iterator->next), items.end());
  iterator->next = items.size();
  meter.spend_items(rest.size());
  return rest;
}

/// A JSON value as a template sees it.
[[nodiscard]] inline Value from_json(const nlohmann::ordered_json& json, std::size_t depth = 0) {
  if (depth > max_value_depth) fault("values nested deeper than ", max_value_depth);
  switch (json.type()) {
    case nlohmann::ordered_json::value_t::null:
      return None{};
    case nlohmann::ordered_json::value_t::boolean:
      return json.get<bool>();
    case nlohmann::ordered_json::value_t::number_unsigned:
      if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
        fault("integer ", json.dump(), " is too large");
      return json.get<std::int64_t>();
    case nlohmann::ordered_json::value_t::number_integer:
      return json.get<std::int64_t>();
    case nlohmann::ordered_json::value_t::number_float:
      return json.get<double>();
    case nlohmann::ordered_json::value_t::string: {
      const auto& text = json.get_ref<const std::string&>();
      if (first_invalid_utf8(text)) fault("a text that is not valid UTF-8");
      return text;
    }
    case nlohmann::ordered_json::value_t::array: {
      std::vector<Value> items;
      for (const auto& item : json) items.push_back(from_json(item, depth + 1));
      return make_sequence(std::move(items));
    }
    case nlohmann::ordered_json::value_t::object: {
      std::vector<std::pair<Value, Value>> entries;
      for (const auto& [key, value] : json.items()) {
        if (first_invalid_utf8(key)) fault("a key that is not valid UTF-8");
        entries.emplace_back(key, from_json(value, depth + 1));
      }
      return make_dict(std::move(entries));
    }
    default:
      fault("a JSON value of kind ", json.type_name());
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
