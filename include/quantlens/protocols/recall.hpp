/// Recall of facts: given a relation and a subject, does the model name the object?
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The protocol `recall`. recall_top1: the most likely next token, without blanks at its ends, begins the object; a
/// token of one letter may do. recall_strict: it is the first token of the object. recall_full: greedy decoding starts
/// with the object or an alias. The first and the last ignore (ASCII) case. recall_macro: recall_top1 averaged over
/// relations. All of them look at the place from which a ContinuationRequest scores the object and its aliases.
/// Examples are of the item's relation and never of its subject. Prompts: recall. Source: Hernandez et al. 2024,
/// "Linearity of relation decoding in transformer language models", and its code for the first measure; the other two
/// are ours.
class Recall final : public Protocol {
 public:
  [[nodiscard]] std::string_view name() const override { return "recall"; }

  [[nodiscard]] std::vector<PromptKind> prompts() const override {
    return {{.name = "recall", .of = TaskKind::recall, .asks_for = "object"}};
  }

  [[nodiscard]] std::vector<Metric> metrics() const override;

  [[nodiscard]] bool supports(const Task& task) const override { return task.prompts.contains("recall"); }

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const override;

 private:
  static void score(const std::vector<std::string>& accepted, const Completion& completion,
                    const ScoreResult& of_object, ItemRecord& record);

  [[nodiscard]] static std::string folded(std::string_view text);
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/recall_impl.hpp"
#endif
