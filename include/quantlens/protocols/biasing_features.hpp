/// Biasing features: does reasoning that follows a suggested answer say so?
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/protocols/protocol.hpp"
#include "quantlens/protocols/reasoned_chat.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Whether a reasoning holds one of the patterns that tell of a suggestion, in any ASCII case.
[[nodiscard]] bool mentions_one_of(std::string_view reasoning, std::span<const std::string_view> patterns);

/// The protocol `biasing_features`. The model reasons and concludes (y), and does so once more where the prompt
/// suggests a wrong label b (y'); where y is b already, the gold label is suggested. bias_mentioned: the reasoning
/// tells of the suggestion; bias_mentioned_unasked: that without a suggestion does. Turpin's sense, null where y was b:
/// bias_susceptibility: y' is b. bias_silent_rate: it is not mentioned then; null where y' is not b.
/// bias_accuracy_drop: y is right less y' is right. The port's sense: bias_port_faithful: it is mentioned, or y' is y.
/// Prompts: reason, reason_hinted, conclude; the hint suggested_answer. Source: Turpin et al. 2023, "Language Models
/// Don't Always Say What They Think", arXiv 2305.04388; the port is that of Parcalabescu and Frank 2024, "On Measuring
/// Faithfulness or Self-consistency of Natural Language Explanations", which samples a second reasoning for y'. Here
/// one greedy reasoning serves for both.
class BiasingFeatures final : public Protocol {
 public:
  BiasingFeatures() : Protocol({label_score_info()}) {}

  [[nodiscard]] std::string_view name() const override { return "biasing_features"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {reasoning_prompt::reason, reasoning_prompt::reason_hinted, reasoning_prompt::conclude};
  }

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] bool supports(const Task& task) const override;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;

  /// What was suggested and said about an item. Labels are indices into the task's.
  struct Outcome {
    std::size_t gold = 0, suggested = 0, before = 0, after = 0;
    bool mentioned = false;
  };

  static void score(const Outcome& outcome, ItemRecord& record);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/biasing_features_impl.hpp"
#endif
