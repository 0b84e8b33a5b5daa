/// One transformer block in one format, before it is packed for kernels: what is built, and what is written to files.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/runtime/quantized_matrix.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline v0_1 {

/// The matrices of a block, in the order in which a forward pass meets them.
enum class BlockPart { q, k, v, o, gate, up, down };
inline constexpr std::size_t n_block_parts = 7;

/// A matrix of a BlockWeights, or a layer of a TransformerBlock, as const as the block is.
template <class Block>
[[nodiscard]] auto& part_of(Block& block, BlockPart part) {
  const std::array parts{&block.q, &block.k, &block.v, &block.o, &block.gate, &block.up, &block.down};
  return *parts[static_cast<std::size_t>(part)];
}

inline constexpr std::array all_block_parts{BlockPart::q,    BlockPart::k,  BlockPart::v,   BlockPart::o,
                                            BlockPart::gate, BlockPart::up, BlockPart::down};

/// What belongs to a block besides its matrices. Quantizers that fold scales change it.
struct BlockVectors {
  std::vector<float> attn_norm, mlp_norm;     ///< [d_model]
  std::vector<float> q_bias, k_bias, v_bias;  ///< [n_out], or empty

  /// Empty for parts that have none.
  [[nodiscard]] const std::vector<float>& bias(BlockPart part) const {
    static const std::vector<float> none;
    return part == BlockPart::q ? q_bias : part == BlockPart::k ? k_bias : part == BlockPart::v ? v_bias : none;
  }
};

[[nodiscard]] inline BlockVectors vectors_of(const BlockWeights& block) {
  return {block.attn_norm, block.mlp_norm, block.q_bias, block.k_bias, block.v_bias};
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
  linear.set_bias(vectors.bias(part));
  return linear;
}

/// Packed for `kernels`.
[[nodiscard]] inline TransformerBlock make_block(const QuantizedBlock& block, const KernelTable& kernels) {
  TransformerBlock built;
  built.attn_norm = block.vectors.attn_norm;
  built.mlp_norm = block.vectors.mlp_norm;
  for (const BlockPart part : all_block_parts)
    part_of(built, part) = make_part(block[part], block.vectors, part, kernels);
  return built;
}

}  // namespace quantlens::inline v0_1
