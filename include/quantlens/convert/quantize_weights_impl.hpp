/// What quantize_weights.hpp declares, defined.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "quantlens/convert/matrix_format.hpp"
#include "quantlens/convert/quantize_matrix.hpp"
#include "quantlens/convert/quantize_weights.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace quantize_weights_detail {

/// A kept block, which files say all of but what activations its codes meet.
[[nodiscard]] inline BlockWeights restored_block(StoredBlock stored, const FormatSpec& format) {
  for (const BlockPart part : parts_of(stored.weights)) {
    WeightMatrix& matrix = stored.weights[part];
    const FormatSpec& own = matrix_format(format, matrix.name);
    if (!matrix.owner) matrix.owner = stored.storage;
    if (!matrix.codes) continue;
    if (own.method == Method::full || own.method == Method::native)
      matrix = quantize_matrix(matrix, own);
    else
      matrix.form = form_of(own);
  }
  return std::move(stored.weights);
}

}  // namespace quantize_weights_detail

QUANTLENS_INLINE ModelWeights quantize(const ModelWeights& weights, const FormatSpec& format,
                                       const KernelTable& kernels, BuildOptions options, const BlockStore* store) {
  const bool resumes = store != nullptr && format.needs_calibration();
  if (resumes)
    options.made_before = [&](std::size_t i) -> std::optional<BlockWeights> {
      std::optional<StoredBlock> stored = store->find(i);
      if (!stored) return std::nullopt;
      return quantize_weights_detail::restored_block(std::move(*stored), format);
    };
  const std::size_t n_finished = resumes ? store->n_finished() : 0;
  ModelWeights quantized = weights;
  WeightMatrix lm_head = quantize_blocks(weights, format, kernels, options, [&](std::size_t i, BlockWeights&& block) {
    quantized.blocks[i] = std::move(block);
    if (resumes && i >= n_finished) store->keep(i, quantized.blocks[i]);
  });
  if (quantized.lm_head) {
    quantized.lm_head = std::move(lm_head);
  } else if (!lm_head.shares_weights(weights.embed) && chooses_codes(format.method)) {
    throw InputError("format", concat(format.name(),
                                      ": lm_head is the embedding in this model, which files store once; "
                                      "leave lm_head=... out"));
  }
  return quantized;
}

}  // namespace quantlens::inline QUANTLENS_ABI
