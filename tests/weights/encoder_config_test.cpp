#include "quantlens/weights/encoder_config.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace quantlens;

namespace {

nlohmann::json bert() {
  return {{"model_type", "bert"},   {"hidden_size", 64},        {"intermediate_size", 96},      {"vocab_size", 1000},
          {"num_hidden_layers", 3}, {"num_attention_heads", 8}, {"max_position_embeddings", 40}};
}

}  // namespace

TEST_CASE("what a BERT's config leaves out has transformers' defaults") {
  const StackConfig config = encoder_config_from_hf(bert());
  CHECK(config.n_layers == 3);
  CHECK(config.d_head() == 8);
  CHECK(config.n_ctx == 40);
  CHECK(config.first_position == 0);
  CHECK(config.n_types == 2);
  CHECK(config.norm_eps == 1e-12f);
  CHECK(config.embed_scale == 1.0f);
  CHECK_FALSE(config.is_decoder);
}

TEST_CASE("RoBERTa's positions begin behind that of padding") {
  auto json = bert();
  json["model_type"] = "roberta";
  json["pad_token_id"] = 4;
  const StackConfig config = encoder_config_from_hf(json);
  CHECK(config.first_position == 5);
  CHECK(config.n_ctx == 35);
  CHECK(config.n_positions() == 40);
}

TEST_CASE("BART's stacks have sizes of their own, and positions begin at the third row") {
  const EncoderDecoderConfig config = bart_config_from_hf({{"model_type", "bart"},
                                                           {"d_model", 64},
                                                           {"encoder_layers", 3},
                                                           {"decoder_layers", 2},
                                                           {"encoder_ffn_dim", 96},
                                                           {"decoder_ffn_dim", 80},
                                                           {"encoder_attention_heads", 8},
                                                           {"decoder_attention_heads", 4},
                                                           {"max_position_embeddings", 40},
                                                           {"vocab_size", 1000},
                                                           {"eos_token_id", 7},
                                                           {"scale_embedding", true}});
  CHECK(config.encoder.n_layers == 3);
  CHECK(config.decoder.n_layers == 2);
  CHECK(config.encoder.d_ff == 96);
  CHECK(config.decoder.d_ff == 80);
  CHECK(config.encoder.n_heads == 8);
  CHECK(config.decoder.n_heads == 4);
  CHECK(config.encoder.embed_scale == 8.0f);
  CHECK(config.decoder.n_positions() == 42);
  CHECK(config.decoder.n_ctx == 40);
  CHECK(config.decoder.is_decoder);
  CHECK(config.decoder_start == 7);
}
