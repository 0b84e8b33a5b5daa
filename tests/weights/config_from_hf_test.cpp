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

TEST_CASE("a config announces the biases of attention and of the MLP, Qwen2 has those of q, k and v whatever it says") {
  const auto biases = [](const nlohmann::json& json) {
    std::string names;
    for (const BlockPart part : all_block_parts)
      if (config_from_hf(json).has_bias[part]) names += concat(part_name(part), " ");
    return names;
  };
  auto json = minimal();
  CHECK(biases(json).empty());
  json["attention_bias"] = true;
  CHECK(biases(json) == "attn.q attn.k attn.v attn.o ");
  json["attention_bias"] = false;
  json["mlp_bias"] = true;
  CHECK(biases(json) == "mlp.gate mlp.up mlp.down ");
  json["model_type"] = "qwen2";
  CHECK(biases(json) == "attn.q attn.k attn.v ");
}

TEST_CASE("windows are those of transformers: Mistral's in every layer, Qwen2's where it is on") {
  const auto windows = [](nlohmann::json json, const nlohmann::json& settings) {
    json.update(settings);
    const ModelConfig config = config_from_hf(json);
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < config.n_layers; ++i) sizes.push_back(config.sliding_window.of(i));
    return sizes;
  };
  using Sizes = std::vector<std::size_t>;
  auto mistral = minimal(), qwen2 = minimal();
  mistral["model_type"] = "mistral";
  qwen2["model_type"] = "qwen2";
  CHECK(config_from_hf(mistral).record().gguf == "llama");
  CHECK(windows(mistral, {{"sliding_window", 16}}) == Sizes{16, 16, 16});
  CHECK(windows(mistral, {{"sliding_window", nullptr}}) == Sizes{0, 0, 0});
  CHECK(windows(mistral, nlohmann::json::object()) == Sizes{4096, 4096, 4096});
  CHECK_THROWS_WITH(windows(mistral, {{"sliding_window", 0}}), Catch::Contains("sliding_window is 0"));
  CHECK(windows(qwen2, {{"sliding_window", 16}, {"max_window_layers", 1}}) == Sizes{0, 0, 0});
  CHECK(windows(qwen2, {{"sliding_window", 16}, {"use_sliding_window", true}}) == Sizes{0, 0, 0});
  CHECK(windows(qwen2, {{"sliding_window", 16}, {"use_sliding_window", true}, {"max_window_layers", 1}}) ==
        Sizes{0, 16, 16});
  CHECK(windows(qwen2, {{"sliding_window", nullptr}, {"use_sliding_window", true}, {"max_window_layers", 1}}) ==
        Sizes{0, 0, 0});
  const nlohmann::json mixed = {"sliding_attention", "full_attention", "sliding_attention"};
  CHECK(windows(qwen2, {{"use_sliding_window", true}, {"sliding_window", 16}, {"layer_types", mixed}}) ==
        Sizes{16, 0, 16});
  const nlohmann::json full = {"full_attention", "full_attention", "full_attention"};
  CHECK(windows(qwen2, {{"use_sliding_window", true}, {"max_window_layers", 0}, {"layer_types", full}}) ==
        Sizes{0, 0, 0});
  CHECK_THROWS_WITH(windows(qwen2, {{"layer_types", mixed}}), Catch::Contains("use_sliding_window is not true"));
  CHECK_THROWS_WITH(windows(qwen2, {{"layer_types", mixed}, {"use_sliding_window", true}, {"sliding_window", nullptr}}),
                    Catch::Contains("sliding_window is null"));
  CHECK_THROWS_WITH(windows(minimal(), {{"use_sliding_window", true}}), Catch::Contains("llama has no sliding window"));
}

TEST_CASE("yarn and dynamic scaling are read, with transformers' defaults") {
  auto json = minimal();
  json["rope_scaling"] = {{"type", "dynamic"}, {"factor", 2.0}};
  CHECK(config_from_hf(json).rope_scaling.kind == RopeScaling::Kind::dynamic);
  json["rope_scaling"] = {{"type", "yarn"}, {"factor", 4.0}};
  RopeScaling yarn = config_from_hf(json).rope_scaling;
  CHECK(yarn.kind == RopeScaling::Kind::yarn);
  CHECK(yarn.factor == 4.0f);
  CHECK(yarn.original_n_ctx == 2048);
  CHECK(yarn.beta_fast == 32.0f);
  CHECK(yarn.beta_slow == 1.0f);
  CHECK(yarn.truncate);
  CHECK(yarn.magnitude == Approx(1.13862944));  // 0.1 ln 4 + 1
  json["rope_scaling"] = {{"rope_type", "yarn"}, {"original_max_position_embeddings", 512},
                          {"beta_fast", 16},     {"beta_slow", 2},
                          {"mscale", 0.5},       {"mscale_all_dim", 1.0},
                          {"truncate", false}};
  yarn = config_from_hf(json).rope_scaling;
  CHECK(yarn.factor == 4.0f);  // 2048 / 512
  CHECK(yarn.beta_fast == 16.0f);
  CHECK(yarn.beta_slow == 2.0f);
  CHECK_FALSE(yarn.truncate);
  CHECK(yarn.magnitude == Approx(0.93912438));  // (0.05 ln 4 + 1) / (0.1 ln 4 + 1)
  json["rope_scaling"]["attention_factor"] = 0.75;
  CHECK(config_from_hf(json).rope_scaling.magnitude == 0.75f);
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

TEST_CASE("a field that no record knows is refused by name where it may change an output") {
  const auto with = [](const char* key, const nlohmann::json& value) {
    nlohmann::json json = minimal();
    json[key] = value;
    return json;
  };
  CHECK_THROWS_WITH(config_from_hf(with("embedding_multiplier", 12.0)),
                    Catch::Contains("'embedding_multiplier' (12.0)") && Catch::Contains("llama"));
  CHECK_THROWS_WITH(config_from_hf(with("final_logit_softcapping", 30.0)), Catch::Contains("softcapping"));
  CHECK_THROWS_WITH(config_from_hf(with("use_qk_norm", true)), Catch::Contains("use_qk_norm"));
  // Of GPT-2's spelling, in a Llama model.
  CHECK_THROWS_WITH(config_from_hf(with("n_inner", 4)), Catch::Contains("n_inner"));
  const nlohmann::json idle{{"made_by", "somebody"},
                            {"use_qk_norm", false},
                            {"logit_cap", nullptr},
                            {"clip_qkv", 0.0},
                            {"initializer_range", 0.02},
                            {"pad_token_id", 3},
                            {"_attn_implementation_autoset", true}};
  for (const auto& [key, value] : idle.items()) CHECK_NOTHROW(config_from_hf(with(key.c_str(), value)));
}
