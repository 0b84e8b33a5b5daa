/// What may follow `|`: the filters of jinja2 that chat templates use, and transformers' tojson.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/json.hpp"
#include "quantlens/jinja/methods.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/sequence_filters.hpp"
#include "quantlens/jinja/tests.hpp"
#include "quantlens/jinja/text.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

using Filter = Value (*)(const Value& value, const Arguments& arguments, Meter& meter);

namespace detail {

/// jinja2's title: a word begins after a blank, a hyphen or an opening bracket.
[[nodiscard]] inline std::string title_words(std::string_view text) {
  bool inside = false;
  return map_characters(text, [&](utf8proc_int32_t c) {
    const auto mapped = inside ? utf8proc_tolower(c) : utf8proc_toupper(c);
    inside = !is_space(static_cast<char32_t>(c)) &&
             (c >= 0x80 || std::string_view("-({[<").find(static_cast<char>(c)) == std::string_view::npos);
    return mapped;
  });
}

[[nodiscard]] inline Value indent_filter(const Value& value, const Arguments& arguments) {
  const Bound bound("indent", arguments, {"s", "first", "blank"});
  const Value width = bound.get("s", std::int64_t{4});
  const std::int64_t blanks = as_int(width).value_or(0);
  if (!width.text() && !as_int(width)) refuse_kind("the width of indent", width);
  if (blanks > static_cast<std::int64_t>(max_range)) fault("an indent of more than ", max_range, " blanks");
  const std::string pad =
      width.text() ? *width.text() : std::string(static_cast<std::size_t>(std::max<std::int64_t>(blanks, 0)), ' ');
  if (!value.text()) refuse_kind("indent", value);
  // The added line end keeps a last empty line, as in jinja2.
  const std::string text = *value.text() + "\n";
  const auto lines = split_lines(text, false);
  BoundedText out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out << "\n";
    if (i == 0 ? bound.flag("first", false) : bound.flag("blank", false) || !lines[i].empty()) out << pad;
    out << lines[i];
  }
  return out.take();
}

[[nodiscard]] inline Value tojson_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style;
  style.ensure_ascii = bound.flag("ensure_ascii", false);
  style.sort_keys = bound.flag("sort_keys", false);
  const Value indent = bound.get("indent", None{}), separators = bound.get("separators", None{});
  if (const auto width = as_int(indent)) {
    if (*width > static_cast<std::int64_t>(max_range)) fault("an indent of more than ", max_range, " blanks");
    style.indent = std::string(static_cast<std::size_t>(std::max<std::int64_t>(*width, 0)), ' ');
  } else if (indent.text()) {
    style.indent = *indent.text();
  } else if (!indent.is<None>()) {
    refuse_kind("the indent of tojson", indent);
  }
  if (style.indent) style.between_items = ",";
  if (!separators.is<None>()) {
    const std::vector<Value> pair = items_of(separators, meter);
    if (pair.size() != 2 || !pair[0].text() || !pair[1].text()) fault("the separators of tojson are two texts");
    style.between_items = *pair[0].text();
    style.after_key = *pair[1].text();
  }
  return JsonWriter(std::move(style), meter).write(value);
}

/// float(text) where Python would not raise.
[[nodiscard]] inline std::optional<double> parse_float(std::string_view text) {
  text = strip(text, true, true, is_space);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[nodiscard]] inline Value float_filter(const Value& value, const Arguments& arguments) {
  const Bound bound("float", arguments, {"default"});
  const auto number = value.text() ? parse_float(*value.text()) : as_number(value);
  if (value.is_undefined()) refuse_kind("float", value);
  return number ? Value(*number) : bound.get("default", 0.0);
}

[[nodiscard]] inline Value int_filter(const Value& value, const Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"});
  if (bound.integer("base").value_or(10) != 10) fault("int with a base other than 10 is not supported");
  if (value.is_undefined()) refuse_kind("int", value);
  if (const auto number = as_int(value)) return *number;
  if (const std::string* text = value.text()) {
    std::string_view digits = strip(*text, true, true, is_space);
    if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (!digits.empty() && error == std::errc{} && end == digits.data() + digits.size()) return number;
    if (error == std::errc::result_out_of_range) fault("an integer of more than 64 bits");
  }
  const auto number = value.text() ? parse_float(*value.text()) : as_number(value);
  if (!number || std::isnan(*number)) return bound.get("default", std::int64_t{0});
  if (std::fabs(*number) >= 0x1p63) fault("an integer of more than 64 bits");
  return static_cast<std::int64_t>(*number);
}

[[nodiscard]] inline Value round_filter(const Value& value, const Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"});
  const std::int64_t precision = bound.integer("precision").value_or(0);
  const std::string method = bound.has("method") ? bound.text("method") : "common";
  if (precision < 0 || precision > 15) fault("round takes a precision from 0 to 15");
  const auto number = as_number(value);
  if (!number) refuse_kind("round", value);
  if (method == "common") {
    if (as_int(value)) return *as_int(value);
    // printf rounds the exact decimal value half to even, as Python's round() does.
    std::array<char, 400> buffer{};
    const int size = std::snprintf(buffer.data(), buffer.size(), "%.*f", static_cast<int>(precision), *number);
    return parse_float(std::string_view(buffer.data(), static_cast<std::size_t>(size))).value_or(*number);
  }
  if (method != "ceil" && method != "floor") fault("round's method is \"common\", \"ceil\" or \"floor\"");
  const double scale = std::pow(10.0, static_cast<double>(precision));
  return (method == "ceil" ? std::ceil(*number * scale) : std::floor(*number * scale)) / scale;
}

[[nodiscard]] inline Value reverse_filter(const Value& value, Meter& meter) {
  const bool again = value.iterator() != nullptr;
  std::vector<Value> items = items_of(value, meter);
  std::reverse(items.begin(), items.end());
  if (value.text()) return join("", items, false);
  return again ? Value(make_sequence(std::move(items))) : make_iterator(std::move(items));
}

[[nodiscard]] inline Value end_filter(std::string_view name, const Value& value, bool last, Meter& meter) {
  if (last && value.iterator()) refuse_kind(name, value);
  if (last) {
    const std::vector<Value> items = items_of(value, meter);
    return items.empty() ? undefined("No last item, sequence was empty.") : items.back();
  }
  const auto iterator = iterate(value, meter);
  if (iterator->next == iterator->items->items.size()) return undefined("No first item, sequence was empty.");
  return iterator->items->items[iterator->next++];
}

[[nodiscard]] inline Value length_filter(const Value& value) {
  const auto n = length(value);
  if (!n) refuse_kind("length", value);
  return static_cast<std::int64_t>(*n);
}

[[nodiscard]] inline Value abs_filter(const Value& value) {
  if (value.is<double>()) return std::fabs(std::get<double>(value.data));
  const auto number = as_int(value);
  if (!number) refuse_kind("abs", value);
  if (*number == INT64_MIN) fault("an integer of more than 64 bits");
  return *number < 0 ? -*number : *number;
}

[[nodiscard]] inline Value items_filter(const Value& value) {
  if (value.is_undefined()) return make_iterator({});
  if (!value.dict()) refuse_kind("items", value);
  return make_iterator(dict_view("items", value, true, true).sequence()->items);
}

[[nodiscard]] inline Value default_filter(const Value& value, const Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"});
  return value.is_undefined() || (bound.flag("boolean", false) && !truth(value)) ? bound.get("default_value", "")
                                                                                 : value;
}

[[nodiscard]] inline Value replace_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("replace", arguments, {"old", "new", "count"});
  return replace(to_text(value), to_text(bound.get("old")), to_text(bound.get("new")),
                 bound.integer("count").value_or(-1), meter);
}

/// A filter without arguments.
template <auto Map>
Value simple_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  no_arguments("this filter", arguments);
  if constexpr (requires { Map(value, meter); })
    return Map(value, meter);
  else if constexpr (requires { Map(value); })
    return Map(value);
  else
    return Map(to_text(value));
}

}  // namespace detail

[[nodiscard]] inline const std::map<std::string_view, Filter>& filters() {
  using V = const Value&;
  using A = const Arguments&;
  using M = Meter&;
  static const std::map<std::string_view, Filter> table{
      {"abs", detail::simple_filter<detail::abs_filter>},
      {"capitalize", detail::simple_filter<capitalize>},
      {"count", detail::simple_filter<detail::length_filter>},
      {"d", [](V v, A a, M) { return detail::default_filter(v, a); }},
      {"default", [](V v, A a, M) { return detail::default_filter(v, a); }},
      {"dictsort", detail::dictsort_filter},
      {"first", detail::simple_filter<[](V v, M m) { return detail::end_filter("first", v, false, m); }>},
      {"float", [](V v, A a, M) { return detail::float_filter(v, a); }},
      {"indent", [](V v, A a, M) { return detail::indent_filter(v, a); }},
      {"int", [](V v, A a, M) { return detail::int_filter(v, a); }},
      {"items", detail::simple_filter<detail::items_filter>},
      {"join", detail::join_filter},
      {"last", detail::simple_filter<[](V v, M m) { return detail::end_filter("last", v, true, m); }>},
      {"length", detail::simple_filter<detail::length_filter>},
      {"list", detail::simple_filter<[](V v, M m) -> Value { return make_sequence(items_of(v, m)); }>},
      {"lower", detail::simple_filter<lower>},
      {"map", [](V v, A a, M m) { return detail::map_filter(v, a, m); }},
      {"max", [](V v, A a, M m) { return detail::extreme_filter("max", 1, v, a, m); }},
      {"min", [](V v, A a, M m) { return detail::extreme_filter("min", -1, v, a, m); }},
      {"reject", [](V v, A a, M m) { return detail::choose_filter("reject", false, false, v, a, m); }},
      {"rejectattr", [](V v, A a, M m) { return detail::choose_filter("rejectattr", true, false, v, a, m); }},
      {"replace", detail::replace_filter},
      {"reverse", detail::simple_filter<detail::reverse_filter>},
      {"round", [](V v, A a, M) { return detail::round_filter(v, a); }},
      // jinja2's Markup would also escape what is added to it.
      {"safe", detail::simple_filter<to_text>},
      {"select", [](V v, A a, M m) { return detail::choose_filter("select", false, true, v, a, m); }},
      {"selectattr", [](V v, A a, M m) { return detail::choose_filter("selectattr", true, true, v, a, m); }},
      {"sort", detail::sort_filter},
      {"string", detail::simple_filter<to_text>},
      {"sum", detail::sum_filter},
      {"title", detail::simple_filter<detail::title_words>},
      {"tojson", detail::tojson_filter},
      {"trim", [](V v, A a, M m) { return detail::strip_method("trim", to_text(v), a, true, true, m); }},
      {"unique", detail::unique_filter},
      {"upper", detail::simple_filter<upper>},
  };
  return table;
}

inline Value apply_filter(std::string_view name, const Value& value, const Arguments& arguments, Meter& meter) {
  const auto found = filters().find(name);
  if (found == filters().end()) fault("unknown filter '", name.substr(0, 64), "'");
  return found->second(value, arguments, meter);
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
