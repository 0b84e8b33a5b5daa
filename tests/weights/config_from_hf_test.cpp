#include "quantlens/weights/config_from_hf.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace quantlens;

namespace {

nlohmann::json minimal() {
  return {{"model_type", "llama"},   {"hidden_size", 64},
          {"intermediate_size", 96}, {"vocab_size", 1000},
          {"num_hidden_layers", 3},  {"num_attention_heads", 8},
          {"rms_norm_eps", 1e-5},    {"max_position_embeddings", 2048}};
}

}  // namespace

TEST_CASE("what a config leaves out has transformers' defaults") {
  const ModelConfig config = config_from_hf(minimal());
  CHECK(config.architecture == "llama");
  CHECK(config.n_layers == 3);
  CHECK(config.d_model == 64);
  CHECK(config.d_ff == 96);
  CHECK(config.n_heads == 8);
  CHECK(config.n_kv_heads == 8);
  CHECK(config.d_head == 8);
  CHECK(config.vocab_size == 1000);
  CHECK(config.n_ctx == 2048);
  CHECK(config.rope_theta == 10000.0f);
  CHECK(config.norm_eps == 1e-5f);
  CHECK_FALSE(config.tied_embeddings);
  CHECK(config.rope_scaling.kind == RopeScaling::Kind::none);
}

TEST_CASE("a head size of its own and grouped heads are read") {
  auto json = minimal();
  json["head_dim"] = 16;
  json["num_key_value_heads"] = 2;
  json["tie_word_embeddings"] = true;
  const ModelConfig config = config_from_hf(json);
  CHECK(config.d_head == 16);
  CHECK(config.n_kv_heads == 2);
  CHECK(config.tied_embeddings);
}

TEST_CASE("rotary scaling reads the same in the spellings of transformers 4 and 5") {
  const nlohmann::json llama3 = {
      {"factor", 8.0}, {"low_freq_factor", 1.0}, {"high_freq_factor", 4.0}, {"original_max_position_embeddings", 8192}};
  auto old_spelling = minimal();
  old_spelling["torch_dtype"] = "bfloat16";
  old_spelling["rope_theta"] = 500000.0;
  old_spelling["rope_scaling"] = llama3;
  old_spelling["rope_scaling"]["rope_type"] = "llama3";
  auto new_spelling = minimal();
  new_spelling["dtype"] = "bfloat16";
  new_spelling["rope_parameters"] = llama3;
  new_spelling["rope_parameters"]["rope_type"] = "llama3";
  new_spelling["rope_parameters"]["rope_theta"] = 500000.0;
  for (const auto& json : {old_spelling, new_spelling}) {
    const ModelConfig config = config_from_hf(json);
    CHECK(config.rope_theta == 500000.0f);
    CHECK(config.rope_scaling.kind == RopeScaling::Kind::llama3);
    CHECK(config.rope_scaling.factor == 8.0f);
    CHECK(config.rope_scaling.low_freq_factor == 1.0f);
    CHECK(config.rope_scaling.high_freq_factor == 4.0f);
    CHECK(config.rope_scaling.original_n_ctx == 8192);
  }
}

TEST_CASE("linear scaling, the default type and null are read") {
  auto json = minimal();
  json["rope_scaling"] = {{"type", "linear"}, {"factor", 2.0}};
  CHECK(config_from_hf(json).rope_scaling.kind == RopeScaling::Kind::linear);
  CHECK(config_from_hf(json).rope_scaling.factor == 2.0f);
  json["rope_scaling"] = nullptr;
  CHECK(config_from_hf(json).rope_scaling.kind == RopeScaling::Kind::none);
  json["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 7.0}};
  CHECK(config_from_hf(json).rope_scaling.kind == RopeScaling::Kind::none);
  CHECK(config_from_hf(json).rope_theta == 7.0f);
}

TEST_CASE("a bias that would be ignored is refused, Qwen2's own is not") {
  auto json = minimal();
  json["attention_bias"] = true;
  CHECK_THROWS_WITH(config_from_hf(json), Catch::Contains("attention_bias"));
  json["model_type"] = "qwen2";
  CHECK(config_from_hf(json).has_qkv_bias());
}

TEST_CASE("end-of-text ids come as one, as many or not at all, generation_config first") {
  using Ids = std::vector<TokenId>;
  const nlohmann::json config = {{"eos_token_id", 3}};
  CHECK(eos_ids_from_hf(config, nullptr) == Ids{3});
  CHECK(eos_ids_from_hf(config, {{"eos_token_id", nullptr}}) == Ids{3});
  CHECK(eos_ids_from_hf(config, {{"eos_token_id", {5, 6}}}) == Ids{5, 6});
  CHECK(eos_ids_from_hf(nlohmann::json::object(), nlohmann::json::object()).empty());
  CHECK_THROWS_WITH(eos_ids_from_hf({{"eos_token_id", 4294967296}}, nullptr), Catch::Contains("no token id"));
}
