/// What chain_of_thought.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/protocols/chain_of_thought.hpp"
#include "quantlens/protocols/nle.hpp"
#include "quantlens/protocols/set_metrics.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE ChainOfThought::ChainOfThought()
    : Protocol({label_score_info(),
                {"temperature", "0", "of the reasoning; 0: greedy", {}, true},
                {"top_p", "1", "the likeliest tokens of this probability are sampled from", {}, true},
                {"top_k", "0", "so many of the likeliest tokens are sampled from; 0: all"},
                {"repeats", "1", "how often a model with a temperature reasons about an item"}}) {}

QUANTLENS_INLINE std::vector<Metric> ChainOfThought::metrics() const {
  return {metric::accuracy,          macro_f1_metric(),          metric::rouge_l,          metric::token_f1,
          metric::explanation_words, metric::degenerate_rate,    metric::repeated_share,   metric::copied_share,
          metric::grounded_share,    metric::reasoning_cut_rate, metric::reasoning_tokens, metric::repeat_agreement};
}

QUANTLENS_INLINE ModelNeeds ChainOfThought::needs() const {
  ModelNeeds needs;
  if (is_sampled()) needs.of_model.push_back(Capability::sampling);
  return needs;
}

QUANTLENS_INLINE std::size_t ChainOfThought::n_repeats() const {
  return is_sampled() ? std::max<std::size_t>(options().count("repeats"), 1) : 1;
}

QUANTLENS_INLINE Sampling ChainOfThought::sampling_of(const Task& task, const Item& item, std::size_t repeat,
                                                      std::uint64_t seed) const {
  return {options().real("temperature"), options().count("top_k"), options().real("top_p"),
          seed_of(seed, task.name, item.id, "reason", repeat)};
}

QUANTLENS_INLINE std::size_t ChainOfThought::majority_of(std::span<const LabelChoice> repeats) {
  const auto votes = [&](const LabelChoice& choice) {
    if (choice.label == no_label) return std::ptrdiff_t{0};
    return std::count_if(repeats.begin(), repeats.end(),
                         [&](const auto& other) { return other.label == choice.label; });
  };
  const auto fewer = [&](const LabelChoice& a, const LabelChoice& b) { return votes(a) < votes(b); };
  return static_cast<std::size_t>(std::max_element(repeats.begin(), repeats.end(), fewer) - repeats.begin());
}

QUANTLENS_INLINE std::vector<ItemRecord> ChainOfThought::run(const Task& task, std::span<const Item> items,
                                                             const Models& models, std::uint64_t seed) const {
  if (!supports(task)) throw InputError("task", concat("task ", task.name, " lacks what ", name(), " asks for"));
  Conversation conversation(task, items, models);
  const ReasonedChat chat(task, items, label_score_of(options()), seed);
  const std::size_t n = n_repeats();
  std::vector<ReasonedItem> chats;  // an item's repeats follow each other
  std::vector<Sampling> samplings;
  for (std::size_t i = 0; i < items.size(); ++i)
    for (std::size_t repeat = 0; repeat < n; ++repeat) {
      chats.push_back({i});
      if (is_sampled()) samplings.push_back(sampling_of(task, items[i], repeat, seed));
    }
  const std::vector<Completion> reasons = chat.reason("reason", chats, conversation, samplings);
  for (std::size_t k = 0; k < chats.size(); ++k) chats[k].reasoning = reasons[k].text;
  const std::vector<LabelChoice> choices = chat.conclude("conclude", chats, conversation).choices;

  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::span<const LabelChoice> repeats(choices.data() + i * n, n);
    const std::size_t chosen = majority_of(repeats);
    const Completion& reason = reasons[i * n + chosen];
    const auto agrees = [&](const LabelChoice& choice) { return choice.label == repeats[chosen].label; };
    ItemRecord& record = conversation.record(i);
    record_prediction(task, repeats[chosen], record);
    score_explanation(items[i], std::string(strip_blanks(reason.text)), record);
    record.set_score(metric::reasoning_cut_rate, reason.stopped ? 0.0 : 1.0);
    record.set_score(metric::reasoning_tokens, static_cast<double>(reason.n_tokens));
    const auto n_agree = static_cast<double>(std::count_if(repeats.begin(), repeats.end(), agrees));
    record.set_score(metric::repeat_agreement, n == 1 ? std::nullopt : std::optional(n_agree / static_cast<double>(n)));
  }
  return conversation.take_records();
}

}  // namespace quantlens::inline QUANTLENS_ABI
