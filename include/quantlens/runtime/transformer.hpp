/// A decoder-only transformer of the Llama family: one batch of token chunks in, logits of the asked-for rows out.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/runtime/kv_cache.hpp"
#include "quantlens/runtime/linear.hpp"
#include "quantlens/runtime/rope.hpp"
#include "quantlens/text/token.hpp"

namespace quantlens::inline v0_1 {

struct TransformerBlock {
  std::vector<float> attn_norm, mlp_norm;  ///< [d_model]
  std::size_t window = 0;                  ///< positions that a query sees, its own included; 0: all before it
  AnyLinear q, k, v, o, gate, up, down;

  /// What the inputs of attention, of its output projection, of the MLP and of its last matrix must hold.
  [[nodiscard]] ActivationForms attention_forms() const { return forms_of({&q, &k, &v}); }
  [[nodiscard]] ActivationForms output_forms() const { return forms_of({&o}); }
  [[nodiscard]] ActivationForms mlp_forms() const { return forms_of({&gate, &up}); }
  [[nodiscard]] ActivationForms hidden_forms() const { return forms_of({&down}); }

 private:
  [[nodiscard]] static ActivationForms forms_of(std::initializer_list<const AnyLinear*> linears) {
    ActivationForms forms;
    for (const AnyLinear* linear : linears) forms.add(linear->wanted_form());
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
  AlignedBuffer<float> residual, q, k, v, projected, gate, up, logits;
  Activations normed, mixed, hidden, selected;
  std::vector<LinearScratch> scratch;
  std::vector<AlignedBuffer<float>> scores;
  std::vector<std::vector<const float*>> key_blocks, value_blocks;
};

/// Weights of one model in one format. Passes are bit for bit the same for any thread count, batch and chunking.
class Transformer {
 public:
  ModelConfig config;
  WeightMatrix embed;
  std::vector<TransformerBlock> blocks;
  std::vector<float> final_norm;
  AnyLinear lm_head;
  std::vector<float> rope_freq_factors;
  std::shared_ptr<const void> storage;  ///< keeps the embedding's bytes alive
  const KernelTable* kernels = nullptr;

  [[nodiscard]] KvShape kv_shape() const { return {config.n_layers, config.n_kv_heads, config.d_head}; }
  [[nodiscard]] Workspace make_workspace() const {
    return Workspace(RopeTable(rope_frequencies(config, rope_freq_factors), config.rope_scaling.magnitude));
  }

  /// Appends every chunk to its cache and hands the wanted logits to `consume`.
  /// Errors: InputError "n_ctx" where a sequence grows beyond the model's context.
  void forward(std::span<const SequenceChunk> chunks, std::size_t n_threads, Workspace& work,
               const LogitsConsumer& consume) const;
};

}  // namespace quantlens::inline v0_1

#include "quantlens/runtime/forward.hpp"
