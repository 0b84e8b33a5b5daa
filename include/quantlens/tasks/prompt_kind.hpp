/// What protocols may ask with a task's prompts: the names of the [prompts.*] tables, as their protocols declare them.
#pragma once

#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What a task asks for: a label for a text, the object of a fact, or the end of a chain of two facts.
enum class TaskKind { labels, recall, two_hop };

/// What a protocol asks with the prompt of that name.
struct PromptKind {
  std::string_view name;
  bool knows_label = false;        ///< whether a label has been predicted by then: {label} and {target} have values
  std::string_view follows = {};   ///< the prompt whose chat this one continues; empty: it opens a chat
  TaskKind of = TaskKind::labels;  ///< the tasks that may have it
  std::string_view asks_for = {};  ///< the placeholder that the answer must hold before any other; empty: any
  bool shows_redacted = false;     ///< whether demonstrations are shown with hidden words, too
  bool reasons = false;            ///< whether the answer is free text, which {reasoning} of a demonstration stands for
  bool explains = false;           ///< whether the answer holds both {label} and {explanation}
  std::string_view hints_in = {};  ///< the prompt that is asked with this user turn instead, which holds a {hint}

  friend constexpr bool operator==(const PromptKind&, const PromptKind&) = default;
};

}  // namespace quantlens::inline QUANTLENS_ABI
