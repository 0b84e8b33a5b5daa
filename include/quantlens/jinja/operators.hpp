/// Python's operators on template values: truth, equality, order, arithmetic, membership, subscripts and slices.
#pragma once

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/text.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// An int, or a bool, which Python counts as one.
[[nodiscard]] inline std::optional<std::int64_t> as_int(const Value& value) {
  if (value.is<std::int64_t>()) return std::get<std::int64_t>(value.data);
  if (value.is<bool>()) return std::get<bool>(value.data) ? 1 : 0;
  return std::nullopt;
}

[[nodiscard]] inline std::optional<double> as_number(const Value& value) {
  if (value.is<double>()) return std::get<double>(value.data);
  if (const auto number = as_int(value)) return static_cast<double>(*number);
  return std::nullopt;
}

/// Number of items or characters, or nothing where Python's len() would raise.
[[nodiscard]] inline std::optional<std::size_t> length(const Value& value) {
  if (const std::string* text = value.text()) return count_characters(*text);
  if (const Sequence* sequence = value.sequence()) return sequence->items.size();
  if (const Dict* dict = value.dict()) return dict->entries.size();
  if (value.is_undefined()) return 0;
  return std::nullopt;
}

[[nodiscard]] inline bool truth(const Value& value) {
  if (value.is<None>()) return false;
  if (const auto number = as_number(value)) return *number != 0;
  if (const std::string* text = value.text()) return !text->empty();
  return length(value).value_or(1) != 0;
}

[[nodiscard]] bool equal(const Value& a, const Value& b, Meter& meter);

/// The value of a key, or null.
[[nodiscard]] inline const Value* find_key(const Dict& dict, const Value& key, Meter& meter) {
  meter.spend_items(dict.entries.size());
  for (const auto& [candidate, value] : dict.entries)
    if (equal(candidate, key, meter)) return &value;
  return nullptr;
}

namespace detail {

[[nodiscard]] inline bool equal_dicts(const Dict& a, const Dict& b, Meter& meter) {
  return a.entries.size() == b.entries.size() &&
         std::all_of(a.entries.begin(), a.entries.end(), [&](const auto& entry) {
           const Value* other = find_key(b, entry.first, meter);
           return other && equal(entry.second, *other, meter);
         });
}

}  // namespace detail

/// Python's ==.
inline bool equal(const Value& a, const Value& b, Meter& meter) {
  if (a.sequence() || a.dict()) meter.spend(1);
  if (const auto x = as_int(a), y = as_int(b); x && y) return *x == *y;
  if (const auto x = as_number(a), y = as_number(b); x && y) return *x == *y;
  if (a.data.index() != b.data.index()) return false;
  if (const std::string* x = a.text(), *y = b.text(); x && y) {
    if (x->size() != y->size()) return false;
    meter.spend_bytes(x->size());
    return *x == *y;
  }
  if (const Dict* x = a.dict(), *y = b.dict(); x && y) return x == y || detail::equal_dicts(*x, *y, meter);
  if (const Sequence* x = a.sequence(), *y = b.sequence(); x && y) {
    if (x == y) return true;
    if (x->kind == Sequence::Kind::view) fault("a dict's view cannot be compared");
    meter.spend_items(x->items.size());
    return x->kind == y->kind && x->items.size() == y->items.size() &&
           std::equal(x->items.begin(), x->items.end(), y->items.begin(),
                      [&](const Value& i, const Value& j) { return equal(i, j, meter); });
  }
  return a.is_undefined() || a.is<None>() || (a.iterator() && a.iterator() == b.iterator()) ||
         (a.attributes() && a.attributes() == b.attributes()) || (a.callable() && a.callable() == b.callable()) ||
         (a.loop() && a.loop() == b.loop());
}

/// Python's < and its kin. Faults for values that have no order.
[[nodiscard]] inline std::partial_ordering compare(const Value& a, const Value& b, Meter& meter) {
  meter.spend(1);
  if (const auto x = as_int(a), y = as_int(b); x && y) return *x <=> *y;
  if (const auto x = as_number(a), y = as_number(b); x && y) return *x <=> *y;
  if (const std::string* x = a.text(), *y = b.text(); x && y) {
    meter.spend_bytes(std::min(x->size(), y->size()));
    return x->compare(*y) <=> 0;
  }
  const Sequence *x = a.sequence(), *y = b.sequence();
  if (x && y && x->kind == y->kind && x->kind != Sequence::Kind::view && x->kind != Sequence::Kind::range) {
    meter.spend_items(x->items.size());
    for (std::size_t i = 0; i < std::min(x->items.size(), y->items.size()); ++i)
      if (!equal(x->items[i], y->items[i], meter)) return compare(x->items[i], y->items[i], meter);
    return x->items.size() <=> y->items.size();
  }
  if (a.is_undefined() || b.is_undefined()) refuse_kind("comparison", a.is_undefined() ? a : b);
  fault("a ", kind_name(a), " and a ", kind_name(b), " have no order");
}

/// Python's `item in container`.
[[nodiscard]] inline bool contains(const Value& container, const Value& item, Meter& meter) {
  if (const std::string* text = container.text()) {
    if (!item.text()) refuse_kind("`in` a string", item);
    meter.spend_search(text->size(), item.text()->size());
    return text->find(*item.text()) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) return find_key(*dict, item, meter) != nullptr;
  const std::vector<Value> items = items_of(container, meter);
  return std::any_of(items.begin(), items.end(), [&](const Value& other) { return equal(other, item, meter); });
}

/// A comparison by its operator.
[[nodiscard]] inline bool holds(std::string_view op, const Value& left, const Value& right, Meter& meter) {
  if (op == "==") return equal(left, right, meter);
  if (op == "!=") return !equal(left, right, meter);
  if (op == "in") return contains(right, left, meter);
  if (op == "not in") return !contains(right, left, meter);
  const auto order = compare(left, right, meter);
  return op == "<" ? order < 0 : op == "<=" ? order <= 0 : op == ">" ? order > 0 : order >= 0;
}

namespace detail {

[[nodiscard]] inline double checked_divisor(double divisor) {
  if (divisor == 0) fault("division by zero");
  return divisor;
}

[[nodiscard]] inline Value integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0)
    return std::pow(static_cast<double>(checked_divisor(static_cast<double>(base))), static_cast<double>(exponent));
  std::int64_t result = 1;
  // Beyond 63 rounds only 0, 1 and -1 have not overflowed, and those repeat with period two.
  for (std::int64_t i = exponent > 64 ? 64 + exponent % 2 : exponent; i > 0; --i)
    if (__builtin_mul_overflow(result, base, &result)) fault("an integer of more than 64 bits");
  return result;
}

[[nodiscard]] inline Value integer_arithmetic(std::string_view op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  if (op == "+") {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (op == "-") {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (op == "*") {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else if (op == "**") {
    return integer_power(a, b);
  } else if (op == "/") {
    return static_cast<double>(a) / checked_divisor(static_cast<double>(b));
  } else {
    if (b == 0) fault("division by zero");
    overflow = a == std::numeric_limits<std::int64_t>::min() && b == -1;
    if (!overflow) {
      const std::int64_t remainder = a % b, adjust = remainder != 0 && (remainder < 0) != (b < 0) ? 1 : 0;
      result = op == "%" ? remainder + adjust * b : a / b - adjust;
    }
  }
  if (overflow) fault("an integer of more than 64 bits");
  return result;
}

[[nodiscard]] inline Value float_arithmetic(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "/") return a / checked_divisor(b);
  if (op == "**") {
    if (a < 0 && b != std::floor(b)) fault("a power that is not a real number");
    if (a == 0 && b < 0) fault("division by zero");
    return std::pow(a, b);
  }
  const double remainder = std::fmod(a, checked_divisor(b));
  const bool adjust = remainder != 0 && (remainder < 0) != (b < 0);
  if (op == "%") return adjust ? remainder + b : remainder == 0 ? std::copysign(0.0, b) : remainder;
  return std::floor((a - (adjust ? remainder + b : remainder)) / b + 0.5);
}

[[nodiscard]] inline Value repeat(const Value& value, std::int64_t count, Meter& meter) {
  const std::size_t times = count < 0 ? 0 : static_cast<std::size_t>(count);
  if (const std::string* text = value.text()) {
    if (!text->empty() && times > max_text_bytes / text->size())
      fault("a text of more than ", max_text_bytes, " bytes");
    std::string result;
    for (std::size_t i = 0; i < times && !text->empty(); ++i) result += *text;
    return result;
  }
  const Sequence& sequence = *value.sequence();
  if (!sequence.items.empty() && times > max_range / sequence.items.size())
    fault("a list of more than ", max_range, " items");
  std::vector<Value> items;
  for (std::size_t i = 0; i < times && !sequence.items.empty(); ++i)
    items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  meter.spend_items(items.size());
  return make_sequence(std::move(items), sequence.kind);
}

[[nodiscard]] inline bool is_concatenable(const Value& value) {
  const Sequence* sequence = value.sequence();
  return value.text() ||
         (sequence && (sequence->kind == Sequence::Kind::list || sequence->kind == Sequence::Kind::tuple));
}

}  // namespace detail

/// Python's + - * / // % **.
[[nodiscard]] inline Value arithmetic(std::string_view op, const Value& a, const Value& b, Meter& meter) {
  const auto x = as_int(a), y = as_int(b);
  if (x && y) return detail::integer_arithmetic(op, *x, *y);
  if (const auto p = as_number(a), q = as_number(b); p && q) return detail::float_arithmetic(op, *p, *q);
  if (op == "+" && a.text() && b.text()) {
    BoundedText joined;
    joined << *a.text() << *b.text();
    return joined.take();
  }
  if (op == "+" && detail::is_concatenable(a) && detail::is_concatenable(b) && a.sequence() && b.sequence() &&
      a.sequence()->kind == b.sequence()->kind) {
    std::vector<Value> items = a.sequence()->items;
    items.insert(items.end(), b.sequence()->items.begin(), b.sequence()->items.end());
    meter.spend_items(items.size());
    return make_sequence(std::move(items), a.sequence()->kind);
  }
  if (op == "*" && detail::is_concatenable(a) && y) return detail::repeat(a, *y, meter);
  if (op == "*" && x && detail::is_concatenable(b)) return detail::repeat(b, *x, meter);
  if (a.is_undefined() || b.is_undefined()) refuse_kind(op, a.is_undefined() ? a : b);
  fault("`", op, "` is not for a ", kind_name(a), " and a ", kind_name(b));
}

/// Python's value[start:stop:step]; undefined or None bounds are left out.
[[nodiscard]] inline Value slice(const Value& value, const Value& start, const Value& stop, const Value& step,
                                 Meter& meter) {
  const auto bound = [](const Value& given) -> std::optional<std::int64_t> {
    if (given.is<None>()) return std::nullopt;
    if (const auto number = as_int(given)) return number;
    refuse_kind("a slice's bound", given);
  };
  const std::int64_t stride = bound(step).value_or(1);
  if (stride == 0) fault("a slice of step zero");
  const std::string* text = value.text();
  if (!text && !detail::is_concatenable(value)) refuse_kind("a slice", value);
  if (text) meter.spend_items(text->size());
  const std::vector<Value> letters = text ? characters(*text) : std::vector<Value>{};
  const std::vector<Value>& items = text ? letters : value.sequence()->items;
  const auto n = static_cast<std::int64_t>(items.size());
  const auto place = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    const std::int64_t at = *given < 0 ? std::max(*given, -n - 1) + n : *given;
    return stride > 0 ? std::clamp<std::int64_t>(at, 0, n) : std::clamp<std::int64_t>(at, -1, n - 1);
  };
  const std::int64_t first = place(bound(start), stride > 0 ? 0 : n - 1),
                     last = place(bound(stop), stride > 0 ? n : -1);
  // A step beyond the length takes one item, as any does; so clamped it cannot overflow.
  const std::int64_t pace = std::clamp(stride, -n - 1, n + 1);
  std::vector<Value> taken;
  for (std::int64_t i = first; pace > 0 ? i < last : i > last; i += pace)
    taken.push_back(items[static_cast<std::size_t>(i)]);
  meter.spend_items(taken.size());
  if (!text) return make_sequence(std::move(taken), value.sequence()->kind);
  std::string joined;
  for (const Value& letter : taken) joined += *letter.text();
  return joined;
}

/// The character at a position, from the end where it is negative, or nothing.
[[nodiscard]] inline std::optional<Value> character_at(std::string_view text, std::int64_t index, Meter& meter) {
  std::size_t at = index < 0 ? text.size() : 0;
  std::int64_t left = index;
  for (; left > 0 && at < text.size(); --left) at += read_utf8(text, at).size;
  for (; left < 0 && at > 0; ++left) at = previous_character(text, at);
  meter.spend_items(index < 0 ? text.size() - at : at);
  if (left != 0 || at == text.size()) return std::nullopt;
  return Value(text.substr(at, read_utf8(text, at).size));
}

/// Python's value[key], or nothing where it would raise and jinja2 goes on to look for an attribute.
[[nodiscard]] inline std::optional<Value> item_at(const Value& value, const Value& key, Meter& meter) {
  if (const Dict* dict = value.dict()) {
    const Value* found = find_key(*dict, key, meter);
    return found ? std::optional<Value>(*found) : std::nullopt;
  }
  const auto index = as_int(key);
  if (!index) return std::nullopt;
  if (value.text()) return character_at(*value.text(), *index, meter);
  const Sequence* sequence = value.sequence();
  if (!sequence || sequence->kind == Sequence::Kind::view) return std::nullopt;
  const auto n = static_cast<std::int64_t>(sequence->items.size());
  const std::int64_t at = *index < 0 ? *index + n : *index;
  if (at < 0 || at >= n) return std::nullopt;
  return sequence->items[static_cast<std::size_t>(at)];
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
