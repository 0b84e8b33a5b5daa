/// What reasoning_edits.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/named_words.hpp"
#include "quantlens/asking/reasoning_edits.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/metrics/text_shape.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace reasoning_edits_detail {

using WordSet = std::set<std::string, std::less<>>;

/// Ends after every piece that `is_end` closes, the last of them at the end of the text; pieces without a letter belong
/// to the next one, or to the one before at the end.
template <class IsEnd>
[[nodiscard]] std::vector<std::size_t> ends_of(std::string_view text, const IsEnd& is_end) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_end(at) || !detail::has_letter(text.substr(begin, at + 1 - begin))) continue;
    ends.push_back(at + 1);
    begin = at + 1;
  }
  if (ends.empty() || detail::has_letter(text.substr(begin)))
    ends.push_back(text.size());
  else
    ends.back() = text.size();
  return ends;
}

/// The content words of an item, in lower case.
[[nodiscard]] inline WordSet words_of_item(const Task& task, const Item& item) {
  WordSet words;
  for (const auto& [name, text] : item.fields)
    if (task.items.empty() || task.items.front().fields.contains(name))
      for (const std::string_view word : word_runs(text)) words.insert(to_lower(word));
  return words;
}

/// The words by which demonstrations explain the label, preferably those of their own content, without those in
/// `taken`; in lower case, each once, in the demonstrations' order.
[[nodiscard]] inline std::vector<std::string> words_for(const Task& task, std::size_t label, WordSet taken) {
  std::vector<std::string> named, others;
  for (const Item& demonstration : task.demonstrations) {
    const auto explanation = demonstration.fields.find("explanation");
    if (demonstration.label != label || explanation == demonstration.fields.end()) continue;
    const WordSet shown = words_of_item(task, demonstration);
    for (const std::string& word : words_of_explanation(explanation->second)) {
      const std::string lower = to_lower(word);
      if (taken.insert(lower).second) (shown.contains(lower) ? named : others).push_back(lower);
    }
  }
  return named.empty() ? others : named;
}

}  // namespace reasoning_edits_detail

QUANTLENS_INLINE std::vector<std::size_t> reasoning_steps(std::string_view reasoning) {
  if (!detail::has_letter(reasoning)) return {};
  const auto is_last_or_blank = [&](std::size_t at) { return at == reasoning.size() || is_blank(reasoning[at]); };
  const auto sentences = reasoning_edits_detail::ends_of(reasoning, [&](std::size_t at) {
    const char c = reasoning[at];
    return c == '\n' || ((c == '.' || c == '!' || c == '?') && is_last_or_blank(at + 1));
  });
  if (sentences.size() > 1) return sentences;
  return reasoning_edits_detail::ends_of(
      reasoning, [&](std::size_t at) { return !is_blank(reasoning[at]) && is_last_or_blank(at + 1); });
}

QUANTLENS_INLINE std::vector<std::size_t> early_steps(std::size_t n, std::size_t most) {
  std::vector<std::size_t> steps(std::min(n, most));
  for (std::size_t j = 0; j < steps.size(); ++j) steps[j] = j * n / steps.size();
  return steps;
}

QUANTLENS_INLINE std::string filler_for(std::string_view reasoning, std::size_t count) {
  std::string filler;
  for (std::size_t i = 0; i < count; ++i) filler += " ...";
  const bool starts_with_blank = !reasoning.empty() && is_blank(reasoning.front());
  return starts_with_blank || filler.empty() ? filler : filler.substr(1);
}

QUANTLENS_INLINE std::optional<CorruptedReasoning> corrupt_reasoning(const Task& task, const Item& item,
                                                                     std::string_view reasoning, std::size_t from,
                                                                     std::size_t towards, std::uint64_t seed) {
  using namespace reasoning_edits_detail;
  const std::string old_name = to_lower(task.labels.at(from));
  const WordSet in_item = words_of_item(task, item);
  WordSet content, deciding, taken = in_item;
  for (const std::string& word : words_of_explanation(reasoning)) {
    const std::string lower = to_lower(word);
    taken.insert(lower);
    if (lower == old_name) continue;
    content.insert(lower);
    if (in_item.contains(lower)) deciding.insert(lower);
  }
  if (deciding.empty()) deciding = content;
  for (const std::string& label : task.labels) taken.insert(to_lower(label));
  std::vector<std::string> words = words_for(task, towards, taken);
  if (words.empty()) return std::nullopt;
  Rng rng(seed_of(seed, task.name, item.id, "mistakes"));
  rng.shuffle(std::span(words));

  std::map<std::string, std::string, std::less<>> replacement;
  CorruptedReasoning corrupted;
  std::size_t done = 0, n_replaced = 0;
  const auto runs = word_runs(reasoning);
  for (const std::string_view run : runs) {
    const std::string lower = to_lower(run);
    const bool is_name = lower == old_name && towards != from;
    if (!is_name && !deciding.contains(lower)) continue;
    const auto begin = static_cast<std::size_t>(run.data() - reasoning.data());
    if (!is_name) replacement.try_emplace(lower, words[replacement.size() % words.size()]);
    corrupted.text += reasoning.substr(done, begin - done);
    corrupted.text += is_name ? task.labels.at(towards) : replacement.at(lower);
    done = begin + run.size();
    ++n_replaced;
  }
  if (n_replaced == 0) return std::nullopt;
  corrupted.text += reasoning.substr(done);
  corrupted.share = static_cast<double>(n_replaced) / static_cast<double>(runs.size());
  return corrupted;
}

QUANTLENS_INLINE std::size_t other_label(const Task& task, const Item& item, std::size_t label, std::uint64_t seed) {
  std::vector<std::size_t> labels(task.labels.size());
  std::iota(labels.begin(), labels.end(), std::size_t{0});
  Rng rng(seed_of(seed, task.name, item.id, "other label"));
  rng.shuffle(std::span(labels));
  const auto other = std::find_if(labels.begin(), labels.end(), [&](std::size_t l) { return l != label; });
  return other == labels.end() ? no_label : *other;
}

}  // namespace quantlens::inline QUANTLENS_ABI
