/// What reasoned_chat.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/reasoned_chat.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE bool can_reason(const Task& task) {
  return task.prompts.contains("reason") && task.prompts.contains("conclude");
}

QUANTLENS_INLINE ReasonedChat::ReasonedChat(const Task& task, std::span<const Item> items, LabelScore kind,
                                            std::uint64_t seed)
    : task_(&task), items_(items), scorer_(task, kind, seed, std::vector<std::string_view>{"reason", "conclude"}) {}

QUANTLENS_INLINE std::vector<Completion> ReasonedChat::reason(std::string_view step,
                                                              std::span<const ReasonedItem> chats,
                                                              Conversation& conversation,
                                                              std::span<const Sampling> samplings) const {
  std::vector<ItemRequest<CompletionRequest>> requests;
  for (std::size_t k = 0; k < chats.size(); ++k) {
    CompletionRequest request{prompt_of(items_[chats[k].item], chats[k], false),
                              scorer_.dialogue().turn(0).max_new_tokens};
    if (!samplings.empty()) request.sampling = samplings[k];
    requests.push_back({chats[k].item, std::move(request)});
  }
  return conversation.complete(step, requests);
}

QUANTLENS_INLINE std::vector<ReasonedItem> ReasonedChat::with_reasons(std::string_view step,
                                                                      std::vector<ReasonedItem> chats,
                                                                      Conversation& conversation) const {
  const std::vector<Completion> completions = reason(step, chats, conversation);
  for (std::size_t k = 0; k < chats.size(); ++k) chats[k].reasoning = completions[k].text;
  return chats;
}

QUANTLENS_INLINE LabelPredictions ReasonedChat::conclude(std::string_view step, std::span<const ReasonedItem> chats,
                                                         Conversation& conversation) const {
  std::vector<ItemRequest<Prompt>> prompts;
  for (const ReasonedItem& chat : chats) prompts.push_back({chat.item, prompt_of(items_[chat.item], chat, true)});
  Prompt content_free;
  if (!chats.empty()) {
    const std::string nothing(LabelScorer::content_free);
    content_free = prompt_of(LabelScorer::without_content(items_[chats.front().item]), {0, {}, nothing}, true);
  }
  return LabelPredictions(scorer_.scores(step, prompts, content_free, conversation));
}

QUANTLENS_INLINE Prompt ReasonedChat::prompt_of(const Item& item, const ReasonedItem& chat, bool concludes) const {
  PromptValues values = prompt_values(*task_, item, no_label);
  const Dialogue& dialogue = scorer_.dialogue();
  std::vector<std::string> answers;
  if (concludes) answers.push_back(dialogue.turn(0).answer_prefix + chat.reasoning);
  Prompt prompt = dialogue.prompt(values, answers);
  if (!chat.hint.empty()) {
    values["hint"] = chat.hint;
    // The item's first turn; what the model said and what it is asked next come behind it.
    ChatMessage& shown = prompt.messages[prompt.messages.size() - 1 - 2 * answers.size()];
    shown.content = task_->prompt("reason_hinted").user.fill(values);
  }
  return prompt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
