#include "quantlens/asking/text_players.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../protocols/scripted_model.hpp"
#include "../protocols/word_model.hpp"
#include "quantlens/metrics/words.hpp"

using namespace quantlens;
using quantlens::test::toy_task;
using quantlens::test::WordModel;

namespace {

std::vector<std::string> pieces_of(TextModel& model, const std::string& text) {
  std::vector<std::string> pieces;
  for (const auto& [begin, end] : token_spans(model, text)) pieces.push_back(text.substr(begin, end - begin));
  return pieces;
}

/// Its tokens are bytes.
class ByteModel : public TextModel {
 public:
  [[nodiscard]] bool can(Capability) override { return true; }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest>) override { return {}; }
  std::vector<Completion> complete(std::span<const CompletionRequest>) override { return {}; }
  std::vector<ScoreResult> score_text(std::span<const std::string>) override { return {}; }
  std::vector<TokenId> encode(const Prompt& prompt) override {
    std::vector<TokenId> tokens;
    for (const char c : prompt.answer_prefix) tokens.push_back(static_cast<unsigned char>(c));
    return tokens;
  }
  std::string decode(std::span<const TokenId> tokens) override {
    std::string text;
    for (const TokenId token : tokens) text += static_cast<char>(token);
    // As tokenizers do with the start of a character.
    if (!text.empty() && text.back() == '\xc3') text.replace(text.size() - 1, 1, "\ufffd");
    return text;
  }
};

/// Its tokens spell lower case.
class LowerCaseModel final : public ByteModel {
 public:
  std::string decode(std::span<const TokenId> tokens) override { return to_lower(ByteModel::decode(tokens)); }
};

}  // namespace

TEST_CASE("hidden players of a text leave what the shap package leaves of it") {
  std::ifstream file(QUANTLENS_SOURCE_DIR "/tests/data/explain/shap.json");
  const auto texts = nlohmann::json::parse(file).at("texts");
  std::size_t n = 0;
  for (const auto& one : texts) {
    std::vector<TextSpan> players;
    for (const std::string piece : one.at("pieces")) {
      const std::size_t begin = players.empty() ? 0 : players.back().end;
      players.push_back({begin, begin + piece.size()});
    }
    for (const auto& masked : one.at("masked")) {
      Coalition coalition;
      for (const char c : masked.at("kept").get<std::string>()) coalition.push_back(c == '1');
      CHECK(text_of_coalition(one.at("text").get<std::string>(), players, coalition) ==
            masked.at("text").get<std::string>());
      ++n;
    }
  }
  CHECK(n == 64);
}

TEST_CASE("what is kept of a text stays as it is") {
  const std::vector<TextSpan> players{{0, 3}, {3, 8}, {8, 12}};
  CHECK(text_of_coalition("one  two\nsix ", players, {true, true, true}) == "one  two\nsix ");
  CHECK(text_of_coalition("one  two\nsix ", players, {true, true, false}) == "one  two ... ");
  CHECK(text_of_coalition("one  two\nsix ", players, {false, false, true}) == "...\nsix ");
  CHECK(text_of_coalition("one  two\nsix ", players, {false, false, false}) == "... ");
  CHECK(text_of_coalition("  ", {}, {}) == "  ");
}

TEST_CASE("players are tokens with the blanks before them, whole characters each") {
  using Pieces = std::vector<std::string>;
  WordModel words;
  CHECK(pieces_of(words, "one  two\nsix ") == Pieces{"one", "  two", "\nsix"});
  CHECK(pieces_of(words, " one") == Pieces{" one"});
  CHECK(pieces_of(words, "").empty());
  CHECK(pieces_of(words, "  ").empty());
  ByteModel bytes;
  CHECK(pieces_of(bytes, "a \u00fcb") == Pieces{"a", " \u00fc", "b"});
}

TEST_CASE("players are words where tokens spell another text") {
  LowerCaseModel model;
  CHECK(pieces_of(model, "One two ") == std::vector<std::string>{"One", " two"});
}

TEST_CASE("an item's players are in the fields that the label's prompt shows, in its order") {
  Task task = toy_task();
  task.prompts["classify"].user = TextTemplate("{second} and {first}, {labels}? {second}");
  const Item item{"i", {{"first", "a man"}, {"second", "sits,"}, {"third", "not seen"}}, 0, {}};
  WordModel model;
  const TextPlayers players(task, item, model);
  CHECK(players.size() == 3);
  CHECK(players.texts() == std::vector<std::string>{"sits,", "a", "man"});
  const Item shown = players.item_of({false, true, false});
  CHECK(shown.fields.at("second") == "...");
  CHECK(shown.fields.at("first") == "a ...");
  CHECK(shown.fields.at("third") == "not seen");
  // "a" does not go on with the word of another field, which would bring the two together first.
  task.prompts["classify"].user = TextTemplate("{third}{first}");
  const TokenTree tree = TextPlayers(task, item, model).tree();
  REQUIRE(tree.n_leaves() == 4);
  CHECK(tree.nodes[4].begin == 0);
}
