#include "quantlens/text/qwen2_class.hpp"

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

TEST_CASE("ids of folders of type qwen2 are those of transformers, whatever their tokenizer.json says") {
  const auto path = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/tokenizer_class/qwen2.json";
  const nlohmann::json fixtures = read_json_file(path);
  REQUIRE(fixtures["variants"].size() == 7);
  for (const auto& [name, variant] : fixtures["variants"].items()) {
    INFO(name);
    nlohmann::json file = test::tokenizer_json("qwen2");
    for (const auto& [key, value] : variant["tokenizer"].items())
      if (key == "model")
        file[key].update(value);
      else
        file[key] = value;
    const TokenizerData data = tokenizer_data_from_json(file, variant["config"], "qwen2");
    CHECK((data.notes.size() > 0) == (name != "as_published"));
    const Tokenizer tokenizer(data);
    for (std::size_t i = 0; i < fixtures["texts"].size(); ++i) {
      const auto text = fixtures["texts"][i].get<std::string>();
      INFO(text);
      CHECK(tokenizer.encode(text, {.add_special = true, .parse_special = true}) == variant["ids"][i].get<Ids>());
    }
  }
}

TEST_CASE("the type of the model decides, then the class that the tokenizer names") {
  using detail::Qwen2Class;
  CHECK(Qwen2Class::applies("qwen2", {}));
  CHECK(Qwen2Class::applies("qwen2", {{"tokenizer_class", "LlamaTokenizer"}}));
  CHECK(Qwen2Class::applies("llama", {{"tokenizer_class", "Qwen2Tokenizer"}}));
  CHECK(Qwen2Class::applies("", {{"tokenizer_class", "Qwen2TokenizerFast"}}));
  CHECK_FALSE(Qwen2Class::applies("llama", {}));
  CHECK_FALSE(Qwen2Class::applies("qwen3", {{"tokenizer_class", "PreTrainedTokenizerFast"}}));
}
