/// What plain_text.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/report/plain_text.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

QUANTLENS_INLINE Number number(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

QUANTLENS_INLINE std::string decimal(double value, int digits, bool sign) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << (sign ? std::showpos : std::noshowpos) << value;
  return out.str();
}

QUANTLENS_INLINE int digits_for(const std::vector<Number>& values) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const Number& value : values)
    if (value && *value != 0) smallest = std::min(smallest, std::abs(*value));
  if (std::isinf(smallest)) return 3;
  return smallest >= 1000 ? 0 : smallest >= 100 ? 1 : smallest >= 10 ? 2 : 3;
}

QUANTLENS_INLINE std::string wrapped_words(const std::vector<std::string>& words, std::size_t width, std::size_t indent,
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

QUANTLENS_INLINE std::string wrapped(const std::string& text, std::size_t width) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return wrapped_words(words, width, 2, "");
}

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI
