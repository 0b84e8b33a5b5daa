/// One transformer block in one format, before it is packed for kernels: what is built, and what is written to files.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "quantlens/convert/quantized_matrix.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline v0_1 {

struct QuantizedBlock {
  BlockVectors vectors;
  PerPart<QuantizedMatrix> matrices;

  [[nodiscard]] const QuantizedMatrix& operator[](BlockPart part) const { return matrices[part]; }
  [[nodiscard]] QuantizedMatrix& operator[](BlockPart part) { return matrices[part]; }
};

/// The layer of one matrix, with its bias.
[[nodiscard]] inline AnyLinear make_part(const QuantizedMatrix& matrix, const BlockVectors& vectors, BlockPart part,
                                         const KernelTable& kernels) {
  AnyLinear linear = make_linear(matrix, kernels);
  linear.set_bias(vectors.biases[part]);
  return linear;
}

/// A block whose layers are still to come.
[[nodiscard]] inline TransformerBlock block_without_layers(const BlockVectors& vectors) {
  return {vectors.norms, vectors.norm_biases, vectors.window, {}};
}

/// Packed for `kernels`. `source` says which parts there are.
[[nodiscard]] inline TransformerBlock make_block(const QuantizedBlock& block, const BlockWeights& source,
                                                 const KernelTable& kernels) {
  TransformerBlock built = block_without_layers(block.vectors);
  for (const BlockPart part : parts_of(source)) built[part] = make_part(block[part], block.vectors, part, kernels);
  return built;
}

}  // namespace quantlens::inline v0_1
