/// What written_edits.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/protocols/conversation.hpp"
#include "quantlens/protocols/labelled_chat.hpp"
#include "quantlens/protocols/written_edits.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE void EditedItems::add(Item item, std::size_t index) {
  items.push_back(std::move(item));
  indices.push_back(index);
}

QUANTLENS_INLINE std::vector<Item> with_first_words(const Task& task, std::span<const Item> items,
                                                    std::size_t max_words) {
  std::vector<Item> cut(items.begin(), items.end());
  if (max_words == 0 || task.edit_field.empty()) return cut;
  for (Item& item : cut) {
    std::string& text = item.fields.at(task.edit_field);
    text = first_words(text, max_words);
  }
  return cut;
}

QUANTLENS_INLINE EditedItems write_edits(const Task& task, std::span<const std::string_view> turns,
                                         std::string_view kind, std::span<const Item> items,
                                         std::span<const std::size_t> indices, std::span<const LabelChoice> choices,
                                         std::uint64_t seed, Conversation& conversation) {
  const auto answers = chat_about_labels(task, turns, items, indices, choices, seed, conversation);
  EditedItems edits;
  for (std::size_t k = 0; k < items.size(); ++k) {
    if (!answers[k]) continue;
    const auto parsed = parse_counterfactual(task.prompt(turns.back()).answer_prefix + *answers[k]);
    conversation.record(indices[k]).transcript.back()[std::string(kind)] =
        parsed ? nlohmann::json(*parsed) : nlohmann::json(nullptr);
    if (!parsed) continue;
    Item edited = items[k];
    edited.fields.at(task.edit_field) = *parsed;
    edits.add(std::move(edited), indices[k]);
  }
  return edits;
}

}  // namespace quantlens::inline QUANTLENS_ABI
