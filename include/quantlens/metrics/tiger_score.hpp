/// TIGERScore: what a judge's list of errors costs a text.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>

#include "quantlens/metrics/leading_number.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A judge's evaluation. Its header states how many errors there are and what they cost together; below, each error
/// says what it costs.
struct TigerScore {
  double n_errors = 0;              ///< that the header states
  double stated = 0;                ///< the metric tigerscore: minus the header's total; (-inf, 0], better: higher
  double itemized = 0;              ///< minus the sum of the errors' own reductions: a check of `stated`
  std::size_t n_itemized = 0;       ///< errors that state a reduction
  std::optional<double> reference;  ///< as the authors' parser reads it; none where that parser gives up
};

namespace detail {

/// What a list's field is called in front of its number: "Error location 1:".
inline constexpr std::array<std::string_view, 5> tiger_fields{"Error location ", "Error aspect ", "Explanation ",
                                                              "Severity ", "Score reduction "};

/// What follows "<name><number>:" and blanks, from `text` on; advances `text` behind it. None where no more comes.
[[nodiscard]] inline std::optional<std::string_view> next_field(std::string_view& text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name)) {
    text.remove_prefix(at + name.size());
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    if (digits == 0 || !text.substr(digits).starts_with(':')) continue;
    text.remove_prefix(digits + 1);
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    return text;
  }
  return std::nullopt;
}

/// Counts a field, and adds up the numbers with which its values begin.
struct TigerField {
  std::size_t n = 0, n_numbers = 0;
  double sum = 0;

  TigerField(std::string_view text, std::string_view name) {
    while (const auto value = next_field(text, name)) {
      ++n;
      const auto number = leading_number(*value);
      if (!number) continue;
      ++n_numbers;
      sum += number->value;
    }
  }
};

}  // namespace detail

/// Reads an evaluation whose header says "contains N errors, with a total score reduction of X", or "1 error"; X may be
/// a decimal. Where several do, the first counts. None for any other text: its item is left out and counted.
/// `reference` is the authors' reading: it wants "errors" (of one error, too), takes a whole number (4 of 4.5), and as
/// many of each of an error's five fields.
/// Source: Jiang et al. 2023, "TIGERScore".
[[nodiscard]] inline std::optional<TigerScore> parse_tiger_score(std::string_view evaluation) {
  constexpr std::string_view lead = "contains ";
  constexpr std::string_view total = ", with a total score reduction of ";
  for (std::string_view rest = evaluation; rest.find(lead) != std::string_view::npos;) {
    rest.remove_prefix(rest.find(lead) + lead.size());
    const auto n_errors = leading_number(rest);
    if (!n_errors) continue;
    std::string_view header = rest.substr(n_errors->size);
    const bool is_plural = header.starts_with(" errors");
    if (!header.starts_with(" error")) continue;
    header.remove_prefix(is_plural ? 7 : 6);
    if (!header.starts_with(total)) continue;
    header.remove_prefix(total.size());
    const auto reduction = leading_number(header);
    if (!reduction) continue;

    const detail::TigerField reductions(evaluation, detail::tiger_fields.back());
    const bool is_even = std::all_of(
        detail::tiger_fields.begin(), detail::tiger_fields.end(),
        [&](std::string_view name) { return detail::TigerField(evaluation, name).n == reductions.n_numbers; });
    TigerScore score{n_errors->value, 0 - reduction->value, 0 - reductions.sum, reductions.n_numbers, {}};
    if (is_plural && is_even) score.reference = 0 - std::floor(reduction->value);
    return score;
  }
  return std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
