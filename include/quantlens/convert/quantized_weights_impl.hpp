/// What quantized_weights.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "quantlens/convert/matrix_format.hpp"
#include "quantlens/convert/quantize_matrix.hpp"
#include "quantlens/convert/quantized_weights.hpp"
#include "quantlens/core/compiled.hpp"

namespace quantlens::inline v0_1 {

namespace quantized_weights_detail {

/// What the format made of a matrix, from the matrix that was kept of it.
[[nodiscard]] inline QuantizedMatrix restored_matrix(const WeightMatrix& stored, const WeightMatrix& source,
                                                     const FormatSpec& format) {
  if (stored.codes) return {stored.codes, form_of(matrix_format(format, source.name))};
  DenseMatrix kept = decode_matrix(stored);
  const DenseMatrix original = decode_matrix(source);
  if (std::ranges::equal(kept.values.span(), original.values.span())) return {&source, ActivationForm::floats};
  return {std::move(kept), ActivationForm::floats};
}

[[nodiscard]] inline QuantizedBlock restored_block(const BlockWeights& stored, const BlockWeights& source,
                                                   const FormatSpec& format) {
  QuantizedBlock block;
  block.vectors = stored.vectors;
  for (const BlockPart part : parts_of(source)) block[part] = restored_matrix(stored[part], source[part], format);
  return block;
}

inline void replace_block(BlockWeights& block, QuantizedBlock&& made) {
  block.vectors = std::move(made.vectors);
  for (const BlockPart part : parts_of(block)) replace_weights(block[part], std::move(made[part]));
}

}  // namespace quantized_weights_detail

QUANTLENS_INLINE ModelWeights quantized_weights(const ModelWeights& weights, const FormatSpec& format,
                                                const KernelTable& kernels, BuildOptions options,
                                                const BlockStore* store) {
  using namespace quantized_weights_detail;
  const bool resumes = store != nullptr && format.needs_calibration();
  if (resumes)
    options.made_before = [&](std::size_t i) -> std::optional<QuantizedBlock> {
      const std::optional<StoredBlock> stored = store->find(i);
      if (!stored) return std::nullopt;
      return restored_block(stored->weights, weights.blocks[i], format);
    };
  const std::size_t n_finished = resumes ? store->n_finished() : 0;
  ModelWeights quantized = weights;
  QuantizedMatrix lm_head =
      quantize_blocks(weights, format, kernels, options, [&](std::size_t i, QuantizedBlock&& made) {
        replace_block(quantized.blocks[i], std::move(made));
        if (resumes && i >= n_finished) store->keep(i, quantized.blocks[i]);
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
