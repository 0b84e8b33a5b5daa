/// Puts a model together from the tensors of a file, checking every name, type and shape.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/weights/config_from_tensors.hpp"
#include "quantlens/weights/model_weights.hpp"
#include "quantlens/weights/tensor_pool.hpp"

namespace quantlens::inline v0_1 {

namespace detail {

/// The stored row of each logical one. Llama's converter interleaves the two rotary halves of each head: stored row
/// 2 j + s of a head is its logical row s d_head / 2 + j.
[[nodiscard]] inline std::vector<std::uint32_t> rotary_row_order(std::size_t n_heads, std::size_t d_head) {
  std::vector<std::uint32_t> order(n_heads * d_head);
  for (std::size_t r = 0; r < order.size(); ++r) {
    const std::size_t in_head = r % d_head;
    const std::size_t half = in_head / (d_head / 2);
    const std::size_t j = in_head % (d_head / 2);
    order[r] = static_cast<std::uint32_t>(r - in_head + 2 * j + half);
  }
  return order;
}

[[nodiscard]] inline std::vector<float> permuted(const std::vector<float>& values,
                                                 const std::vector<std::uint32_t>& order) {
  std::vector<float> result;
  for (const std::uint32_t from : order) result.push_back(values[from]);
  return result;
}

[[nodiscard]] inline BlockWeights take_block(TensorPool& pool, const ModelConfig& config, std::size_t index) {
  const auto name = [&](std::string_view part) { return concat("blocks.", index, ".", part); };
  const std::size_t q_rows = config.n_heads * config.d_head;
  const std::size_t kv_rows = config.n_kv_heads * config.d_head;
  BlockWeights block;
  block.attn_norm = pool.vector(name("attn_norm"), config.d_model, "d_model");
  block.mlp_norm = pool.vector(name("mlp_norm"), config.d_model, "d_model");
  const auto take = [&](BlockPart part, std::size_t rows, std::size_t cols, std::string_view suspect) {
    part_of(block, part) = pool.matrix(name(part_name(part)), rows, cols, suspect);
    if (config.has_bias[part]) block.biases[part] = pool.vector(name(concat(part_name(part), "_bias")), rows, suspect);
  };
  take(BlockPart::q, q_rows, config.d_model, "n_heads or d_head");
  take(BlockPart::k, kv_rows, config.d_model, "n_kv_heads or d_head");
  take(BlockPart::v, kv_rows, config.d_model, "n_kv_heads or d_head");
  take(BlockPart::o, config.d_model, q_rows, "n_heads or d_head");
  take(BlockPart::gate, config.d_ff, config.d_model, "d_ff");
  take(BlockPart::up, config.d_ff, config.d_model, "d_ff");
  take(BlockPart::down, config.d_model, config.d_ff, "d_ff");
  block.window = config.sliding_window.of(index);
  return block;
}

/// Puts the rows that a part makes into the order of Hugging Face's files.
inline void set_row_order(BlockWeights& block, BlockPart part, std::vector<std::uint32_t> order) {
  if (!block.biases[part].empty()) block.biases[part] = permuted(block.biases[part], order);
  part_of(block, part).row_order = std::move(order);
}

/// `config` has been validated. `interleaved`: whether q and k rows are stored as Llama's GGUF converter leaves them.
[[nodiscard]] inline ModelWeights assemble(ModelConfig config, TensorPool pool, bool interleaved,
                                           std::shared_ptr<const void> storage) {
  ModelWeights weights;
  weights.storage = std::move(storage);
  weights.notes = correct_config(config, pool);
  weights.embed = pool.matrix("embed", config.vocab_size, config.d_model, "vocab_size or d_model");
  if (!config.tied_embeddings)
    weights.lm_head = pool.matrix("lm_head", config.vocab_size, config.d_model, "vocab_size or d_model");
  weights.final_norm = pool.vector("final_norm", config.d_model, "d_model");
  if (pool.has("rope_freqs")) {
    weights.rope_freq_factors = pool.vector("rope_freqs", config.d_head / 2, "d_head");
    for (const float factor : weights.rope_freq_factors)
      if (factor <= 0.0f) throw InputError("config", concat("rope_freqs.weight holds ", factor, ", not above 0"));
  }
  // Every block takes tensors out of the pool, so an absurd n_layers ends at the first missing one.
  for (std::size_t i = 0; i < config.n_layers; ++i) {
    BlockWeights& block = weights.blocks.emplace_back(take_block(pool, config, i));
    if (interleaved) {
      set_row_order(block, BlockPart::q, rotary_row_order(config.n_heads, config.d_head));
      set_row_order(block, BlockPart::k, rotary_row_order(config.n_kv_heads, config.d_head));
    }
  }
  pool.require_all_taken(config.n_layers);
  const auto add_source = [&](std::string_view type, bool quantized) {
    weights.source_types += concat(weights.source_types.empty() ? "" : "+", type);
    weights.source_quantized = weights.source_quantized || quantized;
  };
  for (const std::string& scheme : pool.schemes()) add_source(scheme, true);
  for (const GgmlType type : pool.types()) add_source(name(type), is_quantized(type));
  weights.config = std::move(config);
  return weights;
}

}  // namespace detail

}  // namespace quantlens::inline v0_1
