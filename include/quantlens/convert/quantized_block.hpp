/// One transformer block in one format, before it is packed for kernels: what is built, and what is written to files.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "quantlens/convert/quantized_matrix.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline v0_1 {

/// What belongs to a block besides its matrices. Quantizers that fold scales change it.
struct BlockVectors {
  std::vector<float> attn_norm, mlp_norm;  ///< [d_model]
  PerPart<std::vector<float>> biases;      ///< [n_out], or empty: none
  std::size_t window = 0;                  ///< as in BlockWeights
};

[[nodiscard]] inline BlockVectors vectors_of(const BlockWeights& block) {
  return {block.attn_norm, block.mlp_norm, block.biases, block.window};
}

struct QuantizedBlock {
  BlockVectors vectors;
  std::array<QuantizedMatrix, n_block_parts> matrices;

  [[nodiscard]] const QuantizedMatrix& operator[](BlockPart part) const {
    return matrices[static_cast<std::size_t>(part)];
  }
  [[nodiscard]] QuantizedMatrix& operator[](BlockPart part) { return matrices[static_cast<std::size_t>(part)]; }
};

/// The layer of one matrix, with its bias.
[[nodiscard]] inline AnyLinear make_part(const QuantizedMatrix& matrix, const BlockVectors& vectors, BlockPart part,
                                         const KernelTable& kernels) {
  AnyLinear linear = make_linear(matrix, kernels);
  linear.set_bias(vectors.biases[part]);
  return linear;
}

/// Packed for `kernels`.
[[nodiscard]] inline TransformerBlock make_block(const QuantizedBlock& block, const KernelTable& kernels) {
  TransformerBlock built;
  built.attn_norm = block.vectors.attn_norm;
  built.mlp_norm = block.vectors.mlp_norm;
  built.window = block.vectors.window;
  for (const BlockPart part : all_block_parts)
    part_of(built, part) = make_part(block[part], block.vectors, part, kernels);
  return built;
}

}  // namespace quantlens::inline v0_1
