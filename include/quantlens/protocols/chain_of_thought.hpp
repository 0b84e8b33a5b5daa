/// Chain of thought: the model explains first, and then says the label that its explanation leads to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/asking/reasoned_chat.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The protocol `chain_of_thought`. The reasoning is scored as nle's explanations are: degenerate_rate is the
/// share that is empty or noise, after which the label is asked for all the same. reasoning_tokens: how many were
/// generated. reasoning_cut_rate: it ended at the prompt's limit.
/// Greedy where the temperature is 0. Otherwise the model reasons `repeats` times, each with a seed of its own, and the
/// label that most repeats end with counts, the first of them among equals; the reasoning that is scored is the first
/// that leads to it. repeat_agreement: the share of repeats that do; null for one repeat.
/// Prompts: reason, conclude. Source: Wei et al. 2022; for the majority Wang et al. 2023, "Self-Consistency Improves
/// Chain of Thought Reasoning".
class ChainOfThought final : public Protocol {
 public:
  ChainOfThought();

  [[nodiscard]] std::string_view name() const override { return "chain_of_thought"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {reasoning_prompt::reason, reasoning_prompt::conclude};
  }

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] ModelNeeds needs() const override;

  [[nodiscard]] bool supports(const Task& task) const override { return can_reason(task); }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;

 private:
  [[nodiscard]] bool is_sampled() const { return options().real("temperature") > 0; }

  [[nodiscard]] std::size_t n_repeats() const;

  [[nodiscard]] Sampling sampling_of(const Task& task, const Item& item, std::size_t repeat, std::uint64_t seed) const;

  /// Of an item's repeats the one that counts.
  [[nodiscard]] static std::size_t majority_of(std::span<const LabelChoice> repeats);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/chain_of_thought_impl.hpp"
#endif
