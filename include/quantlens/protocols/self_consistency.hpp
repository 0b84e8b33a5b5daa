/// Self-consistency: does the model believe its own explanations, when it meets them in a new chat?
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What the three forms share. The model predicts a label and explains it by an edit of the text; in a chat that knows
/// nothing of all this it labels the edit. faithfulness: whether that label is the one that the explanation implies;
/// null where the prediction is wrong or the item a mismatch, so that its mean is the share of faithful among correct
/// items. faithful_all: the same over all items, mismatches being unfaithful. mismatch_rate: no label, for the text or
/// for the edit, or an explanation that cannot be parsed.
/// Any broken text loses its label, so beside these: valid_edits, the share of all items whose edit is the original
/// with words hidden or changed (is_redaction, is_edit), and changed_share of its words; faithfulness_valid, over valid
/// edits alone; faithful_control: the same of as many random words hidden, or replaced by random ones, and
/// faithful_above_control: faithful_all less it; both null where there is no edit.
/// Source: Madsen, Chandar, Reddy 2024, "Are self-explanations from Large Language Models faithful?"; every question is
/// a new chat, decoding is greedy. There the counterfactual's target is the opposite of the gold label.
class SelfConsistency : public Protocol {
 public:
  SelfConsistency() : Protocol({label_score_info(), max_input_words_info()}) {}

  [[nodiscard]] int version() const final { return 2; }

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> all_items, const Models& models,
                                            std::uint64_t seed) const final;

 private:
  /// Whether explanations hide words, so that texts and edits are classified by the task's redaction_judge.
  [[nodiscard]] virtual bool hides_words() const { return true; }

  /// The edited texts of the items whose label is one of the task's and whose explanation can be parsed.
  [[nodiscard]] virtual EditedItems explain(const Task& task, std::span<const Item> items,
                                            std::span<const std::size_t> indices, std::span<const LabelChoice> choices,
                                            std::uint64_t seed, Conversation& conversation) const = 0;

  /// Writes whether edits are valid, and what follows from that, into their records.
  void score_validity(const Task& task, std::span<const Item> items, const EditedItems& edits,
                      Conversation& conversation) const;

  /// Whether hidden words were needed: the label is unknown, or at least another where the task has no such label.
  [[nodiscard]] virtual bool is_faithful(const Task& task, std::size_t before, std::size_t after) const;
};

/// `self_consistency_counterfactual`: the model edits the text so that its label would be the target; it should get it.
/// Prompts: classify, counterfactual.
class SelfConsistencyCounterfactual final : public SelfConsistency {
 public:
  [[nodiscard]] std::string_view name() const override { return "self_consistency_counterfactual"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify, label_prompt::counterfactual};
  }

  [[nodiscard]] bool supports(const Task& task) const override;

 private:
  [[nodiscard]] bool hides_words() const override { return false; }

  [[nodiscard]] EditedItems explain(const Task& task, std::span<const Item> items, std::span<const std::size_t> indices,
                                    std::span<const LabelChoice> choices, std::uint64_t seed,
                                    Conversation& conversation) const override;

  [[nodiscard]] bool is_faithful(const Task& task, std::size_t before, std::size_t after) const override;
};

/// `self_consistency_redaction`: the model hides the words that it needs for its label; without them it should not
/// know. Texts and redacted texts are classified alike (redaction_judge). Prompts: classify or classify_redacted;
/// redact.
class SelfConsistencyRedaction final : public SelfConsistency {
 public:
  [[nodiscard]] std::string_view name() const override { return "self_consistency_redaction"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify, label_prompt::classify_redacted, {.name = "redact", .knows_label = true}};
  }

  [[nodiscard]] bool supports(const Task& task) const override;

 private:
  [[nodiscard]] EditedItems explain(const Task& task, std::span<const Item> items, std::span<const std::size_t> indices,
                                    std::span<const LabelChoice> choices, std::uint64_t seed,
                                    Conversation& conversation) const override;
};

/// `self_consistency_words`: the words that the model names are hidden by us, wherever they stand in the edit field (in
/// all content where the task has none); without them it should not know. They are those of its list, where the task
/// has a prompt `words`, else those of its explanation, function words left out. An answer without words is a mismatch;
/// one whose words are not in the text hides nothing.
/// Prompts: classify or classify_redacted; words or explain.
class SelfConsistencyWords final : public SelfConsistency {
 public:
  [[nodiscard]] std::string_view name() const override { return "self_consistency_words"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify,
            label_prompt::classify_redacted,
            {.name = "words", .knows_label = true},
            label_prompt::explain};
  }

  [[nodiscard]] bool supports(const Task& task) const override;

 private:
  [[nodiscard]] EditedItems explain(const Task& task, std::span<const Item> items, std::span<const std::size_t> indices,
                                    std::span<const LabelChoice> choices, std::uint64_t seed,
                                    Conversation& conversation) const override;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/self_consistency_impl.hpp"
#endif
