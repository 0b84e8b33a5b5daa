/// Self-rationalization: label and explanation in one answer, in either order.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What both orders share: one answer in the form that the prompt gives it, with the likeliest label at the label's
/// place and an explanation that is written freely, and scored as nle's are. An explanation that comes first ends where
/// the model itself goes on to the label; parse_failure_rate: it did not, and the label is asked for behind all that it
/// wrote. Null where the label comes first.
/// Source: Marasovic et al. 2022, "Few-Shot Self-Rationalization with Natural Language Prompts"; decoding is greedy.
class SelfRationalization : public Protocol {
 public:
  [[nodiscard]] std::string_view name() const final { return prompt_.name; }

  [[nodiscard]] std::vector<PromptKind> prompts() const final { return {prompt_}; }

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] bool supports(const Task& task) const final { return task.prompts.contains(prompt_.name); }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const final;

 protected:
  explicit SelfRationalization(const PromptKind& prompt) : Protocol({label_score_info()}), prompt_(prompt) {}

 private:
  PromptKind prompt_;
};

/// `answer_and_explain`: the label, then why.
class AnswerAndExplain final : public SelfRationalization {
 public:
  AnswerAndExplain() : SelfRationalization({.name = "answer_and_explain", .asks_for = "label", .explains = true}) {}
};

/// `explain_and_answer`: the reasons, then the label.
class ExplainAndAnswer final : public SelfRationalization {
 public:
  ExplainAndAnswer()
      : SelfRationalization({.name = "explain_and_answer", .asks_for = "explanation", .explains = true}) {}
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/self_rationalization_impl.hpp"
#endif
