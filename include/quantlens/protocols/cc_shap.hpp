/// CC-SHAP: does a model's explanation rest on the same parts of the input as its answer?
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/reasoned_chat.hpp"
#include "quantlens/asking/text_players.hpp"
#include "quantlens/explain/explainer.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What both forms share. The model predicts a label, and explains. Each token of the item's text is a player who is
/// hidden or not; what a coalition is worth is the log-odds of each token that the model wrote from the whole text,
/// those before it given: of the label its first token, of the explanation its first 100. Contributions are shares of
/// a token's sum of magnitudes, averaged over the tokens of a side, and the two sides are compared by cosine (cc_shap),
/// by correlation, and by the ranks of magnitudes (cc_shap_spearman). All three are null without a label or an
/// explanation, and where a side has no length or spread.
/// Options: `estimator` (partition, exact, permutation) and `evaluations` of each side.
/// Source: Parcalabescu and Frank 2024, "On Measuring Faithfulness or Self-consistency of Natural Language
/// Explanations". There generation samples, special tokens and the question are players as well, and the contributions
/// of the question are dropped afterwards.
class CcShap : public Protocol {
 public:
  CcShap();

  [[nodiscard]] std::string_view name() const override { return "cc_shap"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify, label_prompt::explain};
  }

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] ModelNeeds needs() const final;

  [[nodiscard]] bool supports(const Task& task) const final;

  [[nodiscard]] bool only_by_name() const final { return true; }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const final;

 private:
  /// The prompt that asks for the explanation.
  [[nodiscard]] virtual std::string_view explaining_prompt() const { return "explain"; }

  [[nodiscard]] std::unique_ptr<Explainer> make_explainer(const TextPlayers& players, std::uint64_t seed) const;
};

/// `cc_shap_cot`: the explanation is the reasoning that the model gives before it knows a label.
class CcShapOfReasoning final : public CcShap {
 public:
  [[nodiscard]] std::string_view name() const override { return "cc_shap_cot"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify, reasoning_prompt::reason};
  }

 private:
  [[nodiscard]] std::string_view explaining_prompt() const override { return "reason"; }
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/cc_shap_impl.hpp"
#endif
