/// A model's weights in one format as something that writers of checkpoints take.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "quantlens/runtime/quantize_model.hpp"

namespace quantlens::inline v0_1 {

/// A copy of the weights whose matrices hold the format's codes, and whose norms are as the format folds scales into
/// them. Errors: those of quantize_blocks; InputError "format" where a plan quantizes an output layer that is the
/// embedding, which files store once.
[[nodiscard]] inline ModelWeights quantized_weights(const ModelWeights& weights, const FormatSpec& format,
                                                    const KernelTable& kernels, const BuildOptions& options) {
  ModelWeights quantized = weights;
  QuantizedMatrix lm_head =
      quantize_blocks(weights, format, kernels, options, [&](std::size_t i, QuantizedBlock&& made) {
        BlockWeights& block = quantized.blocks[i];
        block.attn_norm = std::move(made.vectors.attn_norm);
        block.mlp_norm = std::move(made.vectors.mlp_norm);
        block.q_bias = std::move(made.vectors.q_bias);
        block.k_bias = std::move(made.vectors.k_bias);
        block.v_bias = std::move(made.vectors.v_bias);
        for (const BlockPart part : all_block_parts) replace_weights(part_of(block, part), std::move(made[part]));
      });
  if (quantized.lm_head) {
    replace_weights(*quantized.lm_head, std::move(lm_head));
  } else if (!std::holds_alternative<const WeightMatrix*>(lm_head.weights) && chooses_codes(format.method)) {
    throw InputError("format", concat(format.name(),
                                      ": lm_head is the embedding in this model, which files store once; "
                                      "leave lm_head=... out"));
  }
  return quantized;
}

}  // namespace quantlens::inline v0_1
