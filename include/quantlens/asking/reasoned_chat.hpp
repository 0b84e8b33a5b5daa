/// Chats in which the model reasons before it says a label, and chats with other reasoning in place of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/prompt_kind.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace reasoning_prompt {
/// Asks for the reasons alone; with demonstrations it is few-shot chain of thought, without zero-shot.
inline constexpr PromptKind reason{.name = "reason", .reasons = true};
/// Asks for the label, in the same chat.
inline constexpr PromptKind conclude{.name = "conclude", .follows = "reason"};
/// `reason` with a hint; demonstrations have none.
inline constexpr PromptKind reason_hinted{.name = "reason_hinted", .reasons = true, .hints_in = "reason"};
}  // namespace reasoning_prompt

/// Whether the task has the prompts reason and conclude.
[[nodiscard]] bool can_reason(const Task& task);

/// One chat about an item. Strings may be empty.
struct ReasonedItem {
  std::size_t item = 0;        ///< its record in the conversation
  std::string hint = {};       ///< shown with the item; empty: there is none
  std::string reasoning = {};  ///< as it follows the answer prefix: what the model said, or what is put into its mouth
};

/// The two turns with a batch of items: reasons, then the label by its log-probability. Source: Wei et al. 2022 and
/// Kojima et al. 2022 for the reasoning; Lanham et al. 2023, arXiv 2307.13702, for the label in a turn of its own.
class ReasonedChat {
 public:
  /// Precondition: can_reason(task). Task and items have to outlive it.
  ReasonedChat(const Task& task, std::span<const Item> items, LabelScore kind, std::uint64_t seed);

  /// Lets the model reason in each chat. `samplings`: one for each chat; none: all are greedy.
  [[nodiscard]] std::vector<Completion> reason(std::string_view step, std::span<const ReasonedItem> chats,
                                               Conversation& conversation,
                                               std::span<const Sampling> samplings = {}) const;

  /// The same chats with the model's greedy reasoning in place.
  [[nodiscard]] std::vector<ReasonedItem> with_reasons(std::string_view step, std::vector<ReasonedItem> chats,
                                                       Conversation& conversation) const;

  /// The label that each chat ends with, after the reasoning that it holds.
  [[nodiscard]] LabelPredictions conclude(std::string_view step, std::span<const ReasonedItem> chats,
                                          Conversation& conversation) const;

 private:
  /// The chat up to its question for the reasons, or for the label.
  [[nodiscard]] Prompt prompt_of(const Item& item, const ReasonedItem& chat, bool concludes) const;

  const Task* task_;
  std::span<const Item> items_;
  LabelScorer scorer_;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/reasoned_chat_impl.hpp"
#endif
