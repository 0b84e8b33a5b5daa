/// A protocol of a user's own: the model predicts a label, then names the one word that decides it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_prompts.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/metrics/text_overlap.hpp"
#include "quantlens/protocols/protocol.hpp"
#include "quantlens/protocols/set_statistic.hpp"

namespace toy {

/// Whether the answer names one of the words that people named.
inline constexpr quantlens::MetricInfo names_a_reason{"names_a_reason", quantlens::Better::higher,
                                                      quantlens::MetricKind::binary, 1};

/// How many different labels a model uses.
inline constexpr quantlens::MetricInfo labels_used{"labels_used", quantlens::Better::neither,
                                                   quantlens::MetricKind::set_level};

inline std::size_t label_of(const quantlens::ItemRecord& record) { return record.predicted; }

inline double count_labels(std::span<const std::size_t> labels) {
  std::vector<std::size_t> seen;
  for (const std::size_t label : labels)
    if (std::ranges::find(seen, label) == seen.end()) seen.push_back(label);
  return static_cast<double>(seen.size());
}

class Naming final : public quantlens::Protocol {
 public:
  Naming()
      : Protocol(
            {quantlens::label_score_info(), {"least_overlap", "1", "percent of a reference that an answer names"}}) {}

  [[nodiscard]] std::string_view name() const override { return "toy_naming"; }

  [[nodiscard]] std::vector<quantlens::PromptKind> prompts() const override {
    return {quantlens::label_prompt::classify, {.name = "toy_name_word", .knows_label = true}};
  }

  [[nodiscard]] std::vector<quantlens::Metric> metrics() const override {
    return {quantlens::metric::accuracy,
            names_a_reason,
            {labels_used, quantlens::summarize_set<std::size_t, label_of, count_labels>}};
  }

  [[nodiscard]] bool supports(const quantlens::Task& task) const override {
    return task.prompts.contains("classify") && task.prompts.contains("toy_name_word");
  }

  [[nodiscard]] std::vector<quantlens::ItemRecord> run(const quantlens::Task& task,
                                                       std::span<const quantlens::Item> items,
                                                       const quantlens::Models& models,
                                                       std::uint64_t seed) const override {
    quantlens::Conversation conversation(task, items, models);
    std::vector<std::size_t> indices(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) indices[i] = i;
    const quantlens::LabelScorer classifier(task, quantlens::label_score_of(options()), seed);
    const auto choices = classifier.predict("classify", items, indices, conversation);
    const std::vector<std::string_view> turns{"toy_name_word"};
    const auto answers = quantlens::chat_about_labels(task, turns, items, indices, choices, seed, conversation);
    const double least = static_cast<double>(options().count("least_overlap")) / 100.0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      quantlens::record_prediction(task, choices[i], conversation.record(i));
      const std::optional<double> overlap = quantlens::token_f1(answers[i].value_or(""), items[i].references);
      conversation.record(i).set_score(names_a_reason, overlap.value_or(0.0) >= least ? 1.0 : 0.0);
    }
    return conversation.take_records();
  }
};

}  // namespace toy
