/// AWQ on one block: searches scales where a set shares its inputs, folds them into what makes these inputs, and clips.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/convert/block_draft.hpp"
#include "quantlens/convert/calibration_flow.hpp"
#include "quantlens/convert/gram.hpp"
#include "quantlens/convert/quantize_matrix.hpp"
#include "quantlens/quant/awq.hpp"
#include "quantlens/quant/awq_clip.hpp"
#include "quantlens/quant/awq_error.hpp"
#include "quantlens/quant/awq_fold.hpp"
#include "quantlens/quant/awq_scales.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

[[nodiscard]] inline AwqGroups awq_groups(const FormatSpec& format) {
  return {format.bits, format.group_size, format.symmetric};
}

/// Runs the text through the block in full precision, from its inputs to its outputs, and scales what it passes.
/// Matrices behind a norm are judged by what their module makes of them, o (where heads share values it is not scaled)
/// and down by their own outputs. What nothing before it can take a scale for is clipped only.
class AwqScaler {
 public:
  /// `draft` and `flow` must outlive it; the flow holds the block in full precision.
  AwqScaler(BlockDraft& draft, CalibrationFlow& flow) : draft_(draft), flow_(flow) {}

  void run() {
    for (flow_.begin(); !flow_.at_end(); flow_.advance()) scale(flow_.step().parts, flow_.maker());
  }

 private:
  using Parts = std::span<const BlockPart>;

  void scale(Parts parts, const BlockStep& maker) {
    const FormatSpec* format = draft_.shared_awq(parts);
    if (format == nullptr) return sample(parts);
    if (maker.kind == StepKind::norm && !draft_.vectors.norms[maker.norm].empty())
      scale_behind_norm(parts, *format, maker.norm);
    else if (maker.kind == StepKind::attend &&
             !why_o_is_not_scaled(draft_.floats(BlockPart::v), draft_.floats(BlockPart::o)))
      scale_behind(BlockPart::v, parts.front(), *format);
    else if (maker.kind == StepKind::activate && draft_.source(BlockPart::gate).rows > 0)
      scale_behind(BlockPart::up, parts.front(), *format);
    else
      sample(parts);
  }

  /// Mean squared change of a module's outputs with candidate weights in the flow's block; the block is left as it was.
  template <class Outputs>
  [[nodiscard]] auto module_loss(Parts parts, Outputs outputs) {
    std::vector<float> expected;
    outputs([&](std::size_t, MatrixView<const float> rows) {
      expected.insert(expected.end(), rows.data, rows.data + rows.rows * rows.cols);
    });
    return [this, outputs, expected = std::move(expected), parts = std::vector<BlockPart>(parts.begin(), parts.end())](
               std::span<const MatrixView<const float>> candidates) {
      for (std::size_t i = 0; i < parts.size(); ++i) set_part(parts[i], candidates[i]);
      double error = 0.0;
      std::size_t at = 0;
      outputs([&](std::size_t, MatrixView<const float> rows) {
        for (std::size_t j = 0; j < rows.rows * rows.cols; ++j, ++at) {
          const double change = static_cast<double>(rows.data[j]) - static_cast<double>(expected[at]);
          error += change * change;
        }
      });
      for (const BlockPart part : parts) flow_.block()[part] = draft_.full_part(part, flow_.kernels());
      return error / static_cast<double>(expected.size());
    };
  }

  void set_part(BlockPart part, MatrixView<const float> weights) {
    AnyLinear linear = dense_linear(weights, flow_.kernels());
    linear.set_bias(draft_.vectors.biases[part]);
    flow_.block()[part] = std::move(linear);
  }

  void scale_behind_norm(Parts parts, const FormatSpec& format, BlockNorm norm) {
    const auto outputs = [this](auto&& take) { flow_.for_module_outputs(take); };
    const std::vector<float> scales = search(parts, format, module_loss(parts, outputs));
    std::vector<float>& bias = draft_.vectors.norm_biases[norm];
    divide_norm(draft_.vectors.norms[norm], scales);
    if (!bias.empty()) divide_norm(bias, scales);
    flow_.block().norms[norm] = draft_.vectors.norms[norm];
    flow_.block().norm_biases[norm] = bias;
    apply(parts, scales);
    sample(parts);
  }

  /// The rows of `before` take what the columns of `part` are multiplied by. Only the copy for the clip search is
  /// divided: the flow's own layers stay as they were.
  void scale_behind(BlockPart before, BlockPart part, const FormatSpec& format) {
    const std::vector<float> scales = search_linear(part, format);
    divide_last_rows(draft_.floats(before), draft_.vectors.biases[before], scales);
    scale_columns(draft_.floats(part), scales);
    sample({&part, 1}, scales);
  }

  /// The weights take the scales, the flow's inputs lose them.
  void apply(Parts parts, std::span<const float> scales) {
    divide_columns(flow_.inputs(), scales);
    for (const BlockPart part : parts) {
      scale_columns(draft_.floats(part), scales);
      flow_.block()[part] = draft_.full_part(part, flow_.kernels());
    }
  }

  [[nodiscard]] std::vector<NamedMatrix> set_of(Parts parts) {
    std::vector<NamedMatrix> set;
    for (const BlockPart part : parts) set.push_back({draft_.name(part), draft_.floats(part)});
    return set;
  }

  template <class Loss>
  [[nodiscard]] std::vector<float> search(Parts parts, const FormatSpec& format, Loss&& loss) {
    const std::vector<NamedMatrix> set = set_of(parts);
    AwqInputMeans means(flow_.inputs().cols);
    means.add({"calibration inputs", std::as_const(flow_).inputs()});
    return search_awq_scales(set, means.means(), awq_groups(format),
                             format.awq.original_rule ? AwqScaleRule::inputs : AwqScaleRule::duo, loss,
                             flow_.n_threads())
        .scales;
  }

  /// Judged by its own outputs, through the Gram matrix of its inputs.
  [[nodiscard]] std::vector<float> search_linear(BlockPart part, const FormatSpec& format) {
    const MatrixView<const float> inputs = std::as_const(flow_).inputs();
    const Parts parts(&part, 1);
    const std::vector<NamedMatrix> set = set_of(parts);
    if (inputs.rows < inputs.cols / 2) return search(parts, format, inputs_loss(set, inputs, flow_.n_threads()));
    const Hessian hessian = hessian_of(inputs, flow_.kernels(), flow_.n_threads());
    return search(parts, format, gram_loss(std::span(set), hessian.gram(), inputs.rows, flow_.n_threads()));
  }

  /// Keeps what the clip search will look at of the flow's inputs. Shape of scales: [n_in], or empty: not divided.
  void sample(Parts parts, std::span<const float> scales = {}) {
    const MatrixView<const float> inputs = std::as_const(flow_).inputs();
    const std::size_t stride = std::max<std::size_t>(1, inputs.rows / awq_clip_tokens);
    const std::size_t n = ceil_div(inputs.rows, stride);
    for (const BlockPart part : parts) {
      if (draft_.format(part).method != Method::awq) continue;
      DenseMatrix& sample = draft_.samples[part];
      sample = {n, inputs.cols, AlignedBuffer<float>(n * inputs.cols)};
      for (std::size_t i = 0; i < n; ++i)
        std::copy_n(inputs.row(i * stride).data(), inputs.cols, sample.view().row(i).data());
      if (!scales.empty()) divide_columns(sample.view(), scales);
    }
  }

  BlockDraft& draft_;
  CalibrationFlow& flow_;
};

/// Clips (but for queries and keys) and packs one part, after scaling. Errors: those of the clip search and of Awq.
[[nodiscard]] inline WeightMatrix quantize_awq(BlockDraft& draft, BlockPart part, std::size_t n_threads) {
  const FormatSpec& format = draft.format(part);
  const AwqGroups groups = awq_groups(format);
  const MatrixView<float> weights = draft.floats(part);
  if (part != BlockPart::q && part != BlockPart::k) {
    const DenseMatrix& sample = draft.samples[part];
    clip_weights(
        weights,
        search_awq_clips({draft.name(part), weights}, {"calibration inputs", sample.view()}, groups, n_threads),
        groups);
  }
  return coded_matrix(draft.source(part).name, awq(weights, groups), form_of(format));
}

}  // namespace quantlens::inline QUANTLENS_ABI
