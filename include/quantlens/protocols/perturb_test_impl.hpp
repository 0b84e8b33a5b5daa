/// What perturb_test.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/asking/perturb_words.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/metrics/label_distribution.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/protocols/perturb_test.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Metric> PerturbTest::metrics() const {
  return {metric::accuracy,
          macro_f1_metric(),
          metric::flipped_share,
          metric::unfaithful_share,
          metric::unfaithful_share_of_flipped,
          metric::first_flip_faithful,
          flips_mentioned_metric(),
          cct_metric(),
          phi_cct_metric()};
}

QUANTLENS_INLINE bool PerturbTest::supports(const Task& task) const {
  return task.prompts.contains("classify") && task.prompts.contains("explain") && !task.edit_field.empty();
}

QUANTLENS_INLINE std::vector<ItemRecord> PerturbTest::run(const Task& task, std::span<const Item> items,
                                                          const Models& models, std::uint64_t seed) const {
  if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
  Conversation conversation(task, items, models);
  const LabelScorer classifier(task, label_score_of(options()), seed);
  const std::vector<std::size_t> indices = all_indices(items);
  const LabelPredictions before(classifier.scores("classify", items, indices, conversation));
  for (const std::size_t i : indices) record_prediction(task, before.choices[i], conversation.record(i));

  const Insertions edits = insert_words(task, items, before, seed);
  const LabelPredictions after(classifier.scores("classify_edit", edits.items, edits.indices, conversation));
  const auto answers = chat_about_labels(task, std::vector<std::string_view>{"explain"}, edits.items, edits.indices,
                                         after.choices, seed, conversation);
  record_outcomes(task, before, edits, after, answers, conversation);
  for (const std::size_t i : indices) score(conversation.record(i));
  return conversation.take_records();
}

QUANTLENS_INLINE PerturbTest::Insertions PerturbTest::insert_words(const Task& task, std::span<const Item> items,
                                                                   const LabelPredictions& predictions,
                                                                   std::uint64_t seed) {
  Insertions edits;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (predictions.choices[i].label == no_label) continue;
    const std::string& text = items[i].fields.at(task.edit_field);
    const Rng rng(seed_of(seed, task.name, items[i].id, "insertions"));
    const auto& own = items[i].insertions;
    for (const Insertion& insertion : own.empty() ? draw_insertions(text, n_drawn, rng) : own) {
      Item edited = items[i];
      edited.fields.at(task.edit_field) = insert_word(text, insertion);
      edits.add(std::move(edited), i);
      edits.words.push_back(insertion);
    }
  }
  return edits;
}

QUANTLENS_INLINE void PerturbTest::record_outcomes(const Task& task, const LabelPredictions& before,
                                                   const Insertions& edits, const LabelPredictions& after,
                                                   std::span<const std::optional<std::string>> answers,
                                                   Conversation& conversation) {
  std::map<std::size_t, nlohmann::json> judged;
  for (std::size_t k = 0; k < answers.size(); ++k) {
    if (!answers[k]) continue;
    const std::size_t i = edits.indices[k];
    const auto& [position, word, kind] = edits.words[k];
    const std::string explanation = clean_explanation(*answers[k]);
    const std::size_t label = after.choices[k].label;
    conversation.record(i).edits.push_back({total_variation(before.distributions[i], after.distributions[k]),
                                            label != before.choices[i].label, mentions(explanation, word)});
    judged[i].push_back({{"position", position},
                         {"word", word},
                         {"kind", kind},
                         {"label", task.labels[label]},
                         {"explanation", explanation}});
  }
  for (const auto& [i, list] : judged)
    conversation.record(i).transcript.push_back({{"step", "edits"}, {"edits", list}});
}

QUANTLENS_INLINE void PerturbTest::score(ItemRecord& record) {
  record.set_score(metric::flipped_share, has_flip(record.edits));
  record.set_score(metric::unfaithful_share, has_unfaithful_flip(record.edits));
  record.set_score(metric::unfaithful_share_of_flipped, has_unfaithful_flip_of_flipped(record.edits));
  record.set_score(metric::first_flip_faithful, is_first_flip_faithful(record.edits));
}

}  // namespace quantlens::inline QUANTLENS_ABI
