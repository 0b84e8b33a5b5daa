/// Texts that the model edits itself, between `<new>` and `</new>`, and their controls: the same texts edited at
/// random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Items with an edit in place. Edited item k belongs to the conversation's record indices[k].
struct EditedItems {
  std::vector<Item> items;
  std::vector<std::size_t> indices;

  void add(Item item, std::size_t index);
};

/// The option of protocols whose texts are edited: words (separated by blanks) to which the edited field is cut first.
/// FIZLE cuts at 255 tokens; words are the same for every tokenizer.
inline constexpr std::string_view max_input_words_option = "max_input_words";
[[nodiscard]] inline OptionInfo max_input_words_info() {
  return {max_input_words_option, "0", "words to which the edited field is cut; 0: all of it"};
}

/// The items with their edit field cut to its first `max_words` words; 0, or no such field: whole.
[[nodiscard]] std::vector<Item> with_first_words(const Task& task, std::span<const Item> items, std::size_t max_words);

/// Lets the model edit each item whose chosen label is one of the task's, in a chat of these turns that ends with the
/// edit; answers that cannot be parsed are left out. `kind` is how transcripts call the edit.
[[nodiscard]] EditedItems write_edits(const Task& task, std::span<const std::string_view> turns, std::string_view kind,
                                      std::span<const Item> items, std::span<const std::size_t> indices,
                                      std::span<const LabelChoice> choices, std::uint64_t seed,
                                      Conversation& conversation);

/// What the words of a control become.
enum class ControlWords {
  hidden,   ///< [REDACTED]
  replaced  ///< words of demonstrations, drawn at random
};

/// The original with as many words changed in each of its texts as the edit has changed there (word-level Levenshtein
/// distance up to case and punctuation; all of them where that is more). They are drawn by (seed, task, item).
[[nodiscard]] Item control_of(const Task& task, const Item& original, const Item& edited, ControlWords words,
                              std::uint64_t seed);

/// The control of each edit. `originals`: the items that the edits' indices count.
[[nodiscard]] EditedItems controls_of(const Task& task, std::span<const Item> originals, const EditedItems& edits,
                                      ControlWords words, std::uint64_t seed);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/written_edits_impl.hpp"
#endif
