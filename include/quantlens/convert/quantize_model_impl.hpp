/// What quantize_model.hpp declares, defined.
#pragma once

#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "quantlens/convert/calibrated_quantizer.hpp"
#include "quantlens/convert/matrix_format.hpp"
#include "quantlens/convert/quantize_matrix.hpp"
#include "quantlens/convert/quantize_model.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/runtime/pack.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace quantize_model_detail {

[[nodiscard]] inline BlockWeights quantize_block(const BlockWeights& weights, const FormatSpec& format) {
  BlockWeights block;
  block.vectors = weights.vectors;
  for (const BlockPart part : parts_of(weights)) {
    InterruptGuard::check();
    block[part] = quantize_matrix(weights[part], matrix_format(format, weights[part].name));
  }
  return block;
}

/// Shares out [0, n) to a team; body(i) may throw: the first exception is thrown again behind the team.
template <class Body>
void for_each_in_team(std::size_t n_threads, std::size_t n, Body&& body) {
  std::exception_ptr failure;
  std::mutex failure_lock;
  run_team(n_threads, [&](const Team& team) {
    try {
      for (std::size_t i = team.rank; i < n; i += team.size) body(i);
    } catch (...) {
      const std::lock_guard lock(failure_lock);
      if (!failure) failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace quantize_model_detail

QUANTLENS_INLINE WeightMatrix quantize_blocks(const ModelWeights& weights, const FormatSpec& format,
                                              const KernelTable& kernels, const BuildOptions& options,
                                              const BlockTaker& take) {
  check_plan(format, weights);
  const FormatSpec& lm_head = matrix_format(format, "lm_head");
  const std::size_t n_blocks = weights.blocks.size();
  if (!format.needs_calibration()) {
    quantize_model_detail::for_each_in_team(options.threads, n_blocks, [&](std::size_t i) {
      take(i, quantize_model_detail::quantize_block(weights.blocks[i], format));
    });
    return quantize_matrix(weights.output_matrix(), lm_head);
  }
  if (options.calibration == nullptr)
    throw InputError("calibration", concat(format.name(), " needs calibration text, and none was given"));
  CalibratedQuantizer quantizer(weights, format, *options.calibration, kernels, options.threads);
  for (std::size_t i = 0; i < n_blocks; ++i) {
    std::optional<BlockWeights> block = options.made_before ? options.made_before(i) : std::nullopt;
    if (block)
      quantizer.skip(*block);
    else
      block = quantizer.next();
    take(i, std::move(*block));
    if (options.progress) options.progress(i + 1, n_blocks);
  }
  return quantizer.lm_head(weights.output_matrix(), lm_head);
}

QUANTLENS_INLINE Transformer build_transformer(const ModelWeights& weights, const FormatSpec& format,
                                               const KernelTable& kernels, const BuildOptions& options) {
  Transformer model = transformer_without_blocks(weights, kernels);
  model.embed = quantized_embedding(weights.embed, matrix_format(format, "embed"));
  model.blocks.resize(weights.blocks.size());
  const WeightMatrix lm_head =
      quantize_blocks(weights, format, kernels, options,
                      [&](std::size_t i, BlockWeights&& block) { model.blocks[i] = pack(block, kernels); });
  model.lm_head = pack(lm_head, kernels);
  return model;
}

QUANTLENS_INLINE ModelWeight weigh(const Transformer& model, bool tied_embeddings) {
  double bytes = 0, packed_bits = 0, packed_count = 0, all_bits = 0, all_count = 0;
  const auto add = [&](const AnyLinear& linear) {
    const double count = static_cast<double>(linear.rows() * linear.cols());
    bytes += static_cast<double>(linear.bytes());
    all_bits += count * linear.bits_per_weight();
    all_count += count;
    if (!linear.is_packed()) return;
    packed_bits += count * linear.bits_per_weight();
    packed_count += count;
  };
  const auto add_floats = [&](const std::vector<float>& values) {
    bytes += static_cast<double>(sizeof(float) * values.size());
    all_bits += 32.0 * static_cast<double>(values.size());
    all_count += static_cast<double>(values.size());
  };
  for (const TransformerBlock& block : model.blocks) {
    for (const BlockPart part : all_block_parts)
      if (block[part].rows() > 0) add(block[part]);
    for (const BlockNorm norm : all_block_norms) {
      add_floats(block.norms[norm]);
      add_floats(block.norm_biases[norm]);
    }
  }
  add_floats(model.final_norm);
  add_floats(model.final_norm_bias);
  const double matrix_bits = all_bits, matrix_count = all_count;
  add(model.lm_head);
  const double embed_bytes = model.embed.stored_bytes();
  bytes += embed_bytes;
  if (model.positions) {
    bytes += model.positions->stored_bytes();
    all_bits += 8.0 * model.positions->stored_bytes();
    all_count += static_cast<double>(model.positions->rows * model.positions->cols);
  }
  if (!tied_embeddings) {
    all_bits += 8.0 * embed_bytes;
    all_count += static_cast<double>(model.embed.rows * model.embed.cols);
  }
  return {bytes / (1024.0 * 1024.0), packed_count > 0 ? packed_bits / packed_count : matrix_bits / matrix_count,
          all_bits / all_count};
}

}  // namespace quantlens::inline QUANTLENS_ABI
