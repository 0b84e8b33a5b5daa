/// What self_consistency.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/asking/named_words.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/metrics/edit_similarity.hpp"
#include "quantlens/protocols/self_consistency.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/redaction_judge.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Metric> SelfConsistency::metrics() const {
  return {metric::accuracy,           metric::faithfulness,     metric::faithful_all,
          metric::mismatch_rate,      metric::valid_edits,      metric::changed_share,
          metric::faithfulness_valid, metric::faithful_control, metric::faithful_above_control};
}

QUANTLENS_INLINE std::vector<ItemRecord> SelfConsistency::run(const Task& task, std::span<const Item> all_items,
                                                              const Models& models, std::uint64_t seed) const {
  if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
  const std::vector<Item> items = with_first_words(task, all_items, options().count(max_input_words_option));
  Conversation conversation(task, items, models);
  const std::optional<Task> redactions = hides_words() ? std::optional(redaction_judge(task)) : std::nullopt;
  const Task& judge = redactions ? *redactions : task;
  const LabelScorer classifier(judge, label_score_of(options()), seed);
  const std::vector<std::size_t> indices = all_indices(items);
  const std::vector<LabelChoice> before = classifier.predict("classify", items, indices, conversation);
  for (const std::size_t i : indices) {
    record_prediction(judge, before[i], conversation.record(i));
    conversation.record(i).set_score(metric::faithfulness, std::nullopt);
    conversation.record(i).set_score(metric::faithful_all, 0.0);
    conversation.record(i).set_score(metric::valid_edits, 0.0);
    for (const MetricInfo& info :
         {metric::changed_share, metric::faithfulness_valid, metric::faithful_control, metric::faithful_above_control})
      conversation.record(i).set_score(info, std::nullopt);
    // `unknown` is a prediction, which nobody is asked to explain.
    const bool is_unknown = before[i].label != no_label && before[i].label >= task.labels.size();
    conversation.record(i).set_score(metric::mismatch_rate, is_unknown ? 0.0 : 1.0);
  }

  const EditedItems edits = explain(task, items, indices, before, seed, conversation);
  const std::vector<LabelChoice> after = classifier.predict("judge", edits.items, edits.indices, conversation);
  for (std::size_t k = 0; k < after.size(); ++k) {
    if (after[k].label == no_label) continue;
    ItemRecord& record = conversation.record(edits.indices[k]);
    const double faithful = is_faithful(task, record.predicted, after[k].label) ? 1.0 : 0.0;
    record.set_score(metric::mismatch_rate, 0.0);
    record.set_score(metric::faithful_all, faithful);
    if (record.predicted == record.gold) record.set_score(metric::faithfulness, faithful);
  }
  score_validity(task, items, edits, conversation);
  const EditedItems controls =
      controls_of(task, items, edits, hides_words() ? ControlWords::hidden : ControlWords::replaced, seed);
  const auto of_controls = classifier.predict("judge_control", controls.items, controls.indices, conversation);
  for (std::size_t k = 0; k < of_controls.size(); ++k) {
    ItemRecord& record = conversation.record(controls.indices[k]);
    if (of_controls[k].label == no_label) continue;
    const double control = is_faithful(task, record.predicted, of_controls[k].label) ? 1.0 : 0.0;
    record.set_score(metric::faithful_control, control);
    record.set_score(metric::faithful_above_control, score_of(record, metric::faithful_all.name).value_or(0) - control);
  }
  return conversation.take_records();
}

QUANTLENS_INLINE void SelfConsistency::score_validity(const Task& task, std::span<const Item> items,
                                                      const EditedItems& edits, Conversation& conversation) const {
  const auto text_of = [&](const Item& item) {
    if (!task.edit_field.empty()) return item.fields.at(task.edit_field);
    std::string all;
    for (const auto& field : item.fields) all += field.second + "\n";
    return all;
  };
  for (std::size_t k = 0; k < edits.items.size(); ++k) {
    ItemRecord& record = conversation.record(edits.indices[k]);
    const std::string original = text_of(items[edits.indices[k]]), edited = text_of(edits.items[k]);
    record.set_score(metric::changed_share, changed_share(original, edited));
    const bool is_valid = hides_words() ? is_redaction(original, edited, redacted_mark) : is_edit(original, edited);
    if (!is_valid) continue;
    record.set_score(metric::valid_edits, 1.0);
    record.set_score(metric::faithfulness_valid, score_of(record, metric::faithfulness.name));
  }
}

QUANTLENS_INLINE bool SelfConsistency::is_faithful(const Task& task, std::size_t before, std::size_t after) const {
  return task.unknown_label.empty() ? after != before : after == task.labels.size();
}

QUANTLENS_INLINE bool SelfConsistencyCounterfactual::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains("counterfactual") && !task.edit_field.empty() &&
         !task.counterfactual_target.empty();
}

QUANTLENS_INLINE EditedItems SelfConsistencyCounterfactual::explain(const Task& task, std::span<const Item> items,
                                                                    std::span<const std::size_t> indices,
                                                                    std::span<const LabelChoice> choices,
                                                                    std::uint64_t seed,
                                                                    Conversation& conversation) const {
  return write_edits(task, std::vector<std::string_view>{"counterfactual"}, "counterfactual", items, indices, choices,
                     seed, conversation);
}

QUANTLENS_INLINE bool SelfConsistencyCounterfactual::is_faithful(const Task& task, std::size_t before,
                                                                 std::size_t after) const {
  return after == task.counterfactual_target.at(before);
}

QUANTLENS_INLINE bool SelfConsistencyRedaction::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains("redact") && !task.edit_field.empty();
}

QUANTLENS_INLINE EditedItems SelfConsistencyRedaction::explain(const Task& task, std::span<const Item> items,
                                                               std::span<const std::size_t> indices,
                                                               std::span<const LabelChoice> choices, std::uint64_t seed,
                                                               Conversation& conversation) const {
  return write_edits(task, std::vector<std::string_view>{"redact"}, "redacted", items, indices, choices, seed,
                     conversation);
}

QUANTLENS_INLINE bool SelfConsistencyWords::supports(const Task& task) const {
  return task.prompts.contains("classify") && (task.prompts.contains("words") || task.prompts.contains("explain"));
}

QUANTLENS_INLINE EditedItems SelfConsistencyWords::explain(const Task& task, std::span<const Item> items,
                                                           std::span<const std::size_t> indices,
                                                           std::span<const LabelChoice> choices, std::uint64_t seed,
                                                           Conversation& conversation) const {
  const bool asks_for_list = task.prompts.contains("words");
  const std::vector<std::string_view> turns{asks_for_list ? "words" : "explain"};
  const auto answers = chat_about_labels(task, turns, items, indices, choices, seed, conversation);
  EditedItems edits;
  for (std::size_t k = 0; k < items.size(); ++k) {
    if (!answers[k]) continue;
    const std::vector<std::string> words =
        asks_for_list ? words_of_list(*answers[k]) : words_of_explanation(clean_explanation(*answers[k]));
    conversation.record(indices[k]).transcript.back()["words"] = words;
    if (words.empty()) continue;
    Item edited = items[k];
    for (auto& [field, text] : edited.fields)
      if (task.edit_field.empty() || field == task.edit_field) text = redact(text, words);
    edits.add(std::move(edited), indices[k]);
  }
  return edits;
}

}  // namespace quantlens::inline QUANTLENS_ABI
