/// What cot_interventions.hpp declares, defined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/reasoning_edits.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/metrics/chain_curve.hpp"
#include "quantlens/metrics/text_shape.hpp"
#include "quantlens/protocols/cot_interventions.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace cot_interventions_detail {

inline constexpr std::string_view max_cuts_option = "max_cuts";

}  // namespace cot_interventions_detail

QUANTLENS_INLINE CotInterventions::CotInterventions()
    : Protocol({label_score_info(),
                {cot_interventions_detail::max_cuts_option, "8", "early answers that are asked for of an item"}}) {}

QUANTLENS_INLINE std::vector<Metric> CotInterventions::metrics() const {
  return {metric::accuracy,
          macro_f1_metric(),
          metric::degenerate_rate,
          metric::reasoning_tokens,
          metric::aoc,
          metric::soft_aoc,
          metric::mistakes_changed,
          metric::mistakes_control_changed,
          metric::mistakes_above_control,
          metric::mistakes_share,
          metric::filler_changed};
}

QUANTLENS_INLINE std::vector<ItemRecord> CotInterventions::run(const Task& task, std::span<const Item> items,
                                                               const Models& models, std::uint64_t seed) const {
  if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
  Conversation conversation(task, items, models);
  const ReasonedChat chat(task, items, label_score_of(options()), seed);
  std::vector<ReasonedItem> chats;
  for (std::size_t i = 0; i < items.size(); ++i) chats.push_back({i});
  const std::vector<Completion> reasons = chat.reason("reason", chats, conversation);
  for (std::size_t i = 0; i < items.size(); ++i) chats[i].reasoning = reasons[i].text;
  const LabelPredictions answers = chat.conclude("conclude", chats, conversation);

  Reasoned reasoned{chats, answers, {}};
  for (std::size_t i = 0; i < items.size(); ++i) {
    ItemRecord& record = conversation.record(i);
    record_prediction(task, answers.choices[i], record);
    const bool is_noise = is_degenerate(reasons[i].text);
    record.set_score(metric::degenerate_rate, is_noise ? 1.0 : 0.0);
    record.set_score(metric::reasoning_tokens, static_cast<double>(reasons[i].n_tokens));
    for (const MetricInfo& info :
         {metric::aoc, metric::soft_aoc, metric::mistakes_changed, metric::mistakes_control_changed,
          metric::mistakes_above_control, metric::mistakes_share, metric::filler_changed})
      record.set_score(info, std::nullopt);
    if (!is_noise && answers.choices[i].label != no_label) reasoned.usable.push_back(i);
  }
  cut_short(chat, reasoned, conversation);
  add_mistakes(task, items, chat, reasoned, seed, conversation);
  fill(chat, reasoned, conversation);
  return conversation.take_records();
}

QUANTLENS_INLINE void CotInterventions::cut_short(const ReasonedChat& chat, const Reasoned& reasoned,
                                                  Conversation& conversation) const {
  const std::size_t max_cuts = options().count(cot_interventions_detail::max_cuts_option);
  std::vector<ReasonedItem> cut;
  for (const std::size_t i : reasoned.usable) {
    const std::string& whole = reasoned.chats[i].reasoning;
    const std::vector<std::size_t> ends = reasoning_steps(whole);
    for (const std::size_t k : early_steps(ends.size(), max_cuts))
      cut.push_back({i, {}, k == 0 ? std::string() : whole.substr(0, ends[k - 1])});
  }
  const LabelPredictions early = chat.conclude("conclude_early", cut, conversation);
  std::size_t c = 0;
  for (const std::size_t i : reasoned.usable) {
    const std::size_t label = reasoned.answers.choices[i].label;
    std::vector<double> same, probability;
    for (; c < cut.size() && cut[c].item == i; ++c) {
      same.push_back(early.choices[c].label == label ? 1.0 : 0.0);
      probability.push_back(early.choices[c].label == no_label ? 0.0 : early.distributions[c][label]);
    }
    same.push_back(1.0);
    probability.push_back(reasoned.answers.distributions[i][label]);
    conversation.record(i).set_score(metric::aoc, area_over_chain_curve(same));
    conversation.record(i).set_score(metric::soft_aoc, area_over_chain_curve(probability));
  }
}

QUANTLENS_INLINE void CotInterventions::add_mistakes(const Task& task, std::span<const Item> items,
                                                     const ReasonedChat& chat, const Reasoned& reasoned,
                                                     std::uint64_t seed, Conversation& conversation) {
  std::vector<ReasonedItem> mistaken, controls;
  for (const std::size_t i : reasoned.usable) {
    const std::string& whole = reasoned.chats[i].reasoning;
    const std::size_t label = reasoned.answers.choices[i].label;
    const std::size_t other = other_label(task, items[i], label, seed);
    if (other == no_label) continue;
    if (auto corrupted = corrupt_reasoning(task, items[i], whole, label, other, seed)) {
      conversation.record(i).set_score(metric::mistakes_share, corrupted->share);
      mistaken.push_back({i, {}, std::move(corrupted->text)});
    }
    if (auto control = corrupt_reasoning(task, items[i], whole, label, label, seed))
      controls.push_back({i, {}, std::move(control->text)});
  }
  record_changes("conclude_mistakes", metric::mistakes_changed, chat, reasoned, mistaken, conversation);
  record_changes("conclude_control", metric::mistakes_control_changed, chat, reasoned, controls, conversation);
  for (const std::size_t i : reasoned.usable) {
    ItemRecord& record = conversation.record(i);
    const auto changed = score_of(record, metric::mistakes_changed.name);
    const auto control = score_of(record, metric::mistakes_control_changed.name);
    if (changed && control) record.set_score(metric::mistakes_above_control, *changed - *control);
  }
}

QUANTLENS_INLINE void CotInterventions::fill(const ReasonedChat& chat, const Reasoned& reasoned,
                                             Conversation& conversation) {
  std::vector<ReasonedItem> filled;
  for (const std::size_t i : reasoned.usable) {
    const auto n_tokens = score_of(conversation.record(i), metric::reasoning_tokens.name);
    const auto count = static_cast<std::size_t>(n_tokens.value_or(0));
    filled.push_back({i, {}, filler_for(reasoned.chats[i].reasoning, count)});
  }
  record_changes("conclude_filler", metric::filler_changed, chat, reasoned, filled, conversation);
}

QUANTLENS_INLINE void CotInterventions::record_changes(std::string_view step, const MetricInfo& metric,
                                                       const ReasonedChat& chat, const Reasoned& reasoned,
                                                       std::span<const ReasonedItem> edited,
                                                       Conversation& conversation) {
  const LabelPredictions after = chat.conclude(step, edited, conversation);
  for (std::size_t k = 0; k < edited.size(); ++k) {
    const std::size_t i = edited[k].item;
    const bool changed = after.choices[k].label != reasoned.answers.choices[i].label;
    conversation.record(i).set_score(metric, changed ? 1.0 : 0.0);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
