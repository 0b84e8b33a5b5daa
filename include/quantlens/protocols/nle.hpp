/// Natural-language explanations: predict a label, then explain the predicted label.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The protocol `nle`. An item without a predicted label (a score that is not a number) is not asked for an
/// explanation, and is scored as an empty one.
/// Prompts: classify, explain. Source: Cross-Refine; decoding is greedy.
class NaturalLanguageExplanation final : public Protocol {
 public:
  NaturalLanguageExplanation() : Protocol({label_score_info()}) {}

  [[nodiscard]] std::string_view name() const override { return "nle"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {label_prompt::classify, label_prompt::explain};
  }

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] bool supports(const Task& task) const override;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;
};

/// Writes the scores of an explanation that reads the text alone into an item's record: rouge_l, token_f1,
/// explanation_words, degenerate_rate; and what it takes from itself and from the item: repeated_share, copied_share,
/// grounded_share.
void score_explanation(const Item& item, const std::string& explanation, ItemRecord& record);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/nle_impl.hpp"
#endif
