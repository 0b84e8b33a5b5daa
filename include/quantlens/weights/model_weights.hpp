/// A model's weights, every field with its shape.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/version.hpp"
#include "quantlens/weights/block_part.hpp"
#include "quantlens/weights/model_config.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What belongs to a block besides its matrices. Quantizers that fold scales change it.
struct BlockVectors {
  PerNorm<std::vector<float>> norms;        ///< [d_model], or the width of what the norm is on; empty: none.
  PerNorm<std::vector<float>> norm_biases;  ///< As norms.
  PerPart<std::vector<float>> biases;       ///< [rows of the part], or empty: none.
  std::size_t window = 0;                   ///< Positions that a query sees, its own included; 0: all before it.
};

/// One transformer block. Shapes: q [n_heads * d_head, d_model], k and v [n_kv_heads * d_head, d_model],
/// o [d_model, n_heads * d_head], gate and up [d_ff, d_model], down [d_model, d_ff]; one without rows: none.
struct BlockWeights {
  PerPart<WeightMatrix> matrices;
  BlockVectors vectors;

  [[nodiscard]] const WeightMatrix& operator[](BlockPart part) const { return matrices[part]; }
  [[nodiscard]] WeightMatrix& operator[](BlockPart part) { return matrices[part]; }
};

/// Those that the block has, in order.
[[nodiscard]] inline std::vector<BlockPart> parts_of(const BlockWeights& block) {
  std::vector<BlockPart> parts;
  for (const BlockPart part : all_block_parts)
    if (block[part].rows > 0) parts.push_back(part);
  return parts;
}

/// A whole model. Heads and rotary halves are ordered as in Hugging Face's files.
struct ModelWeights {
  ModelConfig config;
  WeightMatrix embed;                     ///< [vocab_size, d_model]
  std::optional<WeightMatrix> lm_head;    ///< [vocab_size, d_model]; none: tied to embed
  std::optional<WeightMatrix> positions;  ///< [n_ctx, d_model]; none: rotary ones
  std::vector<float> final_norm;          ///< [d_model]
  std::vector<float> final_norm_bias;     ///< [d_model], or empty: none
  std::vector<float> rope_freq_factors;   ///< [d_head / 2] divisors of the rotary frequencies, or empty: none
  std::vector<BlockWeights> blocks;       ///< [n_layers]
  std::shared_ptr<const void> storage;    ///< Keeps the bytes of all matrices alive.
  bool source_quantized = false;          ///< Whether any matrix is stored as codes.
  std::vector<std::string> notes;         ///< What was read otherwise than the files say, a sentence each.
  std::string source_types;               ///< Of the matrices, such as "Q4_1+Q8_0" or "gptq-w4-g128-act+F16".

  /// That of the output layer, which may be the embedding.
  [[nodiscard]] const WeightMatrix& output_matrix() const { return lm_head ? *lm_head : embed; }
};

}  // namespace quantlens::inline QUANTLENS_ABI
