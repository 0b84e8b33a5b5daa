/// A block on its way to codes: its matrices' formats, and their floats, which scaling may change.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/convert/dense_matrix.hpp"
#include "quantlens/convert/matrix_format.hpp"
#include "quantlens/runtime/pack.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// `weights` and `format` must outlive it.
class BlockDraft {
 public:
  BlockVectors vectors;

  BlockDraft(const BlockWeights& weights, const FormatSpec& format)
      : vectors(weights.vectors), parts_(parts_of(weights)), weights_(weights) {
    for (const BlockPart part : parts_) formats_[part] = &matrix_format(format, source(part).name);
  }

  /// Those that the block has, in order.
  [[nodiscard]] const std::vector<BlockPart>& parts() const { return parts_; }
  [[nodiscard]] const WeightMatrix& source(BlockPart part) const { return weights_[part]; }
  [[nodiscard]] std::string_view name(BlockPart part) const { return source(part).name; }
  [[nodiscard]] const FormatSpec& format(BlockPart part) const { return *formats_[part]; }

  [[nodiscard]] bool has_awq() const {
    return std::ranges::any_of(parts_, [this](BlockPart part) { return format(part).method == Method::awq; });
  }

  /// The one AWQ scheme that all parts have, or null: a set that shares its inputs is scaled together or not at all.
  [[nodiscard]] const FormatSpec* shared_awq(std::span<const BlockPart> parts) const {
    const FormatSpec& first = format(parts.front());
    for (const BlockPart part : parts)
      if (format(part).method != Method::awq || !format(part).same_scheme(first)) return nullptr;
    return &first;
  }

  /// Decoded on first use. Shape [n_out, n_in].
  [[nodiscard]] MatrixView<float> floats(BlockPart part) {
    std::optional<DenseMatrix>& dense = floats_[part];
    if (!dense) dense = decode_matrix(source(part));
    return dense->view();
  }

  /// Null where nobody asked for the floats, which are then as in the file.
  [[nodiscard]] const DenseMatrix* decoded(BlockPart part) const { return floats_[part] ? &*floats_[part] : nullptr; }

  /// The layer of one part in full precision, as it is now.
  [[nodiscard]] AnyLinear full_part(BlockPart part, const KernelTable& kernels) const {
    const DenseMatrix* dense = decoded(part);
    AnyLinear linear = dense != nullptr ? dense_linear(dense->view(), kernels) : dense_linear(source(part), kernels);
    linear.set_bias(vectors.biases[part]);
    return linear;
  }

  /// The whole block in full precision, as it is now.
  [[nodiscard]] TransformerBlock full_block(const KernelTable& kernels) const {
    TransformerBlock block = block_without_layers(vectors);
    for (const BlockPart part : parts_) block[part] = full_part(part, kernels);
    return block;
  }

  /// A sample of what a part gets to see, divided by its scales, for the clip search. Shape [n, n_in].
  PerPart<DenseMatrix> samples;

 private:
  std::vector<BlockPart> parts_;
  const BlockWeights& weights_;
  PerPart<const FormatSpec*> formats_;
  PerPart<std::optional<DenseMatrix>> floats_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
