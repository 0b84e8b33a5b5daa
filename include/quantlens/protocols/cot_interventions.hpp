/// Interventions on a chain of thought: does the answer change when the reasoning before it is cut, wrong or missing?
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

/// The protocol `cot_interventions`. The model reasons and concludes; then it concludes again in chats that hold other
/// reasoning in place of its own, which no model writes:
/// - early answering: the first k of n sentences (words, where it is one sentence), at most max_cuts of k = 0..n-1. aoc
///   is 1 less the area under the curve of "the same answer as with all of it" over k/n, soft_aoc the same of the
///   answer's probability among the labels; high: the answer needs the reasoning;
/// - mistakes: the deciding words are those by which demonstrations explain another label. mistakes_changed: the answer
///   is another one. mistakes_control_changed: the same where they are such words of the answer's own label.
///   mistakes_above_control: their difference, which a model that any change confuses does not have. mistakes_share: of
///   the reasoning's words that are replaced;
/// - filler: " ..." as often as the reasoning has tokens. filler_changed: the answer is another one.
/// All of these are null where the reasoning is empty or noise (degenerate_rate counts it) or there is no label, those
/// of mistakes where there is nothing to replace. They say whether the reasoning matters, not whether it is right: read
/// them beside the accuracy.
/// Prompts: reason, conclude. Source: Lanham et al. 2023, "Measuring Faithfulness in Chain-of-Thought Reasoning",
/// arXiv 2307.13702, where a model writes the mistakes; decoding is greedy.
class CotInterventions final : public Protocol {
 public:
  CotInterventions();

  [[nodiscard]] std::string_view name() const override { return "cot_interventions"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {reasoning_prompt::reason, reasoning_prompt::conclude};
  }

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] bool supports(const Task& task) const override { return can_reason(task); }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;

 private:
  /// Chats with the reasoning of items, and the labels that these end with. Shapes: both [items].
  struct Reasoned {
    std::span<const ReasonedItem> chats;
    const LabelPredictions& answers;
    std::vector<std::size_t> usable;  ///< those that have reasoning and a label
  };

  void cut_short(const ReasonedChat& chat, const Reasoned& reasoned, Conversation& conversation) const;

  static void add_mistakes(const Task& task, std::span<const Item> items, const ReasonedChat& chat,
                           const Reasoned& reasoned, std::uint64_t seed, Conversation& conversation);

  static void fill(const ReasonedChat& chat, const Reasoned& reasoned, Conversation& conversation);

  /// Concludes each chat anew, and writes into `metric` of its record whether the answer is another one.
  static void record_changes(std::string_view step, const MetricInfo& metric, const ReasonedChat& chat,
                             const Reasoned& reasoned, std::span<const ReasonedItem> edited,
                             Conversation& conversation);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/cot_interventions_impl.hpp"
#endif
