#include "quantlens/models/encoder_folder.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "encoder_fixtures.hpp"
#include "quantlens/kernels/dispatch.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;
using Ids = std::vector<TokenId>;

namespace {

/// The states of all tokens behind each number of layers. Shape of each: [n_tokens, d_model].
std::vector<std::vector<float>> states_of(const PostNormStack& stack, const TokenBatch& batch, std::size_t threads) {
  std::vector<std::vector<float>> all;
  StackOptions options{.threads = threads};
  options.visit = [&](std::size_t, const Activations& states) {
    auto& values = all.emplace_back();
    for (std::size_t r = 0; r < states.n_rows(); ++r)
      values.insert(values.end(), states.row(r), states.row(r) + states.n_cols());
  };
  static_cast<void>(run_stack(stack, batch, options));
  return all;
}

/// The fixture holds the states of a text's first three tokens and of its last two.
std::vector<std::size_t> rows_in_fixture(std::size_t n) {
  std::vector<std::size_t> rows;
  for (std::size_t r = 0; r < std::min<std::size_t>(3, n); ++r) rows.push_back(r);
  rows.push_back(n - 2);
  rows.push_back(n - 1);
  return rows;
}

}  // namespace

TEST_CASE("hidden states of BERT and RoBERTa are those of transformers, for texts of many lengths in one batch") {
  const std::string name = GENERATE("tiny-bert", "tiny-roberta");
  INFO(name);
  const EncoderFolder folder = load_encoder(encoder_folder(name), active_kernels());
  const json expected = expected_of(name);
  const SafetensorsFile states = SafetensorsFile::open(encoder_folder(name) / "expected_states.safetensors");
  TokenBatch batch;
  for (std::size_t i = 0; i < expected["texts"].size(); ++i) {
    const Ids ids = folder.text.encode(expected["texts"][i].get<std::string>());
    CHECK(ids == expected["ids"][i].get<Ids>());
    batch.add(ids);
  }
  const auto ours = states_of(folder.stack, batch, 3);
  REQUIRE(ours.size() == folder.stack.layers.size() + 1);
  const std::size_t d_model = folder.stack.config.d_model;
  double worst = 0;
  for (std::size_t text = 0; text < batch.size(); ++text)
    for (std::size_t layer = 0; layer < ours.size(); ++layer) {
      const std::vector<float> theirs = floats_of(states, concat(text, ".", layer));
      const auto rows = rows_in_fixture(batch.starts[text + 1] - batch.starts[text]);
      REQUIRE(theirs.size() == rows.size() * d_model);
      for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t c = 0; c < d_model; ++c) {
          const double mine = ours[layer][(batch.starts[text] + rows[r]) * d_model + c];
          worst = std::max(worst, std::abs(mine - static_cast<double>(theirs[r * d_model + c])));
        }
    }
  INFO("largest difference: " << worst);
  CHECK(worst < 1e-5);
}

TEST_CASE("a text's states do not depend on the other texts of its batch, nor on threads") {
  const EncoderFolder folder = load_encoder(encoder_folder("tiny-bert"), active_kernels());
  const json expected = expected_of("tiny-bert");
  TokenBatch all;
  for (const auto& ids : expected["ids"]) all.add(ids.get<Ids>());
  const auto together = states_of(folder.stack, all, 2).back();
  for (std::size_t i = 0; i < expected["ids"].size(); ++i) {
    TokenBatch one;
    one.add(expected["ids"][i].get<Ids>());
    const auto alone = states_of(folder.stack, one, 1).back();
    const auto begin = together.begin() + static_cast<std::ptrdiff_t>(all.starts[i] * folder.stack.config.d_model);
    CHECK(std::equal(alone.begin(), alone.end(), begin));
  }
}

TEST_CASE("fewer layers are those in front") {
  const EncoderFolder folder = load_encoder(encoder_folder("tiny-bert"), active_kernels());
  TokenBatch batch;
  batch.add(expected_of("tiny-bert")["ids"][0].get<Ids>());
  const auto all = states_of(folder.stack, batch, 1);
  const Activations one = run_stack(folder.stack, batch, {.n_layers = 1});
  CHECK(std::equal(one.row(0), one.row(0) + one.n_cols(), all[1].begin()));
}

TEST_CASE("texts that are too long or no texts, and tokens without a row, are refused") {
  const EncoderFolder folder = load_encoder(encoder_folder("tiny-bert"), active_kernels());
  const auto refused = [&](const char* id, const char* fragment, const Ids& ids) {
    TokenBatch batch;
    batch.add(Ids{2, 3});
    batch.add(ids);
    check_refused(fragment, id, fragment, [&] { static_cast<void>(run_stack(folder.stack, batch, {})); });
  };
  refused("n_ctx", "text 1 of a batch has 0 tokens", {});
  refused("n_ctx", "has 49 tokens; the model reads from 1 to 48", Ids(49, 3));
  refused("embedding", "token -1", {2, -1});
  refused("embedding", "token 1000", {1000});
}

TEST_CASE("what a config asks for and is not computed is refused by name") {
  const TempFolder folder;
  const auto refused = [&](const std::string& name, const char* id, const char* fragment,
                           const std::function<void(json&)>& edit) {
    const auto path = with_config(folder, name, edit);
    check_refused(fragment, id, fragment, [&] {
      if (name == "tiny-bart")
        static_cast<void>(load_encoder_decoder(path, active_kernels()));
      else
        static_cast<void>(load_encoder(path, active_kernels()));
    });
  };
  const auto set = [](const char* key, const json& value) { return [=](json& config) { config[key] = value; }; };
  refused("tiny-bert", "unknown_name", "modernbert", set("model_type", "modernbert"));
  refused("tiny-bert", "config", "is_decoder", set("is_decoder", true));
  refused("tiny-bert", "config", "relative_key", set("position_embedding_type", "relative_key"));
  refused("tiny-bert", "config", "hidden_act 'relu'", set("hidden_act", "relu"));
  refused("tiny-bert", "config", "'embedding_size'", set("embedding_size", 128));
  refused("tiny-bert", "config", "is not divided", set("num_attention_heads", 5));
  refused("tiny-bert", "config", "num_attention_heads is 0", set("num_attention_heads", 0));
  refused("tiny-bert", "missing_tensor", "encoder.layer.2.", set("num_hidden_layers", 3));
  refused("tiny-bert", "unexpected_tensor", "encoder.layer.1.", set("num_hidden_layers", 1));
  refused("tiny-bert", "shape", "vocab_size", set("vocab_size", 7));
  refused("tiny-roberta", "config", "leaves no position", set("max_position_embeddings", 2));
  refused("tiny-bart", "unknown_name", "mbart", set("model_type", "mbart"));
  refused("tiny-bart", "config", "normalize_before", set("normalize_before", true));
  refused("tiny-bart", "config", "add_final_layer_norm", set("add_final_layer_norm", true));
  refused("tiny-bart", "config", "static_position_embeddings", set("static_position_embeddings", true));
  refused("tiny-bart", "config", "activation_function 'relu'", set("activation_function", "relu"));
  refused("tiny-bart", "config", "tie_word_embeddings", set("tie_word_embeddings", false));
  refused("tiny-bart", "config", "'extra_layers'", set("extra_layers", 2));
  refused("tiny-bart", "missing_tensor", "decoder.layers.2.", set("decoder_layers", 3));
  refused("tiny-bart", "shape", "encoder_ffn_dim", set("encoder_ffn_dim", 41));
}
