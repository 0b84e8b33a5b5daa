/// The last step before kernels: weights in whatever form become layers that multiply.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <utility>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

[[nodiscard]] inline AnyLinear dense_linear(MatrixView<const float> weights, const KernelTable& kernels) {
  const auto copy_row = [&](std::size_t r, std::span<float> out) {
    std::copy_n(weights.row(r).data(), out.size(), out.data());
  };
  return {stream_dense<float>(weights.rows, weights.cols, copy_row), kernels};
}

/// Multiplied as floats: f16 and bf16 stay what they are in memory, everything else becomes f32.
[[nodiscard]] inline AnyLinear dense_linear(const WeightMatrix& matrix, const KernelTable& kernels) {
  const auto as_stored = [&]<class T>() {
    return AnyLinear(stream_dense<T>(matrix.rows, matrix.cols,
                                     [&](std::size_t r, std::span<T> out) {
                                       std::memcpy(out.data(), matrix.row(r).data(), out.size_bytes());
                                     }),
                     kernels);
  };
  if (!matrix.codes && matrix.type == GgmlType::f16) return as_stored.template operator()<Half>();
  if (!matrix.codes && matrix.type == GgmlType::bf16) return as_stored.template operator()<BFloat16>();
  return {stream_dense<float>(matrix.rows, matrix.cols,
                              [&](std::size_t r, std::span<float> out) { matrix.decode_row(r, out); }),
          kernels};
}

/// A layer without bias. Errors: those of AnyLinear.
[[nodiscard]] inline AnyLinear pack(const WeightMatrix& matrix, const KernelTable& kernels) {
  if (matrix.codes && matrix.form) return {*matrix.codes, *matrix.form, kernels};
  return dense_linear(matrix, kernels);
}

/// One part of a block, with its bias.
[[nodiscard]] inline AnyLinear pack(const BlockWeights& block, BlockPart part, const KernelTable& kernels) {
  AnyLinear linear = pack(block[part], kernels);
  linear.set_bias(block.vectors.biases[part]);
  return linear;
}

/// A block whose layers are still to come.
[[nodiscard]] inline TransformerBlock block_without_layers(const BlockVectors& vectors) {
  return {vectors.norms, vectors.norm_biases, vectors.window, {}};
}

[[nodiscard]] inline TransformerBlock pack(const BlockWeights& block, const KernelTable& kernels) {
  TransformerBlock packed = block_without_layers(block.vectors);
  for (const BlockPart part : parts_of(block)) packed[part] = pack(block, part, kernels);
  return packed;
}

/// A whole model. `weights` is read, not kept, but for the embedding's bytes. Memory: both; who drops one block after
/// the other has build_transformer() of convert/quantize_model.hpp.
[[nodiscard]] inline Transformer pack(const ModelWeights& weights, const KernelTable& kernels) {
  Transformer model = transformer_without_blocks(weights, kernels);
  for (const BlockWeights& block : weights.blocks) model.blocks.push_back(pack(block, kernels));
  model.lm_head = pack(weights.output_matrix(), kernels);
  return model;
}

}  // namespace quantlens::inline QUANTLENS_ABI
