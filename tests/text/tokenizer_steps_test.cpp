#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/io/json.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/text/tokenizer_json.hpp"
#include "tokenizer_fixtures.hpp"

using namespace quantlens;
using Ids = std::vector<TokenId>;

namespace {

const std::filesystem::path steps_folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/tokenizer_steps";

struct StepsFixture {
  explicit StepsFixture(const std::filesystem::path& path)
      : name(path.stem().string()), content(read_json_file(path)), tokenizer_file(content["tokenizer"]) {
    nlohmann::json& model = tokenizer_file["model"];
    if (!model["vocab"].is_string()) return;
    const auto shared = read_json_file(steps_folder / (model["vocab"].get<std::string>() + ".json"));
    for (const char* key : {"vocab", "merges"}) model[key] = shared["tokenizer"]["model"][key];
  }

  std::string name;
  nlohmann::json content, tokenizer_file;
};

std::vector<StepsFixture> fixtures() {
  std::vector<StepsFixture> all;
  for (const auto& entry : std::filesystem::directory_iterator(steps_folder)) all.emplace_back(entry.path());
  return all;
}

}  // namespace

TEST_CASE("ids and texts of every normalizer, pre-tokenizer and decoder are those of the tokenizers package") {
  const auto all = fixtures();
  REQUIRE(all.size() == 38);
  for (const StepsFixture& fixture : all) {
    INFO(fixture.name);
    const Tokenizer tokenizer(tokenizer_data_from_json(fixture.tokenizer_file, {}));
    for (const auto& example : fixture.content["cases"]) {
      const auto text = example.at("text").get<std::string>();
      INFO(text);
      CHECK(tokenizer.encode(text) == example.at("plain").get<Ids>());
      CHECK(tokenizer.encode(text, {.parse_special = true}) == example.at("parsed").get<Ids>());
      CHECK(tokenizer.encode(text, {.add_special = true, .parse_special = true}) == example.at("complete").get<Ids>());
      CHECK(tokenizer.encode(tokenizer.guard_content(text), {.parse_special = true}) == example.at("plain").get<Ids>());
    }
    for (const auto& example : fixture.content["decoded"]) {
      const Ids ids = example.at("ids");
      CHECK(tokenizer.decode(ids, false) == example.at("text").get<std::string>());
      CHECK(tokenizer.decode(ids) == example.at("without_special").get<std::string>());
    }
  }
}
