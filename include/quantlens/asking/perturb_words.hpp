/// Insertions for texts that bring none: adjectives and adverbs that fit any text and change no label.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "quantlens/core/rng.hpp"
#include "quantlens/tasks/insertion.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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
[[nodiscard]] std::vector<Insertion> draw_insertions(std::string_view text, std::size_t count, Rng rng);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/asking/perturb_words_impl.hpp"
#endif
