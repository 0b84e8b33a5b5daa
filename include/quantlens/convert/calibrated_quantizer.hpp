/// Formats that look at calibration text, block after block: GPTQ sees what quantized blocks before it make of the
/// text, AWQ what the full model does.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/convert/awq_block.hpp"
#include "quantlens/convert/block_draft.hpp"
#include "quantlens/convert/calibration.hpp"
#include "quantlens/convert/calibration_flow.hpp"
#include "quantlens/convert/gram.hpp"
#include "quantlens/convert/quantize_matrix.hpp"
#include "quantlens/quant/gptq.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Whether a part of a plan is GPTQ, whose calibration text then runs through quantized blocks.
[[nodiscard]] inline bool feeds_quantized(const FormatSpec& format) {
  return format.method == Method::gptq ||
         std::any_of(format.overrides.begin(), format.overrides.end(),
                     [](const FormatOverride& rule) { return feeds_quantized(rule.format); });
}

/// Quantizes the blocks of one model in order. Memory: that of CalibrationFlow, and one block as floats.
class CalibratedQuantizer {
 public:
  /// `weights` must outlive it.
  CalibratedQuantizer(const ModelWeights& weights, const FormatSpec& format, const Calibration& calibration,
                      const KernelTable& kernels, std::size_t n_threads)
      : weights_(weights),
        format_(format),
        flow_(weights, calibration.sequences, kernels, n_threads),
        feeds_quantized_(feeds_quantized(format)) {}

  /// The next block. Errors: InputError of the quantizers, naming the matrix.
  [[nodiscard]] BlockWeights next() {
    const BlockWeights& weights = weights_.blocks[next_++];
    BlockDraft draft(weights, format_);
    flow_.block() = draft.full_block(flow_.kernels());
    if (draft.has_awq()) {
      const std::vector<float> before(flow_.residual().begin(), flow_.residual().end());
      AwqScaler(draft, flow_).run();
      std::copy(before.begin(), before.end(), flow_.residual().begin());
      flow_.block() = draft.full_block(flow_.kernels());
    }
    BlockWeights block;
    block.vectors = draft.vectors;
    if (feeds_quantized_ || !draft.has_awq()) {
      run_and_quantize(draft, block);
    } else {
      for (const BlockPart part : draft.parts()) block[part] = quantize_alone(draft, part);
      pass_full(weights);
    }
    return block;
  }

  /// Lets the text pass through the next block, which has been made before.
  void skip(const BlockWeights& block) {
    const BlockWeights& weights = weights_.blocks[next_++];
    if (feeds_quantized_)
      static_cast<void>(flow_.pass(pack(block, flow_.kernels())));
    else
      pass_full(weights);
  }

  /// The output layer. Errors: InputError "format" for awq, which has nothing to fold scales into there.
  [[nodiscard]] WeightMatrix lm_head(const WeightMatrix& matrix, const FormatSpec& format) {
    if (format.method == Method::awq)
      throw InputError("format", concat("lm_head: awq needs a layer before it to fold scales into; use gptq or rtn"));
    if (format.method != Method::gptq) return quantize_matrix(matrix, format);
    flow_.final_norm();
    const DenseMatrix dense = decode_matrix(matrix);
    return quantize_gptq(dense.view(), format, hessian_of_inputs(), "lm_head");
  }

 private:
  /// The block as the file has it, without scales folded in.
  void pass_full(const BlockWeights& weights) {
    static_cast<void>(flow_.pass(BlockDraft(weights, format_).full_block(flow_.kernels())));
  }

  /// The text passes through the block step by step; what a step needs is quantized before it.
  void run_and_quantize(BlockDraft& draft, BlockWeights& block) {
    for (flow_.begin(); !flow_.at_end(); flow_.advance()) quantize(draft, block, flow_.step().parts);
  }

  /// Parts that share their inputs.
  void quantize(BlockDraft& draft, BlockWeights& block, std::span<const BlockPart> parts) {
    std::optional<Hessian> hessian;
    for (const BlockPart part : parts) {
      const FormatSpec& format = draft.format(part);
      if (format.method == Method::gptq) {
        if (!hessian) hessian = hessian_of_inputs();
        block[part] = quantize_gptq(draft.floats(part), format, *hessian, draft.name(part));
      } else {
        block[part] = quantize_alone(draft, part);
      }
      if (feeds_quantized_) flow_.block()[part] = pack(block, part, flow_.kernels());
    }
  }

  [[nodiscard]] WeightMatrix quantize_alone(BlockDraft& draft, BlockPart part) {
    if (draft.format(part).method == Method::awq) return quantize_awq(draft, part, flow_.n_threads());
    return quantize_matrix(draft.source(part), draft.format(part), draft.decoded(part));
  }

  [[nodiscard]] Hessian hessian_of_inputs() const {
    return hessian_of(flow_.inputs(), flow_.kernels(), flow_.n_threads());
  }

  [[nodiscard]] WeightMatrix quantize_gptq(MatrixView<const float> weights, const FormatSpec& format,
                                           const Hessian& hessian, std::string_view name) const {
    try {
      GptqSettings settings = gptq_settings(format);
      settings.threads = flow_.n_threads();
      settings.add_product = flow_.kernels().add_product_f64;
      return coded_matrix(std::string(name), gptq_matrix(weights, hessian, settings), form_of(format));
    } catch (const InputError& error) {
      throw error_of(name, error);
    }
  }

  const ModelWeights& weights_;
  const FormatSpec& format_;
  CalibrationFlow flow_;
  bool feeds_quantized_;
  std::size_t next_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
