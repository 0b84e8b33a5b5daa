/// A model's weights, every field with its shape.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/weights/block_part.hpp"
#include "quantlens/weights/model_config.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline v0_1 {

/// One transformer block.
struct BlockWeights {
  WeightMatrix q;                      ///< [n_heads * d_head, d_model]
  WeightMatrix k;                      ///< [n_kv_heads * d_head, d_model]
  WeightMatrix v;                      ///< [n_kv_heads * d_head, d_model]
  WeightMatrix o;                      ///< [d_model, n_heads * d_head]
  WeightMatrix gate;                   ///< [d_ff, d_model]
  WeightMatrix up;                     ///< [d_ff, d_model]
  WeightMatrix down;                   ///< [d_model, d_ff]
  std::vector<float> attn_norm;        ///< [d_model]
  std::vector<float> mlp_norm;         ///< [d_model]
  PerPart<std::vector<float>> biases;  ///< [rows of the part], or empty: none
  std::size_t window = 0;              ///< Positions that a query sees, its own included; 0: all before it.
};

/// A whole model. Heads and rotary halves are ordered as in Hugging Face's files.
struct ModelWeights {
  ModelConfig config;
  WeightMatrix embed;                    ///< [vocab_size, d_model]
  std::optional<WeightMatrix> lm_head;   ///< [vocab_size, d_model]; none: tied to embed
  std::vector<float> final_norm;         ///< [d_model]
  std::vector<float> rope_freq_factors;  ///< [d_head / 2] divisors of the rotary frequencies, or empty: none
  std::vector<BlockWeights> blocks;      ///< [n_layers]
  std::shared_ptr<const void> storage;   ///< Keeps the bytes of all matrices alive.
  bool source_quantized = false;         ///< Whether any matrix is stored as codes.
  std::vector<std::string> notes;        ///< What was read otherwise than the files say, a sentence each.
  std::string source_types;              ///< Of the matrices, such as "Q4_1+Q8_0" or "gptq-w4-g128-act+F16".
};

}  // namespace quantlens::inline v0_1
