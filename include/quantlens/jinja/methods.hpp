/// The methods of texts, dicts and lists that templates may call.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/text.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

using Method = Value (*)(const Value& self, const Arguments& arguments, Meter& meter);
using MethodTable = std::map<std::string_view, Method>;

/// str.join over anything that iterates; `convert` false faults for items that are not texts.
[[nodiscard]] inline std::string join(std::string_view separator, const std::vector<Value>& items, bool convert) {
  BoundedText out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out << separator;
    if (!convert && !items[i].text()) refuse_kind("str.join", items[i]);
    write_value(out, items[i], false);
  }
  return out.take();
}

/// str.replace; a negative count replaces all.
[[nodiscard]] inline std::string replace(std::string_view text, std::string_view old, std::string_view fresh,
                                         std::int64_t count, Meter& meter) {
  meter.spend_search(text.size(), old.size());
  BoundedText out;
  std::size_t done = 0;
  for (std::size_t at = 0; count != 0 && at <= text.size(); --count) {
    at = text.find(old, at);
    if (at == std::string_view::npos) break;
    out << text.substr(done, at - done) << fresh;
    done = at + old.size();
    at = done;
    // Nothing is found between any two characters.
    if (old.empty() && at == text.size()) break;
    if (old.empty()) at += read_utf8(text, at).size;
  }
  out << text.substr(done);
  return out.take();
}

/// str.splitlines().
[[nodiscard]] inline std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    std::size_t next = at + unit.size;
    if (ends_line(unit.value)) {
      if (unit.value == '\r' && next < text.size() && text[next] == '\n') ++next;
      lines.push_back(text.substr(start, (keep_ends ? next : at) - start));
      start = next;
    }
    at = next;
  }
  if (start < text.size()) lines.push_back(text.substr(start));
  return lines;
}

namespace detail {

[[nodiscard]] inline bool is_cased(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

[[nodiscard]] inline std::string title(std::string_view text) {
  bool inside = false;
  return map_characters(text, [&](utf8proc_int32_t c) {
    const auto mapped = inside ? utf8proc_tolower(c) : utf8proc_totitle(c);
    inside = is_cased(static_cast<char32_t>(c));
    return mapped;
  });
}

/// str.strip and its two halves.
[[nodiscard]] inline Value strip_method(std::string_view name, const Value& self, const Arguments& arguments, bool left,
                                        bool right, Meter& meter) {
  const Bound bound(name, arguments, {"chars"});
  if (bound.get("chars", None{}).is<None>()) return strip(*self.text(), left, right, is_space);
  std::vector<char32_t> dropped;
  const std::string chars = bound.text("chars");
  for (std::size_t at = 0; at < chars.size(); at += read_utf8(chars, at).size)
    dropped.push_back(read_utf8(chars, at).value);
  meter.spend_search(self.text()->size(), dropped.size());
  return strip(*self.text(), left, right,
               [&](char32_t c) { return std::find(dropped.begin(), dropped.end(), c) != dropped.end(); });
}

/// str.split and, from the right, str.rsplit.
[[nodiscard]] inline Value split_method(std::string_view name, const Value& self, const Arguments& arguments,
                                        bool from_right, Meter& meter) {
  const Bound bound(name, arguments, {"sep", "maxsplit"});
  std::string_view rest = *self.text();
  std::int64_t left = bound.integer("maxsplit").value_or(-1);
  std::vector<Value> parts;
  if (bound.get("sep", None{}).is<None>()) {
    const auto trimmed = [&] { return strip(rest, !from_right, from_right, is_space); };
    for (rest = trimmed(); !rest.empty(); rest = trimmed()) {
      if (left-- == 0) {
        parts.emplace_back(rest);
        break;
      }
      const std::string_view others = strip(rest, !from_right, from_right, [](char32_t c) { return !is_space(c); });
      const std::size_t size = rest.size() - others.size();
      parts.emplace_back(from_right ? rest.substr(others.size()) : rest.substr(0, size));
      rest = others;
    }
  } else {
    const std::string separator = bound.text("sep");
    if (separator.empty()) fault(name, " with an empty separator");
    meter.spend_search(rest.size(), separator.size());
    while (left-- != 0) {
      const std::size_t at = from_right ? rest.rfind(separator) : rest.find(separator);
      if (at == std::string_view::npos) break;
      parts.emplace_back(from_right ? rest.substr(at + separator.size()) : rest.substr(0, at));
      rest = from_right ? rest.substr(0, at) : rest.substr(at + separator.size());
    }
    parts.emplace_back(rest);
  }
  if (from_right) std::reverse(parts.begin(), parts.end());
  return make_sequence(std::move(parts));
}

/// The part of `self` between the optional character positions `start` and `end`, with the bytes before it.
[[nodiscard]] inline std::pair<std::string, std::size_t> part_of(const Value& self, const Bound& bound, Meter& meter) {
  if (!bound.has("start") && !bound.has("end")) return {*self.text(), 0};
  const Value start = bound.get("start", None{}), end = bound.get("end", None{});
  const auto n = static_cast<std::int64_t>(*length(self));
  const std::int64_t first = as_int(start).value_or(0);
  const std::size_t skipped =
      static_cast<std::size_t>(std::clamp<std::int64_t>(first < 0 ? std::max(first, -n) + n : first, 0, n));
  return {*slice(self, start, end, None{}, meter).text(), skipped};
}

[[nodiscard]] inline Value affix_method(std::string_view name, const Value& self, const Arguments& arguments,
                                        bool front, Meter& meter) {
  const Bound bound(name, arguments, {"affix", "start", "end"});
  const std::string part = part_of(self, bound, meter).first;
  const Value affix = bound.get("affix");
  const auto matches = [&](const Value& one) {
    if (!one.text()) refuse_kind(name, one);
    return front ? part.starts_with(*one.text()) : part.ends_with(*one.text());
  };
  const Sequence* several = affix.sequence();
  if (!several || several->kind != Sequence::Kind::tuple) return matches(affix);
  return std::any_of(several->items.begin(), several->items.end(), matches);
}

/// str.find and str.rfind: the position in characters, or -1.
[[nodiscard]] inline std::int64_t find_method(std::string_view name, const Value& self, const Arguments& arguments,
                                              bool from_right, Meter& meter) {
  const Bound bound(name, arguments, {"sub", "start", "end"});
  const std::string sub = bound.text("sub");
  const auto [part, skipped] = part_of(self, bound, meter);
  meter.spend_search(part.size(), sub.size());
  const std::size_t at = from_right ? part.rfind(sub) : part.find(sub);
  if (at == std::string::npos) return -1;
  return static_cast<std::int64_t>(count_characters(std::string_view(part).substr(0, at)) + skipped);
}

[[nodiscard]] inline Value count_method(const Value& self, const Arguments& arguments, Meter& meter) {
  const Bound bound("count", arguments, {"sub", "start", "end"});
  const std::string sub = bound.text("sub");
  const std::string part = part_of(self, bound, meter).first;
  meter.spend_search(part.size(), sub.size());
  if (sub.empty()) return static_cast<std::int64_t>(count_characters(part)) + 1;
  std::int64_t n = 0;
  for (std::size_t at = part.find(sub); at != std::string::npos; at = part.find(sub, at + sub.size())) ++n;
  return n;
}

/// Whether the text has cased characters and all of them are in one case.
[[nodiscard]] inline bool has_case(std::string_view text, bool want_upper) {
  bool any = false;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Unit unit = read_utf8(text, at);
    at += unit.size;
    if (!is_cased(unit.value)) continue;
    any = true;
    const bool is_upper = utf8proc_category(static_cast<utf8proc_int32_t>(unit.value)) == UTF8PROC_CATEGORY_LU;
    if (is_upper != want_upper) return false;
  }
  return any;
}

[[nodiscard]] inline Value dict_view(std::string_view name, const Value& self, bool keys, bool values) {
  std::vector<Value> items;
  for (const auto& [key, value] : self.dict()->entries)
    items.push_back(keys && values ? make_tuple({key, value}) : keys ? key : value);
  return make_sequence(std::move(items), Sequence::Kind::view, concat("dict_", name));
}

[[nodiscard]] inline Value checked_position(const Value& position) {
  if (std::get<std::int64_t>(position.data) < 0) fault("str.index: not found");
  return position;
}

inline void no_arguments(std::string_view name, const Arguments& arguments) { Bound(name, arguments, {}); }

}  // namespace detail

/// Methods of str.
[[nodiscard]] inline const MethodTable& text_methods() {
  using V = const Value&;
  using A = const Arguments&;
  static const MethodTable table{
      {"capitalize",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("capitalize", a);
         return capitalize(*s.text());
       }},
      {"count", [](V s, A a, Meter& m) -> Value { return detail::count_method(s, a, m); }},
      {"endswith", [](V s, A a, Meter& m) { return detail::affix_method("endswith", s, a, false, m); }},
      {"find", [](V s, A a, Meter& m) -> Value { return detail::find_method("find", s, a, false, m); }},
      {"index",
       [](V s, A a, Meter& m) { return detail::checked_position(detail::find_method("index", s, a, false, m)); }},
      {"islower",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("islower", a);
         return detail::has_case(*s.text(), false);
       }},
      {"isspace",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("isspace", a);
         return !s.text()->empty() && strip(*s.text(), true, false, is_space).empty();
       }},
      {"isupper",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("isupper", a);
         return detail::has_case(*s.text(), true);
       }},
      {"join",
       [](V s, A a, Meter& m) -> Value {
         return join(*s.text(), items_of(Bound("join", a, {"iterable"}).get("iterable"), m), false);
       }},
      {"lower",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("lower", a);
         return lower(*s.text());
       }},
      {"lstrip", [](V s, A a, Meter& m) { return detail::strip_method("lstrip", s, a, true, false, m); }},
      {"removeprefix",
       [](V s, A a, Meter&) -> Value {
         const std::string prefix = Bound("removeprefix", a, {"prefix"}).text("prefix");
         return s.text()->starts_with(prefix) ? s.text()->substr(prefix.size()) : *s.text();
       }},
      {"removesuffix",
       [](V s, A a, Meter&) -> Value {
         const std::string suffix = Bound("removesuffix", a, {"suffix"}).text("suffix");
         return s.text()->ends_with(suffix) ? s.text()->substr(0, s.text()->size() - suffix.size()) : *s.text();
       }},
      {"replace",
       [](V s, A a, Meter& m) -> Value {
         const Bound bound("replace", a, {"old", "new", "count"});
         return replace(*s.text(), bound.text("old"), bound.text("new"), bound.integer("count").value_or(-1), m);
       }},
      {"rfind", [](V s, A a, Meter& m) -> Value { return detail::find_method("rfind", s, a, true, m); }},
      {"rindex",
       [](V s, A a, Meter& m) { return detail::checked_position(detail::find_method("rindex", s, a, true, m)); }},
      {"rsplit", [](V s, A a, Meter& m) { return detail::split_method("rsplit", s, a, true, m); }},
      {"rstrip", [](V s, A a, Meter& m) { return detail::strip_method("rstrip", s, a, false, true, m); }},
      {"split", [](V s, A a, Meter& m) { return detail::split_method("split", s, a, false, m); }},
      {"splitlines",
       [](V s, A a, Meter&) -> Value {
         std::vector<Value> lines;
         for (const auto line : split_lines(*s.text(), Bound("splitlines", a, {"keepends"}).flag("keepends", false)))
           lines.emplace_back(line);
         return make_sequence(std::move(lines));
       }},
      {"startswith", [](V s, A a, Meter& m) { return detail::affix_method("startswith", s, a, true, m); }},
      {"strip", [](V s, A a, Meter& m) { return detail::strip_method("strip", s, a, true, true, m); }},
      {"title",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("title", a);
         return detail::title(*s.text());
       }},
      {"upper",
       [](V s, A a, Meter&) -> Value {
         detail::no_arguments("upper", a);
         return upper(*s.text());
       }},
  };
  return table;
}

/// Methods of dict.
[[nodiscard]] inline const MethodTable& dict_methods() {
  using V = const Value&;
  using A = const Arguments&;
  static const MethodTable table{
      {"get",
       [](V s, A a, Meter& m) -> Value {
         const Bound bound("get", a, {"key", "default"});
         const Value* found = find_key(*s.dict(), bound.get("key"), m);
         return found ? *found : bound.get("default", None{});
       }},
      {"items",
       [](V s, A a, Meter&) {
         detail::no_arguments("items", a);
         return detail::dict_view("items", s, true, true);
       }},
      {"keys",
       [](V s, A a, Meter&) {
         detail::no_arguments("keys", a);
         return detail::dict_view("keys", s, true, false);
       }},
      {"values",
       [](V s, A a, Meter&) {
         detail::no_arguments("values", a);
         return detail::dict_view("values", s, false, true);
       }},
  };
  return table;
}

/// Methods of lists and tuples.
[[nodiscard]] inline const MethodTable& sequence_methods() {
  using V = const Value&;
  using A = const Arguments&;
  static const MethodTable table{
      {"count",
       [](V s, A a, Meter& m) -> Value {
         const Value item = Bound("count", a, {"value"}).get("value");
         const auto& items = s.sequence()->items;
         return static_cast<std::int64_t>(
             std::count_if(items.begin(), items.end(), [&](V i) { return equal(i, item, m); }));
       }},
      {"index",
       [](V s, A a, Meter& m) -> Value {
         const Value item = Bound("index", a, {"value"}).get("value");
         const auto& items = s.sequence()->items;
         const auto at = std::find_if(items.begin(), items.end(), [&](V i) { return equal(i, item, m); });
         if (at == items.end()) fault("list.index: not found");
         return static_cast<std::int64_t>(at - items.begin());
       }},
  };
  return table;
}

/// What a dict has as attributes although no template may call it: hides a key of the same name behind a dot.
[[nodiscard]] inline bool is_hidden_dict_attribute(std::string_view name) {
  static constexpr std::array<std::string_view, 7> names{"clear",   "copy",       "fromkeys", "pop",
                                                         "popitem", "setdefault", "update"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether any kind of value has a method of this name.
[[nodiscard]] inline bool is_method(std::string_view name) {
  return text_methods().contains(name) || dict_methods().contains(name) || sequence_methods().contains(name) ||
         name == "cycle" || name == "changed";
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
