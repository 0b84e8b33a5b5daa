/// The functions that every template can call, and the pinned date.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/jinja/arguments.hpp"
#include "quantlens/jinja/operators.hpp"
#include "quantlens/jinja/value.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

using Function = Value (*)(const Arguments& arguments, Meter& meter);

namespace detail {

[[nodiscard]] inline Value range_function(const Arguments& arguments, Meter& meter) {
  const Bound bound("range", arguments, {"start", "stop", "step"});
  const auto given = [&](std::string_view name) {
    const auto number = as_int(bound.get(name));
    if (!number) refuse_kind("range", bound.get(name));
    return *number;
  };
  const std::int64_t start = bound.has("stop") ? given("start") : 0;
  const std::int64_t stop = bound.has("stop") ? given("stop") : given("start");
  const std::int64_t step = bound.has("step") ? given("step") : 1;
  if (step == 0) fault("range with step zero");
  std::vector<Value> items;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (items.size() == max_range) fault("a range of more than ", max_range, " numbers");
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  meter.spend_items(items.size());
  std::string label = concat("range(", start, ", ", stop, step == 1 ? "" : concat(", ", step), ")");
  return make_sequence(std::move(items), Sequence::Kind::range, std::move(label));
}

/// What dict(...) and namespace(...) are made of: a mapping or pairs, then names.
[[nodiscard]] inline std::vector<std::pair<Value, Value>> entries_of(const Arguments& arguments, Meter& meter) {
  if (arguments.positional.size() > 1) fault("a mapping is made of at most one other mapping");
  std::vector<std::pair<Value, Value>> entries;
  const auto put = [&](const Value& key, const Value& value) {
    meter.spend_items(entries.size());
    const auto same =
        std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return equal(entry.first, key, meter); });
    if (same == entries.end())
      entries.emplace_back(key, value);
    else
      same->second = value;
  };
  if (!arguments.positional.empty()) {
    const Value& source = arguments.positional.front();
    if (source.dict()) {
      entries = source.dict()->entries;
    } else {
      for (const Value& item : items_of(source, meter)) {
        const std::vector<Value> pair = items_of(item, meter);
        if (pair.size() != 2) fault("a mapping is made of pairs");
        put(pair[0], pair[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) put(name, value);
  return entries;
}

[[nodiscard]] inline Value namespace_function(const Arguments& arguments, Meter& meter) {
  auto result = std::make_shared<Namespace>();
  for (const auto& [key, value] : entries_of(arguments, meter)) {
    if (!key.text()) refuse_kind("an attribute's name", key);
    if (key.text()->starts_with('_')) fault("a namespace takes no attribute '", *key.text(), "'");
    static_cast<void>(plain_depth(value));
    result->values[*key.text()] = value;
  }
  return result;
}

/// strftime for the one day that templates are told: Friday, 26 July 2024, 0:00.
[[nodiscard]] inline Value strftime_function(const Arguments& arguments, Meter&) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 26> directives{
      {{"a", "Fri"},      {"A", "Friday"},     {"b", "Jul"}, {"B", "July"}, {"d", "26"},    {"D", "07/26/24"},
       {"e", "26"},       {"F", "2024-07-26"}, {"H", "00"},  {"h", "Jul"},  {"I", "12"},    {"j", "208"},
       {"m", "07"},       {"M", "00"},         {"n", "\n"},  {"p", "AM"},   {"R", "00:00"}, {"S", "00"},
       {"T", "00:00:00"}, {"u", "5"},          {"w", "5"},   {"y", "24"},   {"Y", "2024"},  {"%", "%"},
       {"-d", "26"},      {"-m", "7"}}};
  const std::string format = Bound("strftime_now", arguments, {"format"}).text("format");
  std::string text;
  for (std::string_view rest = format; !rest.empty();) {
    const std::size_t percent = std::min(rest.find('%'), rest.size());
    text += rest.substr(0, percent);
    rest.remove_prefix(percent);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    const auto known = std::find_if(directives.begin(), directives.end(),
                                    [&](const auto& directive) { return rest.starts_with(directive.first); });
    if (known == directives.end()) fault("strftime_now does not know %", rest.substr(0, 2));
    text += known->second;
    rest.remove_prefix(known->first.size());
  }
  return text;
}

}  // namespace detail

[[nodiscard]] inline const std::map<std::string_view, Function>& functions() {
  static const std::map<std::string_view, Function> table{
      {"dict", [](const Arguments& a, Meter& m) { return make_dict(detail::entries_of(a, m)); }},
      {"namespace", detail::namespace_function},
      {"raise_exception",
       [](const Arguments& a, Meter&) -> Value {
         fault(to_text(Bound("raise_exception", a, {"message"}).get("message")));
       }},
      {"range", detail::range_function},
      {"strftime_now", detail::strftime_function},
  };
  return table;
}

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
