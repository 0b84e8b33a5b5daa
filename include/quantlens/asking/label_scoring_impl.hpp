/// What label_scoring.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/transform.hpp>
#include <range/v3/view/zip.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/label_scoring.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/metrics/calibration.hpp"
#include "quantlens/metrics/label_distribution.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/tasks/item_record.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE LabelScore label_score_of(const ProtocolOptions& options) {
  const std::string& name = options.text("label_score");
  return name == "mean" ? LabelScore::mean : name == "pmi" ? LabelScore::pmi : LabelScore::sum;
}

QUANTLENS_INLINE LabelChoice choose_label(std::span<const double> scores) {
  LabelChoice choice;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) return {};
    if (choice.label == no_label || scores[i] > scores[choice.label])
      choice = {i, false, std::nullopt};
    else if (scores[i] == scores[choice.label])
      choice.tie = true;
  }
  if (choice.label != no_label && std::isfinite(scores[choice.label]))
    choice.confidence = softmax(scores)[choice.label];
  return choice;
}

QUANTLENS_INLINE void record_prediction(const Task& task, const LabelChoice& choice, ItemRecord& record) {
  record.predicted = choice.label;
  record.predicted_label = choice.label == no_label ? std::string(invalid_label) : task.labels.at(choice.label);
  record.label_tie = choice.tie;
  const bool right = choice.label == record.gold;
  record.set_score(metric::accuracy, right ? 1.0 : 0.0);
  record.set_score(metric::label_confidence, choice.confidence);
  record.set_score(metric::brier,
                   choice.confidence ? std::optional(brier_score({*choice.confidence, right})) : std::nullopt);
}

QUANTLENS_INLINE LabelPredictions::LabelPredictions(const std::vector<std::vector<double>>& scores) {
  for (const std::vector<double>& of_item : scores) {
    const LabelChoice choice = choose_label(of_item);
    const bool is_good = choice.label != no_label && std::isfinite(of_item[choice.label]);
    choices.push_back(is_good ? choice : LabelChoice{});
    distributions.push_back(is_good ? softmax(of_item) : std::vector<double>{});
  }
}

QUANTLENS_INLINE LabelScorer::LabelScorer(const Task& task, LabelScore kind, std::uint64_t seed,
                                          std::span<const std::string_view> turns)
    : task_(&task), kind_(kind), dialogue_(task, turns, seed) {
  const PromptTemplate& turn = dialogue_.turn(turns.size() - 1);
  const auto placeholders = turn.answer.placeholders();
  const bool explains = std::find(placeholders.begin(), placeholders.end(), "explanation") != placeholders.end();
  const std::string before = turn.answer.fill_before("label", {{"explanation", ""}});
  const std::string blanks = before.substr(before.find_last_not_of(" \t\n") + 1);
  for (const std::string& label : task.labels)
    continuations_.push_back(explains ? blanks + label
                                      : turn.answer.fill({{"label", label}}).substr(turn.answer_prefix.size()));
}

QUANTLENS_INLINE Item LabelScorer::without_content(Item item) {
  for (auto& field : item.fields) field.second = content_free;
  return item;
}

QUANTLENS_INLINE std::vector<LabelChoice> LabelScorer::predict(std::string_view step, std::span<const Item> items,
                                                               std::span<const std::size_t> indices,
                                                               Conversation& conversation) const {
  const auto of_items = scores(step, items, indices, conversation);
  return of_items | ranges::views::transform(choose_label) | ranges::to<std::vector>();
}

QUANTLENS_INLINE std::vector<std::vector<double>> LabelScorer::scores(std::string_view step,
                                                                      std::span<const Item> items,
                                                                      std::span<const std::size_t> indices,
                                                                      Conversation& conversation) const {
  std::vector<ItemRequest<Prompt>> prompts;
  for (const auto& [item, index] : ranges::views::zip(items, indices)) prompts.push_back({index, prompt_of(item)});
  return scores(step, prompts, items.empty() ? Prompt{} : prompt_of(without_content(items.front())), conversation);
}

QUANTLENS_INLINE std::vector<std::vector<double>> LabelScorer::scores(std::string_view step,
                                                                      std::span<const ItemRequest<Prompt>> prompts,
                                                                      const Prompt& content_free_prompt,
                                                                      Conversation& conversation) const {
  std::vector<ItemRequest<ContinuationRequest>> requests;
  for (const auto& [item, prompt] : prompts) requests.push_back({item, {prompt, continuations_}});
  std::vector<std::vector<double>> of_items;
  for (const auto& results : conversation.score(step, requests)) of_items.push_back(scores_of(results));
  if (kind_ != LabelScore::pmi || prompts.empty()) return of_items;

  const ItemRequest<ContinuationRequest> of_empty{prompts.front().item, {content_free_prompt, continuations_}};
  const auto prior = scores_of(conversation.score(concat(step, "_content_free"), {&of_empty, 1}).front());
  for (std::vector<double>& scores : of_items)
    for (std::size_t label = 0; label < scores.size(); ++label) scores[label] -= prior[label];
  return of_items;
}

QUANTLENS_INLINE Prompt LabelScorer::prompt_of(const Item& item) const {
  return dialogue_.prompt(prompt_values(*task_, item, no_label));
}

QUANTLENS_INLINE std::vector<double> LabelScorer::scores_of(const std::vector<ScoreResult>& results) const {
  std::vector<double> scores;
  for (const ScoreResult& result : results)
    scores.push_back(kind_ == LabelScore::mean ? result.logprob / static_cast<double>(result.token_logprobs.size())
                                               : result.logprob);
  return scores;
}

}  // namespace quantlens::inline QUANTLENS_ABI
