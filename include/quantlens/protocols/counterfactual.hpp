/// Counterfactual examples: the model edits the text so that its own label for it would change, then judges the edit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// FIZLE: `counterfactual` (naive, one turn) and `counterfactual_guided` (first the words that caused the label, then
/// an edit of these words in the same chat). The model predicts y for the text; the task's fixed map gives the target
/// y'; the model writes the edit; and in a chat that knows nothing of all this it labels the edit. flip_hard: it says
/// y'. flip_soft: it says something other than y. Both divide by all items: what cannot be parsed, or labelled, is not
/// flipped. perplexity (of the edited field alone, under `full`), edit_distance and copy_rate are null for parse
/// failures, so their n counts the parsed items.
/// Any broken text loses its label, so beside these: valid_edits, the share of all items whose edit is the original
/// with some of its words changed (is_edit), and changed_share of these words; flip_hard_valid and flip_soft_valid,
/// over valid edits; flip_control: as many random words put in place of random ones change the label, too, and
/// flip_above_control: flip_soft less it; both null for parse failures.
/// Prompts: classify; counterfactual, or counterfactual_words and counterfactual_guided. Source: Bhattacharjee et al.
/// 2024, "Zero-shot LLM-guided counterfactual generation"; decoding is greedy.
class Counterfactual : public Protocol {
 public:
  [[nodiscard]] std::string_view name() const final { return name_; }

  [[nodiscard]] int version() const final { return 2; }

  [[nodiscard]] std::vector<PromptKind> prompts() const final;

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] bool supports(const Task& task) const final;

  [[nodiscard]] ModelNeeds needs() const final {
    ModelNeeds needs;
    needs.fluency = true;
    return needs;
  }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> all_items, const Models& models,
                                            std::uint64_t seed) const final;

 protected:
  /// `turns`: the prompts of the chat that ends with the edit.
  Counterfactual(std::string_view name, std::vector<PromptKind> turns);

 private:
  static void score_flips(const Task& task, const std::vector<LabelChoice>& choices, const EditedItems& edits,
                          const std::vector<LabelChoice>& judged, Conversation& conversation);

  static void score_controls(const std::vector<LabelChoice>& choices, const EditedItems& controls,
                             const std::vector<LabelChoice>& judged, Conversation& conversation);

  static void score_texts(const Task& task, const std::vector<Item>& items, const EditedItems& edits,
                          Conversation& conversation);

  std::string_view name_;
  std::vector<PromptKind> turns_;
};

class NaiveCounterfactual final : public Counterfactual {
 public:
  NaiveCounterfactual() : Counterfactual("counterfactual", {label_prompt::counterfactual}) {}
};

class GuidedCounterfactual final : public Counterfactual {
 public:
  GuidedCounterfactual()
      : Counterfactual("counterfactual_guided",
                       {{.name = "counterfactual_words", .knows_label = true},
                        {.name = "counterfactual_guided", .knows_label = true, .follows = "counterfactual_words"}}) {}
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/counterfactual_impl.hpp"
#endif
