/// What explanation_meaning.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/bart_score.hpp"
#include "quantlens/metrics/bert_score_match.hpp"
#include "quantlens/metrics/text_shape.hpp"
#include "quantlens/protocols/explanation_meaning.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace explanation_meaning_detail {

inline std::vector<std::string> all_references(const Task& task) {
  std::vector<std::string> all;
  for (const Item& item : task.items) all.insert(all.end(), item.references.begin(), item.references.end());
  return all;
}

}  // namespace explanation_meaning_detail

QUANTLENS_INLINE std::vector<Metric> ExplanationMeaning::metrics() const {
  std::vector<Metric> all{metric::accuracy, macro_f1_metric(), metric::degenerate_rate};
  for (const MetricInfo& info : own_metrics()) all.emplace_back(info);
  return all;
}

QUANTLENS_INLINE bool ExplanationMeaning::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains("explain");
}

QUANTLENS_INLINE std::vector<ItemRecord> ExplanationMeaning::run(const Task& task, std::span<const Item> items,
                                                                 const Models& models, std::uint64_t seed) const {
  Conversation conversation(task, items, models);
  const ExplainedLabels explained = explain_labels(task, items, label_score_of(options()), seed, conversation);
  std::vector<Pair> pairs;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const bool is_noise = is_degenerate(explained.explanations[i]);
    conversation.record(i).set_score(metric::degenerate_rate, is_noise ? 1.0 : 0.0);
    for (const MetricInfo& info : own_metrics()) conversation.record(i).set_score(info, std::nullopt);
    if (is_noise) continue;
    for (const std::string& reference : items[i].references)
      pairs.push_back({i, &explained.explanations[i], &reference});
  }
  std::vector<ItemRecord> records = conversation.take_records();
  if (!pairs.empty()) score(task, pairs, models, records);
  return records;
}

QUANTLENS_INLINE std::vector<std::string> ExplanationMeaning::texts_of(std::span<const Pair> pairs) {
  std::vector<std::string> texts;
  for (const Pair& pair : pairs) {
    texts.push_back(*pair.explanation);
    texts.push_back(*pair.reference);
  }
  return texts;
}

QUANTLENS_INLINE void BartScoreProtocol::score(const Task&, std::span<const Pair> pairs, const Models& models,
                                               std::span<ItemRecord> records) const {
  std::vector<TextPair> asked;
  for (const Pair& pair : pairs) {
    asked.push_back({*pair.explanation, *pair.reference});
    asked.push_back({*pair.reference, *pair.explanation});
  }
  const std::vector<double> scores = models.scorer->score(asked);
  std::vector<std::optional<BartScore>> best(records.size());
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const BartScore found{scores[2 * k], scores[2 * k + 1]};
    std::optional<BartScore>& of_item = best[pairs[k].item];
    if (!of_item || found.mean() > of_item->mean()) of_item = found;
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!best[i]) continue;
    records[i].set_score(metric::bart_score, best[i]->mean());
    records[i].set_score(metric::bart_score_to_reference, best[i]->to_reference);
    records[i].set_score(metric::bart_score_from_reference, best[i]->from_reference);
  }
}

QUANTLENS_INLINE std::string BertScoreProtocol::depends_on(const Task& task) const {
  std::string all;
  if (options().text("idf") == "yes")
    for (const std::string& reference : explanation_meaning_detail::all_references(task)) all += reference + '\n';
  return all;
}

QUANTLENS_INLINE void BertScoreProtocol::score(const Task& task, std::span<const Pair> pairs, const Models& models,
                                               std::span<ItemRecord> records) const {
  const bool has_idf = options().text("idf") == "yes";
  const TokenWeights idf(has_idf ? models.encoder->tokens(explanation_meaning_detail::all_references(task))
                                 : std::vector<std::vector<TokenId>>{});
  const auto weights = [&](const TokenVectors& text) {
    std::vector<double> all;
    for (std::size_t i = 0; i < text.ids.size(); ++i)
      all.push_back(has_idf ? idf(text.ids[i]) : text.is_special[i] ? 0.0 : 1.0);
    return all;
  };
  const BertScore baseline{options().real("baseline_precision"), options().real("baseline_recall"),
                           options().real("baseline_f1")};
  const std::vector<TokenVectors> texts = models.encoder->token_vectors(texts_of(pairs), options().count("layer"));
  std::vector<std::vector<BertScore>> scores(records.size());
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const TokenVectors &explanation = texts[2 * k], &reference = texts[2 * k + 1];
    const std::vector<double> cosines = token_cosines(explanation.values, reference.values, explanation.width);
    if (const auto found = bert_score(cosines, weights(explanation), weights(reference)))
      scores[pairs[k].item].push_back(rescaled(*found, baseline));
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::optional<BertScore> best = best_reference(scores[i]);
    if (!best) continue;
    records[i].set_score(metric::bert_score_precision, best->precision);
    records[i].set_score(metric::bert_score_recall, best->recall);
    records[i].set_score(metric::bert_score_f1, best->f1);
  }
}

QUANTLENS_INLINE void EmbeddingSimilarity::score(const Task&, std::span<const Pair> pairs, const Models& models,
                                                 std::span<ItemRecord> records) const {
  const std::vector<std::vector<float>> vectors = models.encoder->embed(texts_of(pairs));
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const double cosine = token_cosines(vectors[2 * k], vectors[2 * k + 1], vectors[2 * k].size()).front();
    const auto best = score_of(records[pairs[k].item], metric::embedding_similarity.name);
    if (!best || cosine > *best) records[pairs[k].item].set_score(metric::embedding_similarity, cosine);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
