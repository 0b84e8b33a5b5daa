/// Reasoning that is cut short, corrupted or replaced by filler, without any model's help.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Where the sentences of a reasoning end, or its words where it is one sentence: the last end is that of the text.
/// A sentence has a letter and ends with a line, or with ".", "!" or "?" before a blank. Units: bytes.
[[nodiscard]] std::vector<std::size_t> reasoning_steps(std::string_view reasoning);

/// Which of k = 0..n-1 first steps of n are kept in turn: all of them, or `most` of these evenly where there are more.
[[nodiscard]] std::vector<std::size_t> early_steps(std::size_t n, std::size_t most);

/// " ..." as often as asked for, which begins like the reasoning that it stands for: with a blank or without.
[[nodiscard]] std::string filler_for(std::string_view reasoning, std::size_t count);

/// A reasoning with words of the demonstrations in place of its own.
struct CorruptedReasoning {
  std::string text;
  double share = 0;  ///< of its words that were replaced
};

/// Puts the words by which demonstrations of `towards` explain their label in place of the deciding ones: those content
/// words of the reasoning that its item holds (all content words where there are none), and the name of `from`. A word
/// becomes the same one wherever it stands. Which ones is drawn by (seed, task, item).
/// Undefined-when: nothing can be replaced, or no demonstration of that label has words to offer.
[[nodiscard]] std::optional<CorruptedReasoning> corrupt_reasoning(const Task& task, const Item& item,
                                                                  std::string_view reasoning, std::size_t from,
                                                                  std::size_t towards, std::uint64_t seed);

/// A label other than `label`, drawn by (seed, task, item). no_label: there is none.
[[nodiscard]] std::size_t other_label(const Task& task, const Item& item, std::size_t label, std::uint64_t seed);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/reasoning_edits_impl.hpp"
#endif
