/// What nle.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/indices.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/text_overlap.hpp"
#include "quantlens/metrics/text_shape.hpp"
#include "quantlens/protocols/conversation.hpp"
#include "quantlens/protocols/label_scoring.hpp"
#include "quantlens/protocols/labelled_chat.hpp"
#include "quantlens/protocols/nle.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Metric> NaturalLanguageExplanation::metrics() const {
  return {metric::accuracy, macro_f1_metric(),         metric::rouge_l,
          metric::token_f1, metric::explanation_words, metric::degenerate_rate};
}

QUANTLENS_INLINE bool NaturalLanguageExplanation::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains("explain");
}

QUANTLENS_INLINE std::vector<ItemRecord> NaturalLanguageExplanation::run(const Task& task, std::span<const Item> items,
                                                                         const Models& models,
                                                                         std::uint64_t seed) const {
  Conversation conversation(task, items, models);
  const LabelScorer classifier(task, label_score_of(options()), seed);
  const auto indices = ranges::views::indices(items.size()) | ranges::to<std::vector>();
  const std::vector<LabelChoice> choices = classifier.predict("classify", items, indices, conversation);

  for (const std::size_t i : indices) record_prediction(task, choices[i], conversation.record(i));

  const auto answers =
      chat_about_labels(task, std::vector<std::string_view>{"explain"}, items, indices, choices, seed, conversation);
  for (const std::size_t i : indices) {
    const std::string explanation = clean_explanation(answers[i].value_or(""));
    if (answers[i]) conversation.record(i).transcript.back()["explanation"] = explanation;
    score_explanation(items[i], explanation, conversation.record(i));
  }
  return conversation.take_records();
}

QUANTLENS_INLINE void score_explanation(const Item& item, const std::string& explanation, ItemRecord& record) {
  record.set_score(metric::rouge_l, rouge_l(explanation, item.references));
  record.set_score(metric::token_f1, token_f1(explanation, item.references));
  record.set_score(metric::explanation_words, static_cast<double>(count_words(explanation)));
  record.set_score(metric::degenerate_rate, is_degenerate(explanation) ? 1.0 : 0.0);
}

}  // namespace quantlens::inline QUANTLENS_ABI
