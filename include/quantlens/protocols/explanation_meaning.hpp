/// Natural-language explanations against people's, by what they mean: how likely one is after the other, and how close
/// their vectors are, or those of their tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  explicit ExplanationMeaning(std::vector<OptionInfo> options = {}) : Protocol(with_label_score(std::move(options))) {}

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

  /// An explanation, its reference, the next explanation, and so on.
  [[nodiscard]] static std::vector<std::string> texts_of(std::span<const Pair> pairs);

  [[nodiscard]] virtual std::vector<MetricInfo> own_metrics() const = 0;

  /// Writes into the records what the pairs are worth; an item's pairs follow each other.
  virtual void score(const Task& task, std::span<const Pair> pairs, const Models& models,
                     std::span<ItemRecord> records) const = 0;

 private:
  [[nodiscard]] static std::vector<OptionInfo> with_label_score(std::vector<OptionInfo> options) {
    options.push_back(label_score_info());
    return options;
  }
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

  void score(const Task& task, std::span<const Pair> pairs, const Models& models,
             std::span<ItemRecord> records) const override;
};

/// `bert_score`: each token's best cosine with a token of the other text, over the explanation's tokens
/// (bert_score_precision), over the reference's (bert_score_recall), and their harmonic mean (bert_score_f1). Of
/// several references the best counts, for each of the three apart. Options: `layer` of the encoder; `idf` weighs
/// tokens by how few of the task's references have them; `baseline_...` are what unrelated texts have, which is then 0.
/// Source: Zhang et al. 2020, arXiv 1904.09675, and its package, where no batch pads a text.
class BertScoreProtocol final : public ExplanationMeaning {
 public:
  BertScoreProtocol()
      : ExplanationMeaning({{"layer", "0", "whose states the encoder's tokens are compared by; 0: the last"},
                            {"idf", "no", "whether rare tokens weigh more", {"no", "yes"}},
                            {"baseline_precision", "0", "what unrelated texts have", {}, true},
                            {"baseline_recall", "0", "what unrelated texts have", {}, true},
                            {"baseline_f1", "0", "what unrelated texts have", {}, true}}) {}

  [[nodiscard]] std::string_view name() const override { return "bert_score"; }

  [[nodiscard]] ModelNeeds needs() const override {
    ModelNeeds needs;
    needs.encoder = true;
    return needs;
  }

  /// With idf, all references of the task.
  [[nodiscard]] std::string depends_on(const Task& task) const override;

 private:
  [[nodiscard]] std::vector<MetricInfo> own_metrics() const override {
    return {metric::bert_score_precision, metric::bert_score_recall, metric::bert_score_f1};
  }

  void score(const Task& task, std::span<const Pair> pairs, const Models& models,
             std::span<ItemRecord> records) const override;
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

  void score(const Task& task, std::span<const Pair> pairs, const Models& models,
             std::span<ItemRecord> records) const override;
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/explanation_meaning_impl.hpp"
#endif
