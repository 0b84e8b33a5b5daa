/// A word put into an item's text, as the perturb test does it and as data files spell it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The kind of an insertion that changes no label.
inline constexpr std::string_view harmless = "harmless";

/// One word, and the number (from 0) of the blank-separated word before which it goes.
struct Insertion {
  std::size_t position = 0;
  std::string word;
  std::string kind{harmless};  ///< or the label that the edited text should have

  friend bool operator==(const Insertion&, const Insertion&) = default;
};

/// The text with the word in its place; all blanks stay.
/// Errors: InputError for a position beyond the last word.
[[nodiscard]] std::string insert_word(std::string_view text, const Insertion& insertion);

/// Reads "POSITION:WORD:KIND", several of them separated by blanks, that belong to `text`.
/// Errors: InputError, starting with `where`, for none at all, another form, a position beyond the text's last word, or
/// a kind that is neither `harmless` nor a label.
[[nodiscard]] std::vector<Insertion> parse_insertions(std::string_view source, std::string_view text,
                                                      const std::vector<std::string>& labels, std::string_view where);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/insertion_impl.hpp"
#endif
