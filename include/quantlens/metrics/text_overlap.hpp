/// Overlap of an answer with reference texts: ROUGE and SQuAD's token F1.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/filter.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

using Tokens = std::vector<std::string>;

/// Harmonic mean of precision and recall of `n_common` units; 0 where there are none.
[[nodiscard]] inline double f1(std::size_t n_common, std::size_t n_answer, std::size_t n_reference) {
  return n_common == 0 ? 0.0 : 2.0 * static_cast<double>(n_common) / static_cast<double>(n_answer + n_reference);
}

/// The best score of an answer over its references; none without references.
template <class Score>
[[nodiscard]] std::optional<double> best_over(std::span<const std::string> references, const Score& score) {
  std::optional<double> best;
  for (const std::string& reference : references) best = std::max(best.value_or(0.0), score(reference));
  return best;
}

/// Lower case of ASCII, and of the two other characters whose Unicode lower case begins with an ASCII letter:
/// U+212A KELVIN SIGN is "k", U+0130 (I with dot) is "i" and a combining dot. The reference packages see no others.
[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string lower;
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("\xe2\x84\xaa")) {
      lower += 'k';
      i += 3;
    } else if (text.substr(i).starts_with("\xc4\xb0")) {
      lower += "i\xcc\x87";
      i += 2;
    } else {
      lower += to_lower(text[i++]);
    }
  }
  return lower;
}

/// Lower-cased runs of [a-z0-9]; everything else separates.
[[nodiscard]] inline Tokens rouge_tokens(std::string_view text) {
  std::string plain = lower_case(text);
  for (char& c : plain)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) c = ' ';
  return split_words(plain) | ranges::to<Tokens>();
}

/// Length of the longest common subsequence.
[[nodiscard]] inline std::size_t common_subsequence(const Tokens& a, const Tokens& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (const std::string& token : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = token == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

[[nodiscard]] inline std::map<Tokens, std::size_t> count_ngrams(const Tokens& tokens, std::size_t n) {
  std::map<Tokens, std::size_t> counts;
  for (auto first = tokens.begin(); tokens.end() - first >= static_cast<std::ptrdiff_t>(n); ++first)
    ++counts[Tokens(first, first + static_cast<std::ptrdiff_t>(n))];
  return counts;
}

/// F1 of two bags of n-grams.
[[nodiscard]] inline double ngram_f1(const Tokens& answer, const Tokens& reference, std::size_t n) {
  const auto n_ngrams = [n](const Tokens& tokens) { return tokens.size() < n ? 0 : tokens.size() - n + 1; };
  const auto in_answer = count_ngrams(answer, n);
  std::size_t n_common = 0;
  for (const auto& [ngram, count] : count_ngrams(reference, n))
    if (const auto found = in_answer.find(ngram); found != in_answer.end()) n_common += std::min(count, found->second);
  return f1(n_common, n_ngrams(answer), n_ngrams(reference));
}

/// SQuAD's answer normalisation: lower case, ASCII punctuation removed, then the articles.
[[nodiscard]] inline Tokens squad_tokens(std::string_view text) {
  const auto is_punctuation = [](char c) {
    return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z');
  };
  const std::string lower = lower_case(text);
  const auto plain =
      lower | ranges::views::filter([&](char c) { return !is_punctuation(c); }) | ranges::to<std::string>();
  const auto words = split_words(plain);
  return words | ranges::views::filter([](std::string_view w) { return w != "a" && w != "an" && w != "the"; }) |
         ranges::to<Tokens>();
}

[[nodiscard]] inline std::optional<double> rouge_n(std::string_view answer, std::span<const std::string> references,
                                                   std::size_t n) {
  const Tokens tokens = rouge_tokens(answer);
  return best_over(references, [&](std::string_view text) { return ngram_f1(tokens, rouge_tokens(text), n); });
}

}  // namespace detail

/// ROUGE-L F1 of an answer, the best over its references.
/// Tokens are the lower-cased runs of [a-z0-9], so text without them (other scripts) scores 0.
/// Range: [0, 1]. Better: higher. Undefined-when: there are no references; an empty answer scores 0.
/// Source: Lin 2004, "ROUGE"; equal to the package rouge_score with use_stemmer=False.
[[nodiscard]] inline std::optional<double> rouge_l(std::string_view answer, std::span<const std::string> references) {
  const auto tokens = detail::rouge_tokens(answer);
  return detail::best_over(references, [&](std::string_view text) {
    const auto reference = detail::rouge_tokens(text);
    return detail::f1(detail::common_subsequence(tokens, reference), tokens.size(), reference.size());
  });
}

/// ROUGE-1 F1 (single tokens); otherwise as rouge_l.
/// Range: [0, 1]. Better: higher. Undefined-when: there are no references.
[[nodiscard]] inline std::optional<double> rouge_1(std::string_view answer, std::span<const std::string> references) {
  return detail::rouge_n(answer, references, 1);
}

/// ROUGE-2 F1 (pairs of tokens); otherwise as rouge_l.
/// Range: [0, 1]. Better: higher. Undefined-when: there are no references.
[[nodiscard]] inline std::optional<double> rouge_2(std::string_view answer, std::span<const std::string> references) {
  return detail::rouge_n(answer, references, 2);
}

/// F1 of the bags of words of an answer and a reference, the best over its references.
/// Lower case is ASCII's; articles are whole words between ASCII blanks.
/// Range: [0, 1]. Better: higher. Undefined-when: there are no references; no common word scores 0.
/// Source: Rajpurkar et al. 2016, "SQuAD", evaluation of version 1.1.
[[nodiscard]] inline std::optional<double> token_f1(std::string_view answer, std::span<const std::string> references) {
  const auto tokens = detail::squad_tokens(answer);
  return detail::best_over(
      references, [&](std::string_view text) { return detail::ngram_f1(tokens, detail::squad_tokens(text), 1); });
}

}  // namespace quantlens::inline QUANTLENS_ABI
