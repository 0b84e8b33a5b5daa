/// What perturb_words.hpp declares, defined.
#pragma once

#include <cstddef>
#include <range/v3/algorithm/contains.hpp>
#include <range/v3/range/conversion.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/asking/perturb_words.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::vector<Insertion> draw_insertions(std::string_view text, std::size_t count, Rng rng) {
  const auto words = split_words(text);
  if (words.empty()) return {};
  std::vector<std::size_t> anywhere;
  std::vector<std::size_t> after_determiner;
  for (std::size_t i = 1; i < words.size(); ++i) {
    anywhere.push_back(i);
    if (ranges::contains(detail::determiners, to_lower(words[i - 1]))) after_determiner.push_back(i);
  }
  if (anywhere.empty()) anywhere.push_back(0);
  if (after_determiner.empty()) after_determiner = anywhere;

  const auto draw_words = [&](std::span<const char* const> list) {
    std::vector<std::string> fresh;
    for (const char* word : list)
      if (!mentions(text, word)) fresh.emplace_back(word);
    rng.shuffle(std::span(fresh));
    return fresh;
  };
  const std::vector<std::string> adjectives = draw_words(detail::harmless_adjectives);
  const std::vector<std::string> adverbs = draw_words(detail::harmless_adverbs);

  std::vector<Insertion> insertions;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_adjective = i % 2 == 0;
    const auto& list = is_adjective ? adjectives : adverbs;
    const auto& positions = is_adjective ? after_determiner : anywhere;
    if (i / 2 < list.size()) insertions.push_back({positions[rng.below(positions.size())], list[i / 2]});
  }
  return insertions;
}

}  // namespace quantlens::inline QUANTLENS_ABI
