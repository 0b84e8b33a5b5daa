/// What counterfactual.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <range/v3/algorithm/all_of.hpp>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/transform.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/metrics/edit_similarity.hpp"
#include "quantlens/metrics/language_model_scores.hpp"
#include "quantlens/protocols/counterfactual.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE Counterfactual::Counterfactual(std::string_view name, std::vector<PromptKind> turns)
    : Protocol({label_score_info(), max_input_words_info()}), name_(name), turns_(std::move(turns)) {}

QUANTLENS_INLINE std::vector<PromptKind> Counterfactual::prompts() const {
  std::vector<PromptKind> all{label_prompt::classify};
  all.insert(all.end(), turns_.begin(), turns_.end());
  return all;
}

QUANTLENS_INLINE std::vector<Metric> Counterfactual::metrics() const {
  return {metric::accuracy,     macro_f1_metric(),         metric::flip_hard,       metric::flip_soft,
          metric::perplexity,   metric::edit_distance,     metric::copy_rate,       metric::parse_failure_rate,
          metric::valid_edits,  metric::changed_share,     metric::flip_hard_valid, metric::flip_soft_valid,
          metric::flip_control, metric::flip_above_control};
}

QUANTLENS_INLINE bool Counterfactual::supports(const Task& task) const {
  return task.prompts.contains("classify") && !task.edit_field.empty() && !task.counterfactual_target.empty() &&
         ranges::all_of(turns_, [&](const PromptKind& turn) { return task.prompts.contains(turn.name); });
}

QUANTLENS_INLINE std::vector<ItemRecord> Counterfactual::run(const Task& task, std::span<const Item> all_items,
                                                             const Models& models, std::uint64_t seed) const {
  if (task.edit_field.empty() || task.counterfactual_target.empty())
    throw InputError("task", concat("task ", task.name,
                                    " has no [counterfactual] edit_field or no [labels] "
                                    "counterfactual_target, which ",
                                    name_, " needs"));
  const std::vector<Item> items = with_first_words(task, all_items, options().count(max_input_words_option));
  Conversation conversation(task, items, models);
  const LabelScorer classifier(task, label_score_of(options()), seed);
  const std::vector<std::size_t> indices = all_indices(items);
  const std::vector<LabelChoice> choices = classifier.predict("classify", items, indices, conversation);
  for (const std::size_t i : indices) {
    record_prediction(task, choices[i], conversation.record(i));
    conversation.record(i).set_score(metric::flip_hard, 0.0);
    conversation.record(i).set_score(metric::flip_soft, 0.0);
    conversation.record(i).set_score(metric::parse_failure_rate, 1.0);
    conversation.record(i).set_score(metric::valid_edits, 0.0);
    for (const MetricInfo& info :
         {metric::perplexity, metric::edit_distance, metric::copy_rate, metric::changed_share, metric::flip_hard_valid,
          metric::flip_soft_valid, metric::flip_control, metric::flip_above_control})
      conversation.record(i).set_score(info, std::nullopt);
  }

  const auto turns = turns_ | ranges::views::transform(&PromptKind::name) | ranges::to<std::vector>();
  const EditedItems edits = write_edits(task, turns, "counterfactual", items, indices, choices, seed, conversation);
  const std::vector<LabelChoice> judged = classifier.predict("judge", edits.items, edits.indices, conversation);
  score_flips(task, choices, edits, judged, conversation);
  score_texts(task, items, edits, conversation);
  const EditedItems controls = controls_of(task, items, edits, ControlWords::replaced, seed);
  score_controls(choices, controls, classifier.predict("judge_control", controls.items, controls.indices, conversation),
                 conversation);
  return conversation.take_records();
}

QUANTLENS_INLINE void Counterfactual::score_flips(const Task& task, const std::vector<LabelChoice>& choices,
                                                  const EditedItems& edits, const std::vector<LabelChoice>& judged,
                                                  Conversation& conversation) {
  for (std::size_t k = 0; k < edits.indices.size(); ++k) {
    const std::size_t before = choices[edits.indices[k]].label;
    const std::size_t after = judged[k].label;
    ItemRecord& record = conversation.record(edits.indices[k]);
    record.set_score(metric::flip_hard, after == task.counterfactual_target[before] ? 1.0 : 0.0);
    record.set_score(metric::flip_soft, after != no_label && after != before ? 1.0 : 0.0);
    record.set_score(metric::parse_failure_rate, 0.0);
  }
}

QUANTLENS_INLINE void Counterfactual::score_texts(const Task& task, const std::vector<Item>& items,
                                                  const EditedItems& edits, Conversation& conversation) {
  std::vector<ItemRequest<std::string>> texts;
  for (std::size_t k = 0; k < edits.indices.size(); ++k)
    texts.push_back({edits.indices[k], edits.items[k].fields.at(task.edit_field)});
  const std::vector<ScoreResult> results = conversation.score_text_by_full("perplexity", texts);
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const std::string& original = items[texts[k].item].fields.at(task.edit_field);
    ItemRecord& record = conversation.record(texts[k].item);
    record.set_score(metric::perplexity, perplexity(results[k].token_logprobs));
    record.set_score(metric::edit_distance, word_edit_distance(original, texts[k].request));
    record.set_score(metric::copy_rate, is_copy(original, texts[k].request) ? 1.0 : 0.0);
    record.set_score(metric::changed_share, changed_share(original, texts[k].request));
    if (!is_edit(original, texts[k].request)) continue;
    record.set_score(metric::valid_edits, 1.0);
    record.set_score(metric::flip_hard_valid, score_of(record, metric::flip_hard.name));
    record.set_score(metric::flip_soft_valid, score_of(record, metric::flip_soft.name));
  }
}

QUANTLENS_INLINE void Counterfactual::score_controls(const std::vector<LabelChoice>& choices,
                                                     const EditedItems& controls,
                                                     const std::vector<LabelChoice>& judged,
                                                     Conversation& conversation) {
  for (std::size_t k = 0; k < judged.size(); ++k) {
    if (judged[k].label == no_label) continue;
    ItemRecord& record = conversation.record(controls.indices[k]);
    const double control = judged[k].label != choices[controls.indices[k]].label ? 1.0 : 0.0;
    record.set_score(metric::flip_control, control);
    record.set_score(metric::flip_above_control, score_of(record, metric::flip_soft.name).value_or(0) - control);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
