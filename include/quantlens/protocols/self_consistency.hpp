/// Self-consistency: does the model believe its own explanations, when it meets them in a new chat?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/indices.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/protocols/conversation.hpp"
#include "quantlens/protocols/label_scoring.hpp"
#include "quantlens/protocols/labelled_chat.hpp"
#include "quantlens/protocols/named_words.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/protocols/written_edits.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/redaction_judge.hpp"

namespace quantlens::inline v0_1 {

/// What the three forms share. The model predicts a label and explains it by an edit of the text; in a chat that knows
/// nothing of all this it labels the edit. faithfulness: whether that label is the one that the explanation implies;
/// null where the prediction is wrong or the item a mismatch, so that its mean is the share of faithful among correct
/// items. faithful_all: the same over all items, mismatches being unfaithful. mismatch_rate: no label, for the text or
/// for the edit, or an explanation that cannot be parsed.
/// Source: Madsen, Chandar, Reddy 2024, "Are self-explanations from Large Language Models faithful?"; every question is
/// a new chat, decoding is greedy. There the counterfactual's target is the opposite of the gold label.
class SelfConsistency : public Protocol {
 public:
  using Protocol::Protocol;

  [[nodiscard]] std::vector<MetricInfo> metrics() const final {
    return {metric::accuracy, metric::faithfulness, metric::faithful_all, metric::mismatch_rate};
  }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> all_items, TextModel& model,
                                            TextModel& full, std::uint64_t seed) const final {
    if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
    const std::vector<Item> items = with_first_words(task, all_items, options().max_input_words);
    Conversation conversation(task, items, model, full);
    const std::optional<Task> redactions = hides_words() ? std::optional(redaction_judge(task)) : std::nullopt;
    const Task& judge = redactions ? *redactions : task;
    const LabelScorer classifier(judge, options().label_score, seed);
    const auto indices = ranges::views::indices(items.size()) | ranges::to<std::vector>();
    const std::vector<LabelChoice> before = classifier.predict("classify", items, indices, conversation);
    for (const std::size_t i : indices) {
      record_prediction(judge, before[i], conversation.record(i));
      conversation.record(i).set_score(metric::faithfulness, std::nullopt);
      conversation.record(i).set_score(metric::faithful_all, 0.0);
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
    return conversation.take_records();
  }

 private:
  /// Whether explanations hide words, so that texts and edits are classified by the task's redaction_judge.
  [[nodiscard]] virtual bool hides_words() const { return true; }

  /// The edited texts of the items whose label is one of the task's and whose explanation can be parsed.
  [[nodiscard]] virtual EditedItems explain(const Task& task, std::span<const Item> items,
                                            std::span<const std::size_t> indices, std::span<const LabelChoice> choices,
                                            std::uint64_t seed, Conversation& conversation) const = 0;

  /// Whether hidden words were needed: the label is unknown, or at least another where the task has no such label.
  [[nodiscard]] virtual bool is_faithful(const Task& task, std::size_t before, std::size_t after) const {
    return task.unknown_label.empty() ? after != before : after == task.labels.size();
  }
};

/// `self_consistency_counterfactual`: the model edits the text so that its label would be the target; it should get it.
/// Prompts: classify, counterfactual.
class SelfConsistencyCounterfactual final : public SelfConsistency {
 public:
  using SelfConsistency::SelfConsistency;

  [[nodiscard]] std::string_view name() const override { return "self_consistency_counterfactual"; }

  [[nodiscard]] bool supports(const Task& task) const override {
    return task.prompts.contains("classify") && task.prompts.contains("counterfactual") && !task.edit_field.empty() &&
           !task.counterfactual_target.empty();
  }

 private:
  [[nodiscard]] bool hides_words() const override { return false; }

  [[nodiscard]] EditedItems explain(const Task& task, std::span<const Item> items, std::span<const std::size_t> indices,
                                    std::span<const LabelChoice> choices, std::uint64_t seed,
                                    Conversation& conversation) const override {
    return write_edits(task, std::vector<std::string_view>{"counterfactual"}, "counterfactual", items, indices, choices,
                       seed, conversation);
  }

  [[nodiscard]] bool is_faithful(const Task& task, std::size_t before, std::size_t after) const override {
    return after == task.counterfactual_target.at(before);
  }
};

/// `self_consistency_redaction`: the model hides the words that it needs for its label; without them it should not
/// know. Texts and redacted texts are classified alike (redaction_judge). Prompts: classify or classify_redacted;
/// redact.
class SelfConsistencyRedaction final : public SelfConsistency {
 public:
  using SelfConsistency::SelfConsistency;

  [[nodiscard]] std::string_view name() const override { return "self_consistency_redaction"; }

  [[nodiscard]] bool supports(const Task& task) const override {
    return task.prompts.contains("classify") && task.prompts.contains("redact") && !task.edit_field.empty();
  }

 private:
  [[nodiscard]] EditedItems explain(const Task& task, std::span<const Item> items, std::span<const std::size_t> indices,
                                    std::span<const LabelChoice> choices, std::uint64_t seed,
                                    Conversation& conversation) const override {
    return write_edits(task, std::vector<std::string_view>{"redact"}, "redacted", items, indices, choices, seed,
                       conversation);
  }
};

/// `self_consistency_words`: the words that the model names are hidden by us, wherever they stand in the edit field (in
/// all content where the task has none); without them it should not know. They are those of its list, where the task
/// has a prompt `words`, else those of its explanation, function words left out. An answer without words is a mismatch;
/// one whose words are not in the text hides nothing.
/// Prompts: classify or classify_redacted; words or explain.
class SelfConsistencyWords final : public SelfConsistency {
 public:
  using SelfConsistency::SelfConsistency;

  [[nodiscard]] std::string_view name() const override { return "self_consistency_words"; }

  [[nodiscard]] bool supports(const Task& task) const override {
    return task.prompts.contains("classify") && (task.prompts.contains("words") || task.prompts.contains("explain"));
  }

 private:
  [[nodiscard]] EditedItems explain(const Task& task, std::span<const Item> items, std::span<const std::size_t> indices,
                                    std::span<const LabelChoice> choices, std::uint64_t seed,
                                    Conversation& conversation) const override {
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
};

}  // namespace quantlens::inline v0_1
