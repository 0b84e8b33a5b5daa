/// Turns a file's weights into a transformer in one format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/rtn.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline v0_1 {

/// The weights as floats. Shape [rows, cols].
[[nodiscard]] inline AlignedBuffer<float> decode_matrix(const WeightMatrix& matrix) {
  AlignedBuffer<float> values(matrix.rows * matrix.cols);
  for (std::size_t r = 0; r < matrix.rows; ++r)
    matrix.decode_row(r, values.span().subspan(r * matrix.cols, matrix.cols));
  return values;
}

/// `full`: f16 and bf16 stay what they are in memory, everything else becomes f32.
[[nodiscard]] inline AnyLinear full_linear(const WeightMatrix& matrix, const KernelTable& kernels) {
  const auto as_stored = [&]<class T>() {
    return AnyLinear(stream_dense<T>(matrix.rows, matrix.cols,
                                     [&](std::size_t r, std::span<T> out) {
                                       std::memcpy(out.data(), matrix.row(r).data(), out.size_bytes());
                                     }),
                     kernels);
  };
  if (!matrix.codes && matrix.type == GgmlType::f16) return as_stored.template operator()<Half>();
  if (!matrix.codes && matrix.type == GgmlType::bf16) return as_stored.template operator()<BFloat16>();
  return {stream_dense<float>(matrix.rows, matrix.cols,
                              [&](std::size_t r, std::span<float> out) { matrix.decode_row(r, out); }),
          kernels};
}

/// `native`: the file's own codes; unquantized tensors as in `full`.
[[nodiscard]] inline AnyLinear native_linear(const WeightMatrix& matrix, Activation activation,
                                             const KernelTable& kernels) {
  std::optional<AnyLinear> linear;
  if (!matrix.codes)
    visit_gguf_type(matrix.type, [&]<GgmlType Type>() {
      linear.emplace(
          packed_from_gguf<Type>(matrix.rows, matrix.cols, [&](std::size_t r) { return matrix.row(r).data(); }),
          activation, kernels);
    });
  return linear ? std::move(*linear) : full_linear(matrix, kernels);
}

/// One matrix in one format. Errors: InputError "group_size", naming the matrix.
[[nodiscard]] inline AnyLinear build_linear(const WeightMatrix& matrix, const FormatSpec& format,
                                            const KernelTable& kernels) {
  switch (format.method) {
    case Method::full:
      return full_linear(matrix, kernels);
    case Method::native:
      return native_linear(matrix, format.activation, kernels);
    case Method::rtn:
      break;
  }
  const AlignedBuffer<float> values = decode_matrix(matrix);
  return visit_layout(format.symmetric, format.bits, [&]<Layout L, int Bits>() {
    try {
      const MatrixView<const float> view(values.data(), matrix.rows, matrix.cols);
      return AnyLinear(Rtn<L, Bits>{format.group_size}.quantize(view), format.activation, kernels);
    } catch (const InputError& error) {
      throw InputError("group_size", concat(matrix.name, ": ", error.what()));
    }
  });
}

/// The format of each matrix: overrides first, then the output layer's own rule, then the format itself.
/// Methods that choose codes leave the output layer full, as the reference packages do.
[[nodiscard]] inline const FormatSpec& matrix_format(const FormatSpec& format, std::string_view name) {
  static const FormatSpec full;
  return format.for_matrix(name, name == "lm_head" && format.method == Method::rtn ? full : format);
}

/// Every matrix packed for `kernels`. `weights` is read, not kept, but for the embedding's bytes.
[[nodiscard]] inline Transformer build_transformer(const ModelWeights& weights, const FormatSpec& format,
                                                   const KernelTable& kernels,
                                                   std::size_t n_threads = available_threads()) {
  const auto build = [&](const WeightMatrix& matrix, std::string_view name) {
    return build_linear(matrix, matrix_format(format, name), kernels);
  };
  const auto build_block = [&](const BlockWeights& block) {
    const auto named = [&](const WeightMatrix& matrix) { return build(matrix, matrix.name); };
    TransformerBlock built{block.attn_norm, block.mlp_norm,    named(block.q),  named(block.k),   named(block.v),
                           named(block.o),  named(block.gate), named(block.up), named(block.down)};
    built.q.set_bias(block.q_bias);
    built.k.set_bias(block.k_bias);
    built.v.set_bias(block.v_bias);
    return built;
  };

  std::vector<std::optional<TransformerBlock>> blocks(weights.blocks.size());
  std::exception_ptr failure;
  std::mutex failure_lock;
  run_team(n_threads, [&](const Team& team) {
    try {
      for (std::size_t i = team.rank; i < blocks.size(); i += team.size) blocks[i] = build_block(weights.blocks[i]);
    } catch (...) {
      // An exception may not leave a team; the first one is thrown again behind it.
      const std::lock_guard lock(failure_lock);
      if (!failure) failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);

  Transformer model{weights.config,
                    weights.embed,
                    {},
                    weights.final_norm,
                    build(weights.lm_head ? *weights.lm_head : weights.embed, "lm_head"),
                    weights.rope_freq_factors,
                    weights.storage,
                    &kernels};
  for (auto& block : blocks) model.blocks.push_back(std::move(*block));
  return model;
}

/// What a format weighs.
struct ModelWeight {
  double mib = 0;                    ///< all weights in memory
  double bits_per_weight = 0;        ///< of the packed matrices; of all matrices where none is packed
  double bits_per_weight_model = 0;  ///< of the whole model, a tied embedding counted once
};

[[nodiscard]] inline ModelWeight weigh(const Transformer& model, bool tied_embeddings) {
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
    for (const AnyLinear* linear : {&block.q, &block.k, &block.v, &block.o, &block.gate, &block.up, &block.down})
      add(*linear);
    add_floats(block.attn_norm);
    add_floats(block.mlp_norm);
  }
  add_floats(model.final_norm);
  const double matrix_bits = all_bits, matrix_count = all_count;
  add(model.lm_head);
  const double embed_bytes = static_cast<double>(model.embed.rows * model.embed.row_bytes);
  bytes += embed_bytes;
  if (!tied_embeddings) {
    all_bits += 8.0 * embed_bytes;
    all_count += static_cast<double>(model.embed.rows * model.embed.cols);
  }
  return {bytes / (1024.0 * 1024.0), packed_count > 0 ? packed_bits / packed_count : matrix_bits / matrix_count,
          all_bits / all_count};
}

}  // namespace quantlens::inline v0_1
