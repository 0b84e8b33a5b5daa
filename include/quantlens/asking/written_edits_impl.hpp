/// What written_edits.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/asking/conversation.hpp"
#include "quantlens/asking/labelled_chat.hpp"
#include "quantlens/asking/named_words.hpp"
#include "quantlens/asking/written_edits.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/edit_distance.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE void EditedItems::add(Item item, std::size_t index) {
  items.push_back(std::move(item));
  indices.push_back(index);
}

QUANTLENS_INLINE std::vector<Item> with_first_words(const Task& task, std::span<const Item> items,
                                                    std::size_t max_words) {
  std::vector<Item> cut(items.begin(), items.end());
  if (max_words == 0 || task.edit_field.empty()) return cut;
  for (Item& item : cut) {
    std::string& text = item.fields.at(task.edit_field);
    text = first_words(text, max_words);
  }
  return cut;
}

QUANTLENS_INLINE EditedItems write_edits(const Task& task, std::span<const std::string_view> turns,
                                         std::string_view kind, std::span<const Item> items,
                                         std::span<const std::size_t> indices, std::span<const LabelChoice> choices,
                                         std::uint64_t seed, Conversation& conversation) {
  const auto answers = chat_about_labels(task, turns, items, indices, choices, seed, conversation);
  EditedItems edits;
  for (std::size_t k = 0; k < items.size(); ++k) {
    if (!answers[k]) continue;
    const auto parsed = parse_counterfactual(task.prompt(turns.back()).answer_prefix + *answers[k]);
    conversation.record(indices[k]).transcript.back()[std::string(kind)] =
        parsed ? nlohmann::json(*parsed) : nlohmann::json(nullptr);
    if (!parsed) continue;
    Item edited = items[k];
    edited.fields.at(task.edit_field) = *parsed;
    edits.add(std::move(edited), indices[k]);
  }
  return edits;
}

namespace written_edits_detail {

/// The words of the demonstrations' field.
[[nodiscard]] inline std::vector<std::string> words_of_demonstrations(const Task& task, std::string_view field) {
  std::vector<std::string> words;
  for (const Item& demonstration : task.demonstrations)
    if (const auto text = demonstration.fields.find(field); text != demonstration.fields.end())
      for (const std::string_view word : word_runs(text->second)) words.emplace_back(word);
  return words;
}

/// The text with other words in place of `count` of its own, which are drawn. `word_for` makes each.
template <class WordFor>
[[nodiscard]] std::string with_words(std::string_view text, std::size_t count, Rng& rng, const WordFor& word_for) {
  const std::vector<std::string_view> runs = word_runs(text);
  std::vector<std::size_t> drawn(runs.size());
  std::iota(drawn.begin(), drawn.end(), std::size_t{0});
  rng.shuffle(std::span(drawn));
  drawn.resize(std::min(count, drawn.size()));
  std::sort(drawn.begin(), drawn.end());
  std::string changed;
  std::size_t done = 0;
  for (const std::size_t k : drawn) {
    const auto begin = static_cast<std::size_t>(runs[k].data() - text.data());
    changed += text.substr(done, begin - done);
    changed += word_for();
    done = begin + runs[k].size();
  }
  changed += text.substr(done);
  return changed;
}

}  // namespace written_edits_detail

QUANTLENS_INLINE Item control_of(const Task& task, const Item& original, const Item& edited, ControlWords words,
                                 std::uint64_t seed) {
  Item control = original;
  for (auto& [field, text] : control.fields) {
    const std::size_t count = edit_distance(plain_words(text), plain_words(edited.fields.at(field)));
    if (count == 0) continue;
    Rng rng(seed_of(seed, task.name, original.id, "control", field));
    std::vector<std::string> pool;
    if (words == ControlWords::replaced) pool = written_edits_detail::words_of_demonstrations(task, field);
    text = written_edits_detail::with_words(text, count, rng, [&]() -> std::string_view {
      return pool.empty() ? redacted_mark : std::string_view(pool[rng.below(pool.size())]);
    });
  }
  return control;
}

QUANTLENS_INLINE EditedItems controls_of(const Task& task, std::span<const Item> originals, const EditedItems& edits,
                                         ControlWords words, std::uint64_t seed) {
  EditedItems controls;
  for (std::size_t k = 0; k < edits.items.size(); ++k)
    controls.add(control_of(task, originals[edits.indices[k]], edits.items[k], words, seed), edits.indices[k]);
  return controls;
}

}  // namespace quantlens::inline QUANTLENS_ABI
