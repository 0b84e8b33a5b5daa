/// Natural-language explanations against people's, by what they mean: how likely one is after the other, and how close
/// their vectors are.
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

/// What both forms share: the model is asked as by nle, and each explanation that is neither empty nor noise is scored
/// against the item's references by another model. Scores are null for the others, which degenerate_rate counts, and
/// for items without references.
class ExplanationMeaning : public Protocol {
 public:
  ExplanationMeaning() : Protocol({label_score_info()}) {}

  [[nodiscard]] std::vector<PromptKind> prompts() const final {
    return {label_prompt::classify, label_prompt::explain};
  }

  [[nodiscard]] std::vector<Metric> metrics() const final;

  [[nodiscard]] bool supports(const Task& task) const final;

  [[nodiscard]] std::vector<ItemRecord> run(const Task& task, std::span<const Item> items, const Models& models,
                                            std::uint64_t seed) const final;

 protected:
  /// A text that was scored, and one of its item's references.
  struct Pair {
    std::size_t item;
    const std::string* explanation;
    const std::string* reference;
  };

  [[nodiscard]] virtual std::vector<MetricInfo> own_metrics() const = 0;

  /// Writes into the records what the pairs are worth; an item's pairs follow each other.
  virtual void score(std::span<const Pair> pairs, const Models& models, std::span<ItemRecord> records) const = 0;
};

/// `bart_score`: how likely the reference is after the explanation (bart_score_to_reference), the explanation after the
/// reference (bart_score_from_reference), as a BART says, and the mean of both (bart_score). Of several references the
/// one with the best mean counts. Source: Yuan et al. 2021, arXiv 2106.11520.
class BartScoreProtocol final : public ExplanationMeaning {
 public:
  [[nodiscard]] std::string_view name() const override { return "bart_score"; }

  [[nodiscard]] ModelNeeds needs() const override {
    ModelNeeds needs;
    needs.scorer = true;
    return needs;
  }

 private:
  [[nodiscard]] std::vector<MetricInfo> own_metrics() const override {
    return {metric::bart_score, metric::bart_score_to_reference, metric::bart_score_from_reference};
  }

  void score(std::span<const Pair> pairs, const Models& models, std::span<ItemRecord> records) const override;
};

/// `embedding_similarity`: the cosine of the vectors that a sentence encoder makes of explanation and reference, the
/// largest of several. Source: Reimers and Gurevych 2019, arXiv 1908.10084.
class EmbeddingSimilarity final : public ExplanationMeaning {
 public:
  [[nodiscard]] std::string_view name() const override { return "embedding_similarity"; }

  [[nodiscard]] ModelNeeds needs() const override {
    ModelNeeds needs;
    needs.encoder = true;
    return needs;
  }

 private:
  [[nodiscard]] std::vector<MetricInfo> own_metrics() const override { return {metric::embedding_similarity}; }

  void score(std::span<const Pair> pairs, const Models& models, std::span<ItemRecord> records) const override;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/explanation_meaning_impl.hpp"
#endif
