#include "quantlens/models/calibration_text.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "../io/temp_folder.hpp"
#include "small_encoder.hpp"

using namespace quantlens;
using Catch::Matchers::Contains;
using quantlens::test::small_encoder;

namespace {

Calibration load(const std::filesystem::path& file, std::size_t sequences, std::size_t length) {
  return load_calibration({file, sequences, length}, small_encoder(), 512);
}

}  // namespace

TEST_CASE("our own set gives 128 windows of 512 tokens, and says what it is") {
  const Calibration calibration = load({}, 128, 512);
  CHECK(calibration.name == "world.jsonl");
  CHECK(calibration.sha256.size() == 64);
  CHECK(calibration.sequences.size() == 128);
  for (const auto& sequence : calibration.sequences) CHECK(sequence.size() == 512);
}

TEST_CASE("a plain text is cut into windows from its beginning") {
  const test::TempFolder folder;
  const std::string text = "red apple green pear red apple green pear red apple";
  const auto tokens = small_encoder().encode_plain(text);
  const Calibration calibration = load(folder.write("text.txt", text), 2, 3);
  CHECK(calibration.sequences[0] == std::vector<TokenId>(tokens.begin(), tokens.begin() + 3));
  CHECK(calibration.sequences[1] == std::vector<TokenId>(tokens.begin() + 3, tokens.begin() + 6));
}

TEST_CASE("rows of JSON lines are texts, prompts with completions, or chats in the model's own template") {
  const test::TempFolder folder;
  const auto file = folder.write("rows.jsonl", R"({"text": "red apple"})"
                                               "\n"
                                               R"({"prompt": "red", "completion": " pear"})"
                                               "\n"
                                               R"({"messages": [{"role": "user", "content": "hello"}, )"
                                               R"({"role": "assistant", "content": "red"}]})"
                                               "\n");
  std::vector<TokenId> expected = small_encoder().encode_plain("red apple");
  const auto completed = small_encoder().encode_plain("red pear");
  expected.insert(expected.end(), completed.begin(), completed.end());
  const ChatMessage chat[] = {{"user", "hello"}, {"assistant", "red"}};
  const auto dialogue = small_encoder().encode(small_encoder().dialogue_text(chat));
  expected.insert(expected.end(), dialogue.begin(), dialogue.end());
  CHECK(load(file, 1, expected.size()).sequences[0] == expected);
}

TEST_CASE("calibration text that cannot serve is refused with a way out") {
  const test::TempFolder folder;
  CHECK_THROWS_WITH(load(folder.write("empty.txt", ""), 1, 8), Contains("0 windows"));
  CHECK_THROWS_WITH(load(folder.write("short.txt", "red apple"), 4, 8), Contains("--calibration-sequences"));
  CHECK_THROWS_WITH(load({}, 1, 513), Contains("context of 512"));
  CHECK_THROWS_WITH(load(folder.write("row.jsonl", "{\"txt\": \"a\"}\n"), 1, 8),
                    Contains("value 1") && Contains("text"));
  CHECK_THROWS_WITH(load(folder.write("chat.jsonl", "{\"messages\": [{\"role\": \"user\"}]}\n"), 1, 8),
                    Contains("'content'"));
  CHECK_THROWS_WITH(load(folder.write("prompt.jsonl", "{\"prompt\": \"red\"}\n"), 1, 8), Contains("'completion'"));
  CHECK_THROWS_WITH(load(folder.write("silent.jsonl", "{\"messages\": []}\n"), 1, 8), Contains("list of messages"));
  CHECK_THROWS_AS(load(folder.path() / "absent.txt", 1, 8), Error);
}
