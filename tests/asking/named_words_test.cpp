#include "quantlens/asking/named_words.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

using Words = std::vector<std::string>;

std::string hide(const std::string& text, const Words& phrases) { return redact(text, phrases); }

}  // namespace

TEST_CASE("words of a list: commas and semicolons separate, frames fall away, several words stay together") {
  CHECK(words_of_list(" goalkeeper, penalty kick; \"Cup\".") == Words{"goalkeeper", "penalty kick", "Cup"});
  CHECK(words_of_list("- 2-1 win,, , (league)") == Words{"2-1 win", "league"});
  CHECK(words_of_list("\n  goal, cup\nExplanation: the army") == Words{"goal", "cup"});
  CHECK(words_of_list("caf\xc3\xa9, \xe2\x80\x9cna\xc3\xafve\xe2\x80\x9d") == Words{"caf\xc3\xa9", "na\xc3\xafve"});
  CHECK(words_of_list("The, savings, of THE, by a fifth") == Words{"savings", "by a fifth"});
  CHECK(words_of_list("").empty());
  CHECK(words_of_list(" ,;!\n").empty());
}

TEST_CASE("words of an explanation: all but function words; negations and numbers stay") {
  CHECK(words_of_explanation("Because of the Goalkeeper, shareholder and vote") ==
        Words{"Goalkeeper", "shareholder", "vote"});
  CHECK(words_of_explanation("It is BECAUSE the dog's not two") == Words{"dog", "not", "two"});
  CHECK(words_of_explanation("because of it and the").empty());
  CHECK(words_of_explanation("!!!! ...").empty());
}

TEST_CASE("redact: all whole-word matches in any case, and nothing else") {
  CHECK(hide("Dog, dog's hotdog DOG-house dogs dog", {"dog"}) ==
        "[REDACTED], [REDACTED]'s hotdog [REDACTED]-house dogs [REDACTED]");
  CHECK(hide("dog", {"DOG"}) == "[REDACTED]");
  CHECK(hide("the dog", {"cat"}) == "the dog");
  CHECK(hide("the dog", {}) == "the dog");
  CHECK(hide("", {"dog"}).empty());
  CHECK(hide("2-1, 12-1", {"2-1"}) == "[REDACTED], 12-1");
}

TEST_CASE("redact: the longest phrase wins, wherever it stands in the list") {
  CHECK(hide("the army barracks of the army", {"army", "army barracks"}) == "the [REDACTED] of the [REDACTED]");
  CHECK(hide("the army barracks of the army", {"army barracks", "army"}) == "the [REDACTED] of the [REDACTED]");
  CHECK(hide("army barracks2", {"army barracks"}) == "army barracks2");
}

TEST_CASE("redact: a mark that the text holds already is not looked into twice") {
  CHECK(hide("[REDACTED] vote", {"vote"}) == "[REDACTED] [REDACTED]");
  CHECK(hide("vote vote", {"vote", "redacted"}) == "[REDACTED] [REDACTED]");
}

TEST_CASE("redact: letters beyond ASCII belong to words, typographic quotes do not") {
  CHECK(hide("caf\xc3\xa9s caf\xc3\xa9", {"caf"}) == "caf\xc3\xa9s caf\xc3\xa9");
  CHECK(hide("\xc3\xa9tat tat", {"tat"}) == "\xc3\xa9tat [REDACTED]");
  CHECK(hide("\xe2\x80\x9cgoal\xe2\x80\x9d\xe2\x80\x94goal", {"goal"}) ==
        "\xe2\x80\x9c[REDACTED]\xe2\x80\x9d\xe2\x80\x94[REDACTED]");
  CHECK(hide("x\xff goal", {"goal"}) == "x\xff [REDACTED]");
}
