/// A small random model that has all that a block may have: biases of every matrix, a window and scaled positions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "model_fixtures.hpp"
#include "quantlens/io/safetensors_writer.hpp"

namespace quantlens::test {

/// Writes a Hugging Face folder: 2 layers, d_model 64, 4 heads of 16 with keys and values of their own, d_ff 96, a
/// window of 5 positions, yarn beyond 16 of 64. `edit` may change its config.
template <class Edit>
std::filesystem::path write_model_with_everything(const test::TempFolder& folder, Edit&& edit) {
  nlohmann::json config = {
      {"model_type", "mistral"},
      {"hidden_size", 64},
      {"intermediate_size", 96},
      {"vocab_size", 264},
      {"num_hidden_layers", 2},
      {"num_attention_heads", 4},
      {"num_key_value_heads", 4},
      {"rms_norm_eps", 1e-5},
      {"max_position_embeddings", 64},
      {"sliding_window", 5},
      {"rope_scaling", {{"type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 16}}},
      {"rope_theta", 100.0},
      {"tie_word_embeddings", true}};
  edit(config);
  folder.write("config.json", config.dump());
  for (const char* file : {"tokenizer.json", "tokenizer_config.json"})
    std::filesystem::copy(models_folder() / "tiny-qwen2" / file, folder.path());

  std::mt19937 random(5);
  std::vector<OutputTensor> tensors;
  const auto add = [&](const std::string& name, std::vector<std::uint64_t> shape, float centre, float spread) {
    std::size_t n = 1;
    for (const std::uint64_t dim : shape) n *= dim;
    std::vector<float> values(n);
    for (float& v : values) v = centre + spread * (static_cast<float>(random() % 2001) / 1000.0f - 1.0f);
    tensors.push_back(
        {name, "F32", std::move(shape), [values](const ByteSink& sink) { sink(std::as_bytes(std::span(values))); }});
  };
  const auto linear = [&](const std::string& name, std::uint64_t rows, std::uint64_t cols) {
    add(name + ".weight", {rows, cols}, 0.0f, 0.3f);
    add(name + ".bias", {rows}, 0.0f, 0.5f);
  };
  add("model.embed_tokens.weight", {264, 64}, 0.0f, 1.0f);
  add("model.norm.weight", {64}, 1.0f, 0.3f);
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    for (const std::string norm : {"input_layernorm", "post_attention_layernorm"})
      add(layer + norm + ".weight", {64}, 1.0f, 0.3f);
    for (const std::string part : {"q", "k", "v", "o"}) linear(layer + "self_attn." + part + "_proj", 64, 64);
    for (const std::string part : {"gate", "up"}) linear(layer + "mlp." + part + "_proj", 96, 64);
    linear(layer + "mlp.down_proj", 64, 96);
  }
  write_safetensors(folder.path() / "model.safetensors", tensors);
  return folder.path();
}

inline std::filesystem::path write_model_with_everything(const test::TempFolder& folder) {
  return write_model_with_everything(folder, [](nlohmann::json&) {});
}

/// `n` of its tokens.
inline std::vector<TokenId> random_tokens(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<TokenId> tokens(n);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random() % 256);
  return tokens;
}

}  // namespace quantlens::test
