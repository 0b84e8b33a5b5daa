/// What insertion.hpp declares, defined.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/tasks/insertion.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::string insert_word(std::string_view text, const Insertion& insertion) {
  const auto words = split_words(text);
  if (insertion.position >= words.size())
    throw InputError("insertion", concat("no word ", insertion.position, " in a text of ", words.size(), " words"));
  std::string edited(text);
  return edited.insert(static_cast<std::size_t>(words[insertion.position].data() - text.data()), insertion.word + " ");
}

QUANTLENS_INLINE std::vector<Insertion> parse_insertions(std::string_view source, std::string_view text,
                                                         const std::vector<std::string>& labels,
                                                         std::string_view where) {
  std::vector<std::string> kinds{std::string(harmless)};
  kinds.insert(kinds.end(), labels.begin(), labels.end());
  const std::size_t n_words = split_words(text).size();

  std::vector<Insertion> insertions;
  for (const std::string_view entry : split_words(source)) {
    const std::size_t first = entry.find(':');
    const std::size_t second = first == std::string_view::npos ? first : entry.find(':', first + 1);
    Insertion insertion;
    const auto read = std::from_chars(entry.data(), entry.data() + std::min(first, entry.size()), insertion.position);
    if (second == std::string_view::npos || second == first + 1 || read.ec != std::errc{} ||
        read.ptr != entry.data() + first)
      throw InputError("task_row", concat(where, ": expected POSITION:WORD:KIND, got '", entry, "'"));
    if (insertion.position >= n_words)
      throw InputError("task_row", concat(where, ": '", entry, "' lies beyond a text of ", n_words, " words"));
    insertion.word = entry.substr(first + 1, second - first - 1);
    insertion.kind = entry.substr(second + 1);
    if (std::find(kinds.begin(), kinds.end(), insertion.kind) == kinds.end())
      throw unknown_name(concat("kind of '", entry, "' in ", where, ":"), insertion.kind, kinds);
    insertions.push_back(std::move(insertion));
  }
  if (insertions.empty()) throw InputError("task_row", concat(where, ": expected at least one insertion"));
  return insertions;
}

}  // namespace quantlens::inline QUANTLENS_ABI
