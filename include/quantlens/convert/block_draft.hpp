/// A block on its way to codes: its matrices' formats, and their floats, which scaling may change.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "quantlens/convert/matrix_format.hpp"
#include "quantlens/convert/quantized_block.hpp"

namespace quantlens::inline v0_1 {

/// `weights` and `format` must outlive it.
class BlockDraft {
 public:
  BlockVectors vectors;

  BlockDraft(const BlockWeights& weights, const FormatSpec& format) : vectors(vectors_of(weights)), weights_(weights) {
    for (const BlockPart part : all_block_parts) formats_[at(part)] = &matrix_format(format, source(part).name);
  }

  [[nodiscard]] const WeightMatrix& source(BlockPart part) const { return part_of(weights_, part); }
  [[nodiscard]] std::string_view name(BlockPart part) const { return source(part).name; }
  [[nodiscard]] const FormatSpec& format(BlockPart part) const { return *formats_[at(part)]; }

  [[nodiscard]] bool has_awq() const {
    return std::any_of(formats_.begin(), formats_.end(), [](const auto* f) { return f->method == Method::awq; });
  }

  /// The one AWQ scheme that all parts have, or null: a set that shares its inputs is scaled together or not at all.
  [[nodiscard]] const FormatSpec* shared_awq(std::initializer_list<BlockPart> parts) const {
    const FormatSpec& first = format(*parts.begin());
    for (const BlockPart part : parts)
      if (format(part).method != Method::awq || !format(part).same_scheme(first)) return nullptr;
    return &first;
  }

  /// Decoded on first use. Shape [n_out, n_in].
  [[nodiscard]] MatrixView<float> floats(BlockPart part) {
    std::optional<DenseMatrix>& dense = floats_[at(part)];
    if (!dense) dense = decode_matrix(source(part));
    return dense->view();
  }

  /// Null where nobody asked for the floats, which are then as in the file.
  [[nodiscard]] const DenseMatrix* decoded(BlockPart part) const {
    return floats_[at(part)] ? &*floats_[at(part)] : nullptr;
  }

  /// The layer of one part in full precision, as it is now.
  [[nodiscard]] AnyLinear full_part(BlockPart part, const KernelTable& kernels) const {
    const DenseMatrix* dense = decoded(part);
    AnyLinear linear = dense != nullptr ? dense_linear(*dense, kernels) : dense_linear(source(part), kernels);
    linear.set_bias(vectors.biases[part]);
    return linear;
  }

  /// The whole block in full precision, as it is now.
  [[nodiscard]] TransformerBlock full_block(const KernelTable& kernels) const {
    TransformerBlock block;
    block.attn_norm = vectors.attn_norm;
    block.mlp_norm = vectors.mlp_norm;
    block.window = vectors.window;
    for (const BlockPart part : all_block_parts) part_of(block, part) = full_part(part, kernels);
    return block;
  }

  /// A sample of what a part gets to see, divided by its scales, for the clip search. Shape [n, n_in].
  std::array<DenseMatrix, n_block_parts> samples;

 private:
  [[nodiscard]] static constexpr std::size_t at(BlockPart part) { return static_cast<std::size_t>(part); }

  const BlockWeights& weights_;
  std::array<const FormatSpec*, n_block_parts> formats_;
  std::array<std::optional<DenseMatrix>, n_block_parts> floats_;
};

}  // namespace quantlens::inline v0_1
