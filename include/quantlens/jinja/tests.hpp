/// What may follow `is`: jinja2's tests.
#pragma once

#include <algorithm>
#include <compare>
#include <map>
#include <string_view>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/methods.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

using Test = bool (*)(const Value& value, const Arguments& arguments, Meter& meter);

namespace detail {

template <auto Holds>
bool plain_test(const Value& value, const Arguments& arguments, Meter&) {
  no_arguments("this test", arguments);
  return Holds(value);
}

template <auto Holds>
bool order_test(const Value& value, const Arguments& arguments, Meter& meter) {
  return Holds(compare(value, Bound("a comparison", arguments, {"other"}).get("other"), meter));
}

inline bool equal_test(const Value& value, const Arguments& arguments, Meter& meter) {
  return equal(value, Bound("a comparison", arguments, {"other"}).get("other"), meter);
}
inline bool unequal_test(const Value& value, const Arguments& arguments, Meter& meter) {
  return !equal_test(value, arguments, meter);
}

/// Identity is told for the values that Python has once: None, True, False.
inline bool same_test(const Value& value, const Arguments& arguments, Meter& meter) {
  const Value other = Bound("sameas", arguments, {"other"}).get("other");
  const auto single = [](const Value& one) { return one.is<None>() || one.is<bool>(); };
  if (!single(value) && !single(other)) fault("sameas tells None, True and False only");
  return value.data.index() == other.data.index() && equal(value, other, meter);
}

inline bool divisible_test(const Value& value, const Arguments& arguments, Meter& meter) {
  const Value remainder = arithmetic("%", value, Bound("divisibleby", arguments, {"num"}).get("num"), meter);
  return !truth(remainder);
}

[[nodiscard]] inline bool is_odd(const Value& value) {
  Meter meter;
  return truth(arithmetic("%", value, std::int64_t{2}, meter));
}

[[nodiscard]] inline bool is_sequence(const Value& value) {
  return value.text() || value.dict() || value.is_undefined() ||
         (value.sequence() && value.sequence()->kind != Sequence::Kind::view);
}

[[nodiscard]] inline bool is_iterable(const Value& value) {
  return value.text() || value.dict() || value.is_undefined() || value.sequence() || value.iterator() || value.loop();
}

}  // namespace detail

[[nodiscard]] inline const std::map<std::string_view, Test>& tests() {
  using V = const Value&;
  static constexpr auto less = [](std::partial_ordering o) { return o < 0; };
  static constexpr auto less_or_equal = [](std::partial_ordering o) { return o <= 0; };
  static constexpr auto greater = [](std::partial_ordering o) { return o > 0; };
  static constexpr auto greater_or_equal = [](std::partial_ordering o) { return o >= 0; };
  static const std::map<std::string_view, Test> table{
      {"!=", detail::unequal_test},
      {"<", detail::order_test<less>},
      {"<=", detail::order_test<less_or_equal>},
      {"==", detail::equal_test},
      {">", detail::order_test<greater>},
      {">=", detail::order_test<greater_or_equal>},
      {"boolean", detail::plain_test<[](V v) { return v.is<bool>(); }>},
      {"callable", detail::plain_test<[](V v) { return v.callable() || v.loop() || v.is_undefined(); }>},
      {"defined", detail::plain_test<[](V v) { return !v.is_undefined(); }>},
      {"divisibleby", detail::divisible_test},
      {"eq", detail::equal_test},
      {"equalto", detail::equal_test},
      {"even", detail::plain_test<[](V v) { return !detail::is_odd(v); }>},
      {"false", detail::plain_test<[](V v) { return v.is<bool>() && !truth(v); }>},
      {"float", detail::plain_test<[](V v) { return v.is<double>(); }>},
      {"ge", detail::order_test<greater_or_equal>},
      {"greaterthan", detail::order_test<greater>},
      {"gt", detail::order_test<greater>},
      {"in", [](V v, const Arguments& a, Meter& m) { return contains(Bound("in", a, {"seq"}).get("seq"), v, m); }},
      {"integer", detail::plain_test<[](V v) { return v.is<std::int64_t>(); }>},
      {"iterable", detail::plain_test<detail::is_iterable>},
      {"le", detail::order_test<less_or_equal>},
      {"lessthan", detail::order_test<less>},
      {"lower", detail::plain_test<[](V v) { return detail::has_case(to_text(v), false); }>},
      {"lt", detail::order_test<less>},
      {"mapping", detail::plain_test<[](V v) { return v.dict() != nullptr; }>},
      {"ne", detail::unequal_test},
      {"none", detail::plain_test<[](V v) { return v.is<None>(); }>},
      {"number", detail::plain_test<[](V v) { return as_number(v).has_value(); }>},
      {"odd", detail::plain_test<detail::is_odd>},
      {"sameas", detail::same_test},
      {"sequence", detail::plain_test<detail::is_sequence>},
      {"string", detail::plain_test<[](V v) { return v.text() != nullptr; }>},
      {"true", detail::plain_test<[](V v) { return v.is<bool>() && truth(v); }>},
      {"undefined", detail::plain_test<[](V v) { return v.is_undefined(); }>},
      {"upper", detail::plain_test<[](V v) { return detail::has_case(to_text(v), true); }>},
  };
  return table;
}

/// Whether `value is name(arguments)`. Faults for a name that is no test here.
[[nodiscard]] inline bool apply_test(std::string_view name, const Value& value, const Arguments& arguments,
                                     Meter& meter) {
  const auto found = tests().find(name);
  if (found == tests().end()) fault("unknown test '", name.substr(0, 64), "'");
  return found->second(value, arguments, meter);
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
