/// What a protocol keeps of a text: the explanation or the counterfactual in an answer, the start of a long input.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The text without ASCII blanks at its ends.
[[nodiscard]] inline std::string_view strip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The explanation in an answer: up to the first newline (unless the answer starts with one), then up to the last full
/// stop, which is dropped, without blanks at its ends. Without a full stop nothing is cut there.
/// Source: post-processing of Cross-Refine (Wang et al. 2024, arXiv 2409.07123).
[[nodiscard]] inline std::string clean_explanation(std::string_view answer) {
  if (!answer.starts_with('\n')) answer = answer.substr(0, answer.find('\n'));
  answer = answer.substr(0, answer.rfind('.'));
  return std::string(strip_blanks(answer));
}

namespace detail {

inline constexpr std::string_view open_tag = "<new>";
inline constexpr std::string_view close_tag = "</new>";

/// The text with every `<new>` and `</new>` taken out, without blanks at its ends; none if nothing is left.
/// `folded` is `text` in lower case.
[[nodiscard]] inline std::optional<std::string> without_tags(std::string_view text, std::string_view folded) {
  std::string kept;
  for (std::size_t at = 0; at < text.size();) {
    if (folded.substr(at).starts_with(open_tag)) {
      at += open_tag.size();
    } else if (folded.substr(at).starts_with(close_tag)) {
      at += close_tag.size();
    } else {
      kept += text[at++];
    }
  }
  const std::string_view stripped = strip_blanks(kept);
  return stripped.empty() ? std::nullopt : std::optional<std::string>(stripped);
}

}  // namespace detail

/// The edited text of an answer: (a) between `<new>` and `</new>`; else (b) from `<new>` to the next '<' or the end;
/// else (c) in the first other `<...>`. Tags are matched in any case and never part of the result, which may span
/// lines; the first match counts. None (a parse failure): no rule matches, or the first that does finds only blanks.
/// Source: FIZLE (Bhattacharjee et al. 2024), whose own pattern keeps the tag in (b) and stops at newlines.
[[nodiscard]] inline std::optional<std::string> parse_counterfactual(std::string_view answer) {
  const std::string folded = to_lower(answer);
  const std::string_view lower = folded;
  const auto slice = [&](std::size_t begin, std::size_t end) {
    return detail::without_tags(answer.substr(begin, end - begin), lower.substr(begin, end - begin));
  };

  if (std::size_t begin = lower.find(detail::open_tag); begin != std::string_view::npos) {
    // An answer that repeats the tag it was started with has opened it once.
    while (lower.substr(begin).starts_with(detail::open_tag)) {
      begin += detail::open_tag.size();
      while (begin < lower.size() && is_blank(lower[begin])) ++begin;
    }
    const std::size_t close = lower.find(detail::close_tag, begin);
    return slice(begin, close != std::string_view::npos ? close : lower.find('<', begin));
  }
  for (std::size_t open = lower.find('<'); open != std::string_view::npos; open = lower.find('<', open + 1)) {
    const std::size_t close = lower.find('>', open);
    if (close == std::string_view::npos) break;
    if (lower.substr(open).starts_with(detail::close_tag)) continue;
    return slice(open + 1, close);
  }
  return std::nullopt;
}

/// The text up to the end of its n-th blank-separated word; the whole of it if n is 0.
[[nodiscard]] inline std::string first_words(std::string_view text, std::size_t n) {
  const auto words = split_words(text);
  if (n == 0 || words.size() <= n) return std::string(text);
  const std::string_view last = words[n - 1];
  return std::string(text.substr(0, static_cast<std::size_t>(last.data() - text.data()) + last.size()));
}

}  // namespace quantlens::inline QUANTLENS_ABI
