/// What nle.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/asking/named_words.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/text_overlap.hpp"
#include "quantlens/metrics/text_reuse.hpp"
#include "quantlens/metrics/text_shape.hpp"
#include "quantlens/protocols/nle.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Metric> NaturalLanguageExplanation::metrics() const {
  return {metric::accuracy,       macro_f1_metric(),         metric::rouge_l,
          metric::token_f1,       metric::explanation_words, metric::degenerate_rate,
          metric::repeated_share, metric::copied_share,      metric::grounded_share};
}

QUANTLENS_INLINE bool NaturalLanguageExplanation::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains("explain");
}

QUANTLENS_INLINE std::vector<ItemRecord> NaturalLanguageExplanation::run(const Task& task, std::span<const Item> items,
                                                                         const Models& models,
                                                                         std::uint64_t seed) const {
  Conversation conversation(task, items, models);
  const ExplainedLabels explained = explain_labels(task, items, label_score_of(options()), seed, conversation);
  for (std::size_t i = 0; i < items.size(); ++i)
    score_explanation(items[i], explained.explanations[i], conversation.record(i));
  return conversation.take_records();
}

QUANTLENS_INLINE void score_explanation(const Item& item, const std::string& explanation, ItemRecord& record) {
  record.set_score(metric::rouge_l, rouge_l(explanation, item.references));
  record.set_score(metric::token_f1, token_f1(explanation, item.references));
  record.set_score(metric::explanation_words, static_cast<double>(count_words(explanation)));
  record.set_score(metric::degenerate_rate, is_degenerate(explanation) ? 1.0 : 0.0);
  std::string input;
  for (const auto& field : item.fields) input += field.second + '\n';
  record.set_score(metric::repeated_share, repeated_share(explanation));
  record.set_score(metric::copied_share, copied_share(explanation, input));
  record.set_score(metric::grounded_share, grounded_share(words_of_explanation(explanation), input));
}

}  // namespace quantlens::inline QUANTLENS_ABI
