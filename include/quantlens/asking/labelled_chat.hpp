/// Chats about the label that the model itself predicted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/tasks/task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Takes the turns named by `turns` in one chat with each item whose chosen label is one of the task's, and returns its
/// last answer without the answer prefix; none for the other items. Item k belongs to the conversation's record
/// indices[k].
[[nodiscard]] std::vector<std::optional<std::string>> chat_about_labels(const Task& task,
                                                                        std::span<const std::string_view> turns,
                                                                        std::span<const Item> items,
                                                                        std::span<const std::size_t> indices,
                                                                        std::span<const LabelChoice> choices,
                                                                        std::uint64_t seed, Conversation& conversation);

/// What a model said of each item: the label that it chose, and why; no text where it chose none.
struct ExplainedLabels {
  std::vector<LabelChoice> choices;
  std::vector<std::string> explanations;
};

/// Predicts a label for each item and asks for the reason, by the prompts `classify` and `explain`; writes both into
/// the records.
[[nodiscard]] ExplainedLabels explain_labels(const Task& task, std::span<const Item> items, LabelScore kind,
                                             std::uint64_t seed, Conversation& conversation);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/labelled_chat_impl.hpp"
#endif
