/// From weights to weights: a model's in one format, as something that writers of checkpoints and pack() take.
#pragma once

#include "quantlens/checkpoints/blocks.hpp"
#include "quantlens/convert/quantize_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A copy of the weights whose matrices hold the format's codes, and whose norms are as the format folds scales into
/// them. The embedding stays as it is.
/// Errors: those of quantize_blocks; InputError "format" where a plan quantizes an output layer that is the
/// embedding, which files store once; those of `store`. With a store, a format that looks at text keeps each block
/// there and takes from there what an earlier run kept: the weights are the same, bit for bit, as those of one run.
[[nodiscard]] ModelWeights quantize(const ModelWeights& weights, const FormatSpec& format, const KernelTable& kernels,
                                    BuildOptions options, const BlockStore* store = nullptr);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/convert/quantize_weights_impl.hpp"
#endif
