/// What self_rationalization.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/protocols/nle.hpp"
#include "quantlens/protocols/self_rationalization.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace self_rationalization_detail {

/// One answer for each of a batch's items, written piece by piece.
class Answers {
 public:
  Answers(const Task& task, std::span<const Item> items, LabelScore kind, std::string_view prompt, std::uint64_t seed,
          Conversation& conversation)
      : task_(task),
        items_(items),
        scorer_(task, kind, seed, {&prompt, 1}),
        name_(prompt),
        conversation_(conversation),
        labels_(items.size()),
        explanations_(items.size()) {}

  /// Chooses the likeliest label at its place.
  void add_labels() {
    std::vector<ItemRequest<Prompt>> prompts;
    for (std::size_t i = 0; i < items_.size(); ++i) prompts.push_back({i, prompt_of(items_[i], i, "label")});
    const Prompt content_free =
        items_.empty() ? Prompt{} : prompt_of(LabelScorer::without_content(items_.front()), 0, "label");
    const auto scores = scorer_.scores("label", prompts, content_free, conversation_);
    for (std::size_t i = 0; i < items_.size(); ++i) {
      labels_[i] = choose_label(scores[i]);
      record_prediction(task_, labels_[i], conversation_.record(i));
    }
  }

  /// Lets the model explain at the explanation's place, up to `end` (empty: to its own end). Without a label, where one
  /// has to come first, nothing is explained.
  void add_explanations(const std::string& end) {
    std::vector<ItemRequest<CompletionRequest>> requests;
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (!end.empty() || labels_[i].label != no_label)
        requests.push_back({i, {prompt_of(items_[i], i, "explanation"), turn().max_new_tokens}});
    const std::vector<Completion> completions = conversation_.complete(name_, requests);
    for (std::size_t k = 0; k < requests.size(); ++k) {
      const std::string& text = completions[k].text;
      const std::size_t at = end.empty() ? std::string::npos : text.find(end);
      explanations_[requests[k].item] = strip_blanks(std::string_view(text).substr(0, at));
      if (!end.empty())
        conversation_.record(requests[k].item)
            .set_score(metric::parse_failure_rate, at == std::string::npos ? 1.0 : 0.0);
    }
  }

  /// What the prompt's answers have between explanation and label, without the blanks at its end.
  [[nodiscard]] std::string separator() const {
    const PromptValues nothing{{"explanation", ""}};
    const std::string before = turn().answer.fill_before("explanation", {});
    return without_blanks_at_end(turn().answer.fill_before("label", nothing).substr(before.size()));
  }

  [[nodiscard]] const std::string& explanation(std::size_t item) const { return explanations_[item]; }

 private:
  [[nodiscard]] const PromptTemplate& turn() const { return scorer_.dialogue().turn(0); }

  [[nodiscard]] static std::string without_blanks_at_end(std::string text) {
    while (!text.empty() && is_blank(text.back())) text.pop_back();
    return text;
  }

  /// The chat with the answer up to the placeholder begun. A blank before it belongs to what the model says.
  [[nodiscard]] Prompt prompt_of(const Item& item, std::size_t index, std::string_view placeholder) const {
    Prompt prompt = scorer_.dialogue().prompt(prompt_values(task_, item, no_label));
    PromptValues said{{"explanation", explanations_[index]}};
    if (labels_[index].label != no_label) said["label"] = task_.labels[labels_[index].label];
    prompt.answer_prefix = without_blanks_at_end(turn().answer.fill_before(placeholder, said));
    return prompt;
  }

  const Task& task_;
  std::span<const Item> items_;
  LabelScorer scorer_;
  std::string_view name_;
  Conversation& conversation_;
  std::vector<LabelChoice> labels_;
  std::vector<std::string> explanations_;
};

}  // namespace self_rationalization_detail

QUANTLENS_INLINE std::vector<Metric> SelfRationalization::metrics() const {
  return {metric::accuracy,          macro_f1_metric(),         metric::rouge_l,        metric::token_f1,
          metric::explanation_words, metric::degenerate_rate,   metric::repeated_share, metric::copied_share,
          metric::grounded_share,    metric::parse_failure_rate};
}

QUANTLENS_INLINE std::vector<ItemRecord> SelfRationalization::run(const Task& task, std::span<const Item> items,
                                                                  const Models& models, std::uint64_t seed) const {
  if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
  Conversation conversation(task, items, models);
  for (std::size_t i = 0; i < items.size(); ++i)
    conversation.record(i).set_score(metric::parse_failure_rate, std::nullopt);
  self_rationalization_detail::Answers answers(task, items, label_score_of(options()), prompt_.name, seed,
                                               conversation);
  if (prompt_.asks_for == "label") {
    answers.add_labels();
    answers.add_explanations({});
  } else {
    answers.add_explanations(answers.separator());
    answers.add_labels();
  }
  for (std::size_t i = 0; i < items.size(); ++i)
    score_explanation(items[i], answers.explanation(i), conversation.record(i));
  return conversation.take_records();
}

}  // namespace quantlens::inline QUANTLENS_ABI
