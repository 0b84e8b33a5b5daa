/// Texts that the model edits itself: counterfactuals and redactions between <new> and </new>.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/protocols/conversation.hpp"
#include "quantlens/protocols/label_scoring.hpp"
#include "quantlens/protocols/labelled_chat.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/task.hpp"

namespace quantlens::inline v0_1 {

/// Items with an edit in place. Edited item k belongs to the conversation's record indices[k].
struct EditedItems {
  std::vector<Item> items;
  std::vector<std::size_t> indices;

  void add(Item item, std::size_t index) {
    items.push_back(std::move(item));
    indices.push_back(index);
  }
};

/// The items with their edit field cut to its first `max_words` words; 0, or no such field: whole.
[[nodiscard]] inline std::vector<Item> with_first_words(const Task& task, std::span<const Item> items,
                                                        std::size_t max_words) {
  std::vector<Item> cut(items.begin(), items.end());
  if (max_words == 0 || task.edit_field.empty()) return cut;
  for (Item& item : cut) {
    std::string& text = item.fields.at(task.edit_field);
    text = first_words(text, max_words);
  }
  return cut;
}

/// Lets the model edit each item whose chosen label is one of the task's, in a chat of these turns that ends with the
/// edit; answers that cannot be parsed are left out. `kind` is how transcripts call the edit.
[[nodiscard]] inline EditedItems write_edits(const Task& task, std::span<const std::string_view> turns,
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

}  // namespace quantlens::inline v0_1
