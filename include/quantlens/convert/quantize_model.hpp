/// Turns a file's weights into a transformer in one format.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "quantlens/convert/calibration.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What building a format may need besides the weights.
struct BuildOptions {
  std::size_t threads = available_threads();
  const Calibration* calibration = nullptr;  ///< for formats that look at text
  /// Called after each block, from one thread at a time; may be empty.
  std::function<void(std::size_t n_done, std::size_t n_blocks)> progress = {};
  /// For formats that look at text: a block that an earlier run has made, or none; may be empty.
  std::function<std::optional<BlockWeights>(std::size_t index)> made_before = {};
};

/// Takes each block: in their order where text passes through them, else from several threads at a time.
using BlockTaker = std::function<void(std::size_t index, BlockWeights&& block)>;

/// Gives every block in the format to `take`, and returns the matrix of the output layer. Errors: InputError of the
/// quantizers, naming the matrix; "format" for a plan that matches nothing; "calibration" where a format needs text and
/// has none.
[[nodiscard]] WeightMatrix quantize_blocks(const ModelWeights& weights, const FormatSpec& format,
                                           const KernelTable& kernels, const BuildOptions& options,
                                           const BlockTaker& take);

/// A transformer in one format: each block is quantized, packed and dropped before the next. `weights` is read, not
/// kept, but for the embedding's bytes.
/// Errors: those of quantize_blocks.
[[nodiscard]] Transformer build_transformer(const ModelWeights& weights, const FormatSpec& format,
                                            const KernelTable& kernels, const BuildOptions& options = {});

/// What a format weighs.
struct ModelWeight {
  double mib = 0;                    ///< all weights in memory
  double bits_per_weight = 0;        ///< of the packed matrices; of all matrices where none is packed
  double bits_per_weight_model = 0;  ///< of the whole model, a tied embedding counted once
};

[[nodiscard]] ModelWeight weigh(const Transformer& model, bool tied_embeddings);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/convert/quantize_model_impl.hpp"
#endif
