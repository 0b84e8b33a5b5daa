#include "quantlens/asking/perturb_words.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace quantlens;

namespace {

constexpr std::string_view text = "Rebels shelled the army barracks, and a minister of her party asked for troops.";

template <class List>
bool holds(const List& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

}  // namespace

TEST_CASE("perturb words: two lists of about sixty different words; adjectives fit after 'a'") {
  for (const char* word : detail::harmless_adjectives)
    CHECK(std::string_view("aeiouh").find(word[0]) == (word[0] == 'h' ? 5 : std::string_view::npos));
  for (const char* word : detail::harmless_adverbs) {
    const std::string_view view(word);
    CHECK((view.ends_with("ly") || view == "doubtless" || view == "meanwhile" || view == "nevertheless"));
  }
  const std::set<std::string> adjectives(detail::harmless_adjectives.begin(), detail::harmless_adjectives.end());
  const std::set<std::string> adverbs(detail::harmless_adverbs.begin(), detail::harmless_adverbs.end());
  CHECK(adjectives.size() == detail::harmless_adjectives.size());
  CHECK(adverbs.size() == detail::harmless_adverbs.size());
  CHECK(adjectives.size() >= 55);
  CHECK(adverbs.size() >= 55);
}

TEST_CASE("perturb words: adjectives and adverbs in turn, adjectives after determiners, nothing at the start") {
  std::set<std::size_t> adjective_positions;
  std::set<std::size_t> adverb_positions;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto insertions = draw_insertions(text, 8, Rng(seed));
    REQUIRE(insertions.size() == 8);
    std::set<std::string> words;
    for (std::size_t i = 0; i < 8; ++i) {
      CHECK(insertions[i].kind == "harmless");
      words.insert(insertions[i].word);
      if (i % 2 == 0) {
        CHECK(holds(detail::harmless_adjectives, insertions[i].word));
        adjective_positions.insert(insertions[i].position);
      } else {
        CHECK(holds(detail::harmless_adverbs, insertions[i].word));
        adverb_positions.insert(insertions[i].position);
      }
    }
    CHECK(words.size() == 8);
  }
  CHECK(adjective_positions == std::set<std::size_t>{3, 7, 10});  // after "the", "a" and "her"
  CHECK(adverb_positions.size() == 13);                           // 1 to 13
  CHECK(*adverb_positions.begin() == 1);
}

TEST_CASE("perturb words: a determiner may begin the text; without one adjectives go anywhere") {
  std::set<std::size_t> after_determiner;
  std::set<std::size_t> anywhere;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    after_determiner.insert(draw_insertions("The rebels ran home", 1, Rng(seed)).at(0).position);
    anywhere.insert(draw_insertions("Rebels ran home", 1, Rng(seed)).at(0).position);
  }
  CHECK(after_determiner == std::set<std::size_t>{1});
  CHECK(anywhere == std::set<std::size_t>{1, 2});
}

TEST_CASE("perturb words: the seed decides, and every word has its turn") {
  CHECK(draw_insertions(text, 8, Rng(3)) == draw_insertions(text, 8, Rng(3)));
  CHECK(draw_insertions(text, 8, Rng(3)) != draw_insertions(text, 8, Rng(4)));
  std::map<std::string, int> counts;
  for (std::uint64_t seed = 0; seed < 1500; ++seed)
    for (const Insertion& insertion : draw_insertions(text, 8, Rng(seed))) ++counts[insertion.word];
  CHECK(counts.size() == detail::harmless_adjectives.size() + detail::harmless_adverbs.size());
  for (const auto& [word, count] : counts) {
    CAPTURE(word);
    CHECK(count > 50);  // 100 expected
    CHECK(count < 160);
  }
}

TEST_CASE("perturb words: a word that the text holds, also inside another, is not taken") {
  for (std::uint64_t seed = 0; seed < 200; ++seed)
    for (const Insertion& insertion : draw_insertions("A SERENE man acted grumpily near pleasantly", 8, Rng(seed))) {
      CHECK(insertion.word != "serene");
      CHECK(insertion.word != "pleasant");
      CHECK(insertion.word != "pleasantly");
    }
}

TEST_CASE("perturb words: texts of one word or none") {
  for (const Insertion& insertion : draw_insertions("Goal", 8, Rng(1))) CHECK(insertion.position == 0);
  CHECK(draw_insertions("Goal", 8, Rng(1)).size() == 8);
  CHECK(draw_insertions(" \n", 8, Rng(1)).empty());
}
