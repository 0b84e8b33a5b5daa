/// Filters that look into lists: paths, sorting, choosing, mapping, joining.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/methods.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/tests.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

/// Applies a filter by name. Faults for a name that is no filter here.
[[nodiscard]] Value apply_filter(std::string_view name, const Value& value, const Arguments& arguments, Meter& meter);

namespace detail {

/// value.a.b or value.0 as attribute arguments spell it; undefined where it is not there.
[[nodiscard]] inline Value follow_path(Value value, const Value& path, const Value& otherwise, Meter& meter) {
  std::vector<Value> keys;
  if (const std::string* text = path.text()) {
    for (std::string_view rest = *text;;) {
      const std::size_t dot = rest.find('.');
      const std::string_view part = rest.substr(0, dot);
      const bool digits = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
      keys.emplace_back(digits ? Value(std::int64_t{std::stoi(std::string(part))}) : Value(part));
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
  } else {
    keys.push_back(path);
  }
  for (const Value& key : keys) {
    if (value.is_undefined()) refuse_kind("an attribute", value);
    auto item = item_at(value, key, meter);
    value = item ? *item : undefined(concat("a ", kind_name(value), " has no attribute '", to_text(key), "'"));
    if (value.is_undefined() && !otherwise.is<None>()) value = otherwise;
  }
  return value;
}

/// What sorting and comparing filters look at: the attribute, in lower case unless case counts.
[[nodiscard]] inline Value sort_key(const Value& value, const Value& attribute, bool case_sensitive, Meter& meter) {
  if (attribute.text() && attribute.text()->find(',') != std::string::npos)
    fault("sorting by several attributes is not supported");
  const Value key = attribute.is<None>() ? value : follow_path(value, attribute, None{}, meter);
  return key.text() && !case_sensitive ? Value(lower(*key.text())) : key;
}

/// The order that sorts `keys`, stable in both directions.
[[nodiscard]] inline std::vector<std::size_t> sorted_order(const std::vector<Value>& keys, bool reverse, Meter& meter) {
  // Lists are merged, which keeps within bounds even where large ints and floats are not ordered consistently.
  std::list<std::size_t> order;
  for (std::size_t i = 0; i < keys.size(); ++i) order.push_back(i);
  order.sort(
      [&](std::size_t i, std::size_t j) { return compare(keys[reverse ? j : i], keys[reverse ? i : j], meter) < 0; });
  return {order.begin(), order.end()};
}

[[nodiscard]] inline Value sort_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"});
  const std::vector<Value> items = items_of(value, meter);
  std::vector<Value> keys, sorted;
  for (const Value& item : items)
    keys.push_back(sort_key(item, bound.get("attribute", None{}), bound.flag("case_sensitive", false), meter));
  for (const std::size_t i : sorted_order(keys, bound.flag("reverse", false), meter)) sorted.push_back(items[i]);
  return make_sequence(std::move(sorted));
}

[[nodiscard]] inline Value dictsort_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"});
  if (!value.dict()) refuse_kind("dictsort", value);
  const std::string by = bound.has("by") ? bound.text("by") : "key";
  if (by != "key" && by != "value") fault("dictsort sorts by \"key\" or \"value\"");
  const auto& entries = value.dict()->entries;
  std::vector<Value> keys, sorted;
  for (const auto& [key, item] : entries)
    keys.push_back(sort_key(by == "key" ? key : item, None{}, bound.flag("case_sensitive", false), meter));
  for (const std::size_t i : sorted_order(keys, bound.flag("reverse", false), meter))
    sorted.push_back(make_tuple({entries[i].first, entries[i].second}));
  return make_sequence(std::move(sorted));
}

[[nodiscard]] inline Value unique_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"});
  std::vector<Value> seen, kept;
  for (const Value& item : items_of(value, meter)) {
    const Value key = sort_key(item, bound.get("attribute", None{}), bound.flag("case_sensitive", false), meter);
    meter.spend_items(seen.size());
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& other) { return equal(other, key, meter); })) continue;
    seen.push_back(key);
    kept.push_back(item);
  }
  return make_iterator(std::move(kept));
}

/// min and max: `sign` is 1 for max.
[[nodiscard]] inline Value extreme_filter(std::string_view name, int sign, const Value& value,
                                          const Arguments& arguments, Meter& meter) {
  const Bound bound(name, arguments, {"case_sensitive", "attribute"});
  Value best = undefined("No aggregated item, sequence was empty."), best_key;
  for (const Value& item : items_of(value, meter)) {
    const Value key = sort_key(item, bound.get("attribute", None{}), bound.flag("case_sensitive", false), meter);
    const bool better =
        best.is_undefined() || (sign > 0 ? compare(key, best_key, meter) > 0 : compare(key, best_key, meter) < 0);
    if (!better) continue;
    best = item;
    best_key = key;
  }
  return best;
}

/// select, reject and, by an attribute, selectattr and rejectattr.
[[nodiscard]] inline Value choose_filter(std::string_view name, bool by_attribute, bool wanted, const Value& value,
                                         Arguments arguments, Meter& meter) {
  const auto next = [&]() -> std::optional<Value> {
    if (arguments.positional.empty()) return std::nullopt;
    Value first = arguments.positional.front();
    arguments.positional.erase(arguments.positional.begin());
    return first;
  };
  const std::optional<Value> attribute = by_attribute ? next() : std::nullopt;
  if (by_attribute && !attribute) fault(name, " needs an attribute");
  const std::optional<Value> test = next();
  if (test && !test->text()) refuse_kind(concat("the test of ", name), *test);
  std::vector<Value> chosen;
  if (!truth(value)) return make_iterator({});
  for (const Value& item : items_of(value, meter)) {
    meter.spend(1);
    const Value key = attribute ? follow_path(item, *attribute, None{}, meter) : item;
    if ((test ? apply_test(*test->text(), key, arguments, meter) : truth(key)) == wanted) chosen.push_back(item);
  }
  return make_iterator(std::move(chosen));
}

[[nodiscard]] inline Value map_filter(const Value& value, Arguments arguments, Meter& meter) {
  std::vector<Value> mapped;
  if (!truth(value)) return make_iterator({});
  if (arguments.positional.empty()) {
    const Bound bound("map", arguments, {"attribute", "default"});
    for (const Value& item : items_of(value, meter)) {
      meter.spend(1);
      mapped.push_back(follow_path(item, bound.get("attribute"), bound.get("default", None{}), meter));
    }
    return make_iterator(std::move(mapped));
  }
  const Value filter = arguments.positional.front();
  if (!filter.text()) refuse_kind("the filter of map", filter);
  arguments.positional.erase(arguments.positional.begin());
  for (const Value& item : items_of(value, meter)) {
    meter.spend(1);
    mapped.push_back(apply_filter(*filter.text(), item, arguments, meter));
  }
  return make_iterator(std::move(mapped));
}

[[nodiscard]] inline Value join_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("join", arguments, {"d", "attribute"});
  std::vector<Value> items = items_of(value, meter);
  if (bound.has("attribute"))
    for (Value& item : items) item = follow_path(item, bound.get("attribute"), None{}, meter);
  return join(to_text(bound.get("d", "")), items, true);
}

[[nodiscard]] inline Value sum_filter(const Value& value, const Arguments& arguments, Meter& meter) {
  const Bound bound("sum", arguments, {"attribute", "start"});
  Value sum = bound.get("start", std::int64_t{0});
  if (sum.text()) refuse_kind("sum", sum);
  for (const Value& item : items_of(value, meter)) {
    meter.spend(1);
    sum = arithmetic("+", sum, bound.has("attribute") ? follow_path(item, bound.get("attribute"), None{}, meter) : item,
                     meter);
  }
  return sum;
}

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
