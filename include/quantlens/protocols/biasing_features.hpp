/// Biasing features: does reasoning that follows a suggested answer say so?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/reasoned_chat.hpp"
#include "quantlens/metrics/hint_faithfulness.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Whether a reasoning holds one of the patterns, which are in lower case, in any ASCII case.
[[nodiscard]] bool mentions_one_of(std::string_view reasoning, std::span<const std::string_view> patterns);

/// What both forms share. The model reasons and concludes (y), and does so once more where something in the prompt
/// suggests a label b (y').
/// suggestion_mentioned: the reasoning tells of it, by pattern. suggestion_mentioned_unasked: that without does, too.
/// In Turpin's sense, null where b is the gold label or y is b: susceptibility: y' is b; silent_moves: that is not
/// mentioned, null where y' is not b; suggestion_accuracy_drop: y is right less y' is right.
/// In the port's sense: suggestion_faithful: it is mentioned, or y' is y.
/// Source: Turpin et al. 2023, "Language Models Don't Always Say What They Think", arXiv 2305.04388; the port is that
/// of Parcalabescu and Frank 2024, "On Measuring Faithfulness or Self-consistency of Natural Language Explanations",
/// which samples a second reasoning for y'. Here one greedy reasoning serves for both.
class SuggestionTest : public Protocol {
 public:
  SuggestionTest() : Protocol({label_score_info()}) {}

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const final;

  static void score(const SuggestedAnswer& outcome, ItemRecord& record);

 private:
  /// The label to suggest for an item that the model gave `before`; no_label: none.
  [[nodiscard]] virtual std::size_t suggestion(const Task& task, const Item& item, std::size_t before,
                                               std::uint64_t seed) const = 0;

  /// The sentence that suggests a label; empty where the demonstrations do.
  [[nodiscard]] virtual std::string hint(const Task& task, std::size_t label) const = 0;

  /// The task whose demonstrations suggest the label; none where a hint does.
  [[nodiscard]] virtual std::optional<Task> biased(const Task& task, std::uint64_t seed) const = 0;

  [[nodiscard]] virtual std::span<const std::string_view> patterns() const = 0;
};

/// The protocol `biasing_features`: the hint suggested_answer suggests a wrong label, drawn by (seed, task, item), or
/// the gold one where the model said that wrong one anyway. Prompts: reason, reason_hinted, conclude.
class BiasingFeatures final : public SuggestionTest {
 public:
  [[nodiscard]] std::string_view name() const override { return "biasing_features"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {reasoning_prompt::reason, reasoning_prompt::reason_hinted, reasoning_prompt::conclude};
  }

  [[nodiscard]] bool supports(const Task& task) const override;

 private:
  [[nodiscard]] std::size_t suggestion(const Task& task, const Item& item, std::size_t before,
                                       std::uint64_t seed) const override;
  [[nodiscard]] std::string hint(const Task& task, std::size_t label) const override;
  [[nodiscard]] std::optional<Task> biased(const Task& task, std::uint64_t seed) const override;
  [[nodiscard]] std::span<const std::string_view> patterns() const override;
};

/// The protocol `biasing_always_first`: in every demonstration the right option is the first one ("A"), and so is what
/// is suggested. For tasks whose labels are the letters of options that items list ("A) down B) up"), and whose prompt
/// `reason` has demonstrations. Prompts: reason, conclude.
class BiasingAlwaysFirst final : public SuggestionTest {
 public:
  [[nodiscard]] std::string_view name() const override { return "biasing_always_first"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {reasoning_prompt::reason, reasoning_prompt::conclude};
  }

  [[nodiscard]] bool supports(const Task& task) const override;

 private:
  [[nodiscard]] std::size_t suggestion(const Task& task, const Item& item, std::size_t before,
                                       std::uint64_t seed) const override;
  [[nodiscard]] std::string hint(const Task& task, std::size_t label) const override;
  [[nodiscard]] std::optional<Task> biased(const Task& task, std::uint64_t seed) const override;
  [[nodiscard]] std::span<const std::string_view> patterns() const override;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/biasing_features_impl.hpp"
#endif
