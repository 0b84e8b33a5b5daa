#include "quantlens/models/bert_encoder.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "encoder_fixtures.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

TEST_CASE("sentence vectors are those of sentence_transformers") {
  BertEncoder encoder(encoder_folder("tiny-sentence-bert"), 2);
  const auto texts = expected_of("tiny-bert")["texts"].get<std::vector<std::string>>();
  const SafetensorsFile file =
      SafetensorsFile::open(encoder_folder("tiny-sentence-bert") / "expected_vectors.safetensors");
  const std::vector<float> theirs = floats_of(file, "vectors");
  const auto ours = encoder.embed(texts);
  REQUIRE(ours.size() == texts.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    REQUIRE(ours[i].size() * texts.size() == theirs.size());
    for (std::size_t c = 0; c < ours[i].size(); ++c)
      CHECK(ours[i][c] == Approx(theirs[i * ours[i].size() + c]).margin(1e-5));
  }
}

TEST_CASE("tokens' vectors are their states at length 1, with special ones marked") {
  BertEncoder encoder(encoder_folder("tiny-bert"), 1);
  const json expected = expected_of("tiny-bert");
  const SafetensorsFile states = SafetensorsFile::open(encoder_folder("tiny-bert") / "expected_states.safetensors");
  const auto texts = expected["texts"].get<std::vector<std::string>>();
  const auto all = encoder.token_vectors(texts, 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].ids == expected["ids"][i].get<std::vector<TokenId>>());
    std::vector<bool> special(all[i].ids.size(), false);
    special.front() = special.back() = true;
    CHECK(all[i].is_special == special);
    REQUIRE(all[i].values.size() == all[i].ids.size() * all[i].width);
    const std::vector<float> theirs = floats_of(states, concat(i, ".1"));
    double squares = 0;
    for (std::size_t c = 0; c < all[i].width; ++c) squares += static_cast<double>(theirs[c]) * theirs[c];
    for (std::size_t c = 0; c < all[i].width; ++c)
      CHECK(all[i].values[c] == Approx(theirs[c] / std::sqrt(squares)).margin(1e-5));
  }
  check_refused("layers", "engine", "3 layers", [&] { static_cast<void>(encoder.token_vectors(texts, 3)); });
}

TEST_CASE("byte-level encoders see a blank before the first word of a text whose tokens are compared") {
  BertEncoder encoder(encoder_folder("tiny-roberta"), 1);
  const std::vector<std::string> texts = {"the", " the ", "a the"};
  const auto all = encoder.token_vectors(texts, encoder.n_layers());
  CHECK(all[0].ids == all[1].ids);
  CHECK(all[0].ids.size() == 3);
  CHECK(all[0].ids[1] == all[2].ids[all[2].ids.size() - 2]);
}

TEST_CASE("modules of sentence_transformers are read, or refused by name") {
  const TempFolder folder;
  const auto path = with_config(folder, "tiny-sentence-bert", [](json&) {});
  const SentencePooling read = sentence_pooling(path);
  CHECK(read == SentencePooling{SentencePooling::Kind::mean, true, 20});
  CHECK(sentence_pooling(encoder_folder("tiny-bert")) == SentencePooling{});
  const std::string hash = BertEncoder(path, 1).sha256();
  CHECK(hash == BertEncoder(path, 2).sha256());

  const auto write = [&](const char* file, const json& content) { std::ofstream(path / file) << content.dump(); };
  write("1_Pooling/config.json", {{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}});
  CHECK(sentence_pooling(path).kind == SentencePooling::Kind::first);
  CHECK(BertEncoder(path, 1).sha256() != hash);
  const auto refused = [&](const char* fragment) {
    check_refused(fragment, "config", fragment, [&] { static_cast<void>(sentence_pooling(path)); });
  };
  write("1_Pooling/config.json", {{"pooling_mode_max_tokens", true}});
  refused("'max_tokens' is not supported");
  write("1_Pooling/config.json", {{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", true}});
  refused("a join of several");
  write("modules.json", json::array({{{"type", "sentence_transformers.models.Dense"}, {"path", "2_Dense"}}}));
  refused("models.Dense");
  write("modules.json", json::array({{{"type", "sentence_transformers.models.Pooling"}, {"path", "../1_Pooling"}}}));
  refused("no folder in this one");
}
