#include "quantlens/asking/written_edits.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "../protocols/scripted_model.hpp"
#include "quantlens/metrics/words.hpp"

using namespace quantlens;
using quantlens::test::toy_task;

namespace {

Item with_text(const std::string& id, const std::string& text) { return {id, {{"text", text}}, 0, {}}; }

std::string control(const std::string& id, const std::string& original, const std::string& edited, ControlWords words) {
  return control_of(toy_task(), with_text(id, original), with_text(id, edited), words, 5).fields.at("text");
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("written edits: controls: as many words are hidden as the edit has changed, and all else stays") {
  const std::string original = "One, two; three: four!";
  const std::string hidden = control("a", original, "One, [REDACTED]; three: [REDACTED]!", ControlWords::hidden);
  CHECK(count_of(hidden, "[REDACTED]") == 2);
  CHECK(split_words(hidden).size() == 4);
  CHECK(hidden.find(',') != std::string::npos);
  CHECK(hidden.ends_with('!'));
  CHECK(hidden == control("a", original, "One, two; [REDACTED]: [REDACTED]!", ControlWords::hidden));
  // Case, blanks and punctuation are no change; another text changes every word.
  CHECK(control("a", original, "ONE two  three four", ControlWords::hidden) == original);
  CHECK(control("a", original, "a b c d e f g", ControlWords::hidden) ==
        "[REDACTED], [REDACTED]; [REDACTED]: [REDACTED]!");
}

TEST_CASE("written edits: controls: which words are drawn depends on the item") {
  std::set<std::string> controls;
  for (int i = 0; i < 40; ++i)
    controls.insert(control(concat("i", i), "one two three", "one two four", ControlWords::hidden));
  CHECK(controls == std::set<std::string>{"[REDACTED] two three", "one [REDACTED] three", "one two [REDACTED]"});
}

TEST_CASE("written edits: controls: words are replaced by those of demonstrations") {
  const std::string replaced = control("a", "one two three", "four five six", ControlWords::replaced);
  for (const std::string_view word : split_words(replaced))
    CHECK(std::set<std::string_view>{"demo", "good", "bad", "odd"}.contains(word));
}

TEST_CASE("written edits: controls: every text of an item has its own number of words") {
  const Task task = toy_task();
  const Item original{"a", {{"premise", "one two three"}, {"text", "four five"}}, 0, {}};
  Item edited = original;
  edited.fields["text"] = "four six";
  const Item control = control_of(task, original, edited, ControlWords::hidden, 5);
  CHECK(control.fields.at("premise") == "one two three");
  CHECK(count_of(control.fields.at("text"), "[REDACTED]") == 1);
}
