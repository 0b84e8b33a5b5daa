/// A decoder-only transformer, driven by its family's list of steps: one batch of token chunks in, logits of the
/// asked-for rows out.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/runtime/block_steps.hpp"
#include "quantlens/runtime/hooks.hpp"
#include "quantlens/runtime/kv_cache.hpp"
#include "quantlens/runtime/linear.hpp"
#include "quantlens/runtime/rope.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One block, ready to compute. Of vectors the biases of matrices are the layers' own.
struct TransformerBlock {
  PerNorm<std::vector<float>> norms, norm_biases;  ///< [width of what the norm is on], or empty: none
  std::size_t window = 0;                          ///< positions that a query sees, its own included; 0: all before it
  PerPart<AnyLinear> layers;

  [[nodiscard]] const AnyLinear& operator[](BlockPart part) const { return layers[part]; }
  [[nodiscard]] AnyLinear& operator[](BlockPart part) { return layers[part]; }

  /// What the inputs of these layers must hold.
  [[nodiscard]] ActivationForms forms_of(std::span<const BlockPart> parts) const {
    ActivationForms forms;
    for (const BlockPart part : parts) forms.add(layers[part].wanted_form());
    return forms;
  }
};

/// The next tokens of one sequence. Logits are wanted for tokens [first_logit, tokens.size()).
struct SequenceChunk {
  KvCache* cache = nullptr;
  std::span<const TokenId> tokens;
  std::size_t first_logit = 0;
};

/// Called once for each wanted row, rows of different threads at the same time; must not throw.
/// `row` counts the wanted rows of the batch. Shape of logits: [vocab_size].
using LogitsConsumer = std::function<void(std::size_t row, std::span<const float> logits)>;

/// Buffers that a forward pass needs; one for each thread of control that runs passes.
struct Workspace {
  explicit Workspace(RopeTable table) : rope(std::move(table)) {}

  RopeTable rope;
  AlignedBuffer<float> residual, projected, logits;
  Activations normed, mixed, hidden, selected;
  std::vector<LinearScratch> scratch;
  std::vector<AlignedBuffer<float>> scores;
  std::vector<std::vector<const float*>> key_blocks, value_blocks;
  std::vector<float> pattern, pattern_before;  ///< [n_rows, n_heads, n_positions], where a hook looks at it

  /// What a matrix of a block reads and writes.
  [[nodiscard]] Activations& input(BlockPart part) {
    return part == BlockPart::o ? mixed : part == BlockPart::down ? hidden : normed;
  }
  [[nodiscard]] AlignedBuffer<float>& output(BlockPart part) {
    return part == BlockPart::o || part == BlockPart::down ? projected : outputs_[part];
  }

 private:
  PerPart<AlignedBuffer<float>> outputs_;
};

/// Weights of one model in one format. Passes are bit for bit the same for any thread count, batch and chunking.
class Transformer {
 public:
  ModelConfig config;
  std::vector<BlockStep> steps;  ///< of every block
  WeightMatrix embed;
  std::optional<WeightMatrix> positions;  ///< [n_ctx, d_model], added to the embedding; none: rotary ones
  std::vector<TransformerBlock> blocks;
  std::vector<float> final_norm, final_norm_bias;
  AnyLinear lm_head;
  std::vector<float> rope_freq_factors;
  std::shared_ptr<const void> storage;  ///< keeps the embedding's bytes alive
  const KernelTable* kernels = nullptr;
  const Architecture* record = nullptr;  ///< of config

  /// The family's norm; y may be x. Shapes: all [n]; bias may be empty where the family has none.
  void norm_row(const float* x, const std::vector<float>& weight, const std::vector<float>& bias, std::size_t n,
                float* y) const noexcept {
    if (record->norm == NormKind::rms)
      kernels->rms_norm(x, weight.data(), n, config.norm_eps, y);
    else
      kernels->layer_norm(x, weight.data(), bias.data(), n, config.norm_eps, y);
  }

  [[nodiscard]] KvShape kv_shape() const { return {config.n_layers, config.n_kv_heads, config.d_head}; }
  [[nodiscard]] Workspace make_workspace() const {
    return Workspace(RopeTable(
        record->positions == Positions::rotary ? rope_frequencies(config, rope_freq_factors) : std::vector<float>(),
        config.rope_scaling.magnitude));
  }

  /// Appends every chunk to its cache and hands the wanted logits to `consume`.
  /// Errors: InputError "n_ctx" where a sequence grows beyond the model's context; what a hook throws.
  void forward(std::span<const SequenceChunk> chunks, std::size_t n_threads, Workspace& work,
               const LogitsConsumer& consume, const Hooks* hooks = nullptr) const;
};

/// All but the blocks and the output layer.
[[nodiscard]] inline Transformer transformer_without_blocks(const ModelWeights& weights, const KernelTable& kernels) {
  Transformer model;
  model.config = weights.config;
  model.embed = weights.embed;
  model.positions = weights.positions;
  model.final_norm = weights.final_norm;
  model.final_norm_bias = weights.final_norm_bias;
  model.rope_freq_factors = weights.rope_freq_factors;
  model.storage = weights.storage;
  model.kernels = &kernels;
  model.record = &model.config.record();
  model.steps = block_steps(*model.record);
  return model;
}

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/runtime/transformer_impl.hpp"
#endif
