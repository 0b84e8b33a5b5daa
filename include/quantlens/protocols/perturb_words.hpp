/// Insertions for texts that bring none: adjectives and adverbs that fit any text and change no label.
#pragma once

#include <array>
#include <cstddef>
#include <range/v3/algorithm/contains.hpp>
#include <range/v3/range/conversion.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/rng.hpp"
#include "quantlens/metrics/perturbation.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/tasks/insertion.hpp"

namespace quantlens::inline v0_1 {

namespace detail {

/// All begin with a consonant, so that they may follow "a"; all are long, so that few words contain them.
inline constexpr std::array harmless_adjectives{
    "bashful",   "blissful",  "boastful",   "careless",   "cheerful",   "clumsy",   "courteous", "crooked",  "cunning",
    "curious",   "dainty",    "dazzling",   "delightful", "devoted",    "diligent", "dreary",    "faithful", "flawless",
    "forgetful", "fragrant",  "gallant",    "gloomy",     "graceful",   "grateful", "grumpy",    "handsome", "harmless",
    "hesitant",  "humble",    "jolly",      "jovial",     "joyful",     "lavish",   "likeable",  "lonesome", "lovely",
    "lukewarm",  "memorable", "merry",      "mysterious", "nervous",    "notable",  "peculiar",  "pleasant", "playful",
    "polite",    "puzzling",  "quaint",     "radiant",    "remarkable", "serene",   "shabby",    "sincere",  "splendid",
    "stubborn",  "talkative", "thoughtful", "tidy",       "weary",      "whimsical"};

inline constexpr std::array harmless_adverbs{
    "absently",   "allegedly",    "awkwardly",    "bashfully",    "blissfully",   "boldly",       "calmly",
    "candidly",   "casually",     "cheerfully",   "clumsily",     "consequently", "courteously",  "curiously",
    "daintily",   "decidedly",    "delightfully", "diligently",   "doubtless",    "dreamily",     "eagerly",
    "earnestly",  "elegantly",    "evidently",    "faithfully",   "fondly",       "fortunately",  "frankly",
    "gallantly",  "gracefully",   "gratefully",   "happily",      "hesitantly",   "incidentally", "joyfully",
    "lazily",     "meanwhile",    "merrily",      "mysteriously", "nevertheless", "notably",      "obviously",
    "patiently",  "peacefully",   "playfully",    "pleasantly",   "politely",     "presumably",   "promptly",
    "remarkably", "serenely",     "silently",     "sincerely",    "solemnly",     "splendidly",   "strangely",
    "stubbornly", "thoughtfully", "unexpectedly", "wearily"};

/// What a noun with its adjectives follows. "an" is none: no adjective here fits it.
inline constexpr std::array determiners{"a",   "the", "this", "these", "those", "my",   "your", "his",
                                        "her", "its", "our",  "their", "every", "some", "two",  "three"};

}  // namespace detail

/// `count` insertions into a text, adjectives and adverbs in turn: adjectives after a determiner where the text has
/// one, everything else anywhere but at the start. Words that occur in the text, in whatever word, are not taken, nor
/// any word twice. None for a text without words.
[[nodiscard]] inline std::vector<Insertion> draw_insertions(std::string_view text, std::size_t count, Rng rng) {
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

}  // namespace quantlens::inline v0_1
