/// Numbers and sentences of results as plain text for a terminal.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/printable.hpp"
#include "quantlens/report/text_table.hpp"

namespace quantlens::inline v0_1 {

namespace report_detail {

using Json = nlohmann::ordered_json;
using Number = std::optional<double>;

inline Number number(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

inline std::string decimal(double value, int digits, bool sign = false) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << (sign ? std::showpos : std::noshowpos) << value;
  return out.str();
}

/// Digits behind the point so that the smallest of the values that are not 0 shows about four; at most three.
inline int digits_for(const std::vector<Number>& values) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const Number& value : values)
    if (value && *value != 0) smallest = std::min(smallest, std::abs(*value));
  if (std::isinf(smallest)) return 3;
  return smallest >= 1000 ? 0 : smallest >= 100 ? 1 : smallest >= 10 ? 2 : 3;
}

/// Joins words by blanks and breaks between them so that no line passes `width`; continued lines begin with `indent`
/// blanks. `lead` goes before the first word as it is.
inline std::string wrapped_words(const std::vector<std::string>& words, std::size_t width, std::size_t indent,
                                 const std::string& lead) {
  std::string out = lead;
  std::size_t used = display_width(lead);
  bool begins = true;
  for (const std::string& given : words) {
    const std::string word = printable(given);
    if (!begins && used + 1 + display_width(word) > width) {
      out += "\n" + std::string(indent, ' ');
      used = indent;
    } else if (!begins) {
      out += " ";
      ++used;
    }
    out += word;
    used += display_width(word);
    begins = false;
  }
  return out + "\n";
}

/// Breaks at blanks so that no line passes `width`; continued lines are indented.
inline std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return wrapped_words(words, width, 2, "");
}

}  // namespace report_detail

}  // namespace quantlens::inline v0_1
