/// The words that an explanation names, and texts in which they are hidden.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What stands for a hidden word. Source: Madsen et al. 2024, "Are self-explanations from Large Language Models
/// faithful?".
inline constexpr std::string_view redacted_mark = "[REDACTED]";

/// The runs of word characters in a text, as views into it.
[[nodiscard]] std::vector<std::string_view> word_runs(std::string_view text);

/// The words of an explanation in free text, without function words.
[[nodiscard]] std::vector<std::string> words_of_explanation(std::string_view explanation);

/// The entries of a list that commas or semicolons separate, up to the first newline (unless the answer starts with
/// one), each from its first word to its last. An entry may be several words; one of function words alone is left out.
[[nodiscard]] std::vector<std::string> words_of_list(std::string_view answer);

/// The text with [REDACTED] for every whole-word match of a phrase, in any ASCII case; the longest where several match.
/// Phrases begin and end with a word character.
[[nodiscard]] std::string redact(std::string_view text, std::span<const std::string> phrases);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/named_words_impl.hpp"
#endif
