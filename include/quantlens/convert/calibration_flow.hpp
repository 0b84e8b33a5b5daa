/// Calibration text on its way through a model, one block at a time: what each matrix gets to see.
///
/// Memory: the residual stream and what steps read and write, n_tokens floats times twice d_model and times the widest
/// input of o or down (usually d_ff), besides one block's weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/runtime/transformer.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline v0_1 {

/// A block goes through its steps in the order of the functions below; between two steps its layers may be replaced
/// (by quantized ones, whose outputs the next step then sees). All results are the same for any number of threads.
class CalibrationFlow {
 public:
  /// Errors: InputError "n_ctx" (from the steps) where a sequence is longer than the model's context.
  CalibrationFlow(const ModelWeights& weights, std::vector<std::vector<TokenId>> sequences, const KernelTable& kernels,
                  std::size_t n_threads)
      : sequences_(std::move(sequences)),
        n_threads_(n_threads),
        model_(one_block(weights, kernels)),
        work_(model_.make_workspace()) {
    for (const auto& sequence : sequences_) {
      first_rows_.push_back(n_tokens_);
      n_tokens_ += sequence.size();
    }
    const ModelConfig& config = model_.config;
    residual_ = AlignedBuffer<float>(n_tokens_ * config.d_model);
    normed_ = AlignedBuffer<float>(residual_.size());
    mixed_ = AlignedBuffer<float>(n_tokens_ * std::max(config.n_heads * config.d_head, config.d_ff));
    for (std::size_t s = 0; s < sequences_.size(); ++s)
      for (std::size_t i = 0; i < sequences_[s].size(); ++i)
        weights.embed.decode_row(static_cast<std::size_t>(sequences_[s][i]),
                                 row_of(residual_, model_.config.d_model, first_rows_[s] + i));
  }

  [[nodiscard]] std::size_t n_tokens() const noexcept { return n_tokens_; }
  [[nodiscard]] std::size_t n_threads() const noexcept { return n_threads_; }
  [[nodiscard]] const KernelTable& kernels() const noexcept { return *model_.kernels; }

  /// The block that the next steps run; its norms and layers may be changed between steps.
  [[nodiscard]] TransformerBlock& block() noexcept { return model_.blocks.front(); }

  /// What the last step left for the next matrices. Shape [n_tokens, their n_in].
  [[nodiscard]] MatrixView<const float> inputs() const noexcept { return inputs_; }
  [[nodiscard]] MatrixView<float> inputs() noexcept { return inputs_; }

  /// The residual stream between blocks. Shape [n_tokens, d_model].
  [[nodiscard]] std::span<float> residual() noexcept { return residual_.span(); }

  /// Lets the text pass through a whole block, and gives it back.
  [[nodiscard]] TransformerBlock pass(TransformerBlock whole) {
    block() = std::move(whole);
    attention_inputs();
    attention();
    attention_outputs();
    mlp_hidden();
    mlp_outputs();
    return std::move(block());
  }

  /// inputs() = norm(residual), for any norm weight. Shape of weight: [d_model].
  void norm(const std::vector<float>& weight) {
    const ModelConfig& config = model_.config;
    inputs_ = {normed_.data(), n_tokens_, config.d_model};
    run_team(n_threads_, [&](const Team& team) {
      const Range rows = team.slice(n_tokens_);
      for (std::size_t r = rows.begin; r < rows.end; ++r)
        kernels().rms_norm(residual_.data() + r * config.d_model, weight.data(), config.d_model, config.norm_eps,
                           inputs_.row(r).data());
    });
  }

  /// The inputs of q, k and v.
  void attention_inputs() { norm(block().attn_norm); }

  /// The inputs of o.
  void attention() {
    const MatrixView<float> mixed(mixed_.data(), n_tokens_, model_.config.n_heads * model_.config.d_head);
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load(team, s, work_.normed, block().attention_forms());
        pass.attention(team, 0);
        store(team, s, work_.mixed, mixed);
      });
    });
    inputs_ = mixed;
  }

  /// The inputs of gate and up; the residual stream takes what attention adds.
  void attention_outputs() {
    const MatrixView<float> normed(normed_.data(), n_tokens_, model_.config.d_model);
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load_residual(team, s);
        load(team, s, work_.mixed, block().output_forms());
        pass.attention_outputs(team, 0);
        pass.add_outputs(team);
        pass.mlp_inputs(team, 0);
        store_residual(team, s);
        store(team, s, work_.normed, normed);
      });
    });
    inputs_ = normed;
  }

  /// The inputs of down.
  void mlp_hidden() {
    const MatrixView<float> hidden(mixed_.data(), n_tokens_, model_.config.d_ff);
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load(team, s, work_.normed, block().mlp_forms());
        pass.mlp_hidden(team, 0);
        store(team, s, work_.hidden, hidden);
      });
    });
    inputs_ = hidden;
  }

  /// The residual stream takes what the MLP adds: the block is done.
  void mlp_outputs() {
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load_residual(team, s);
        load(team, s, work_.hidden, block().hidden_forms());
        pass.mlp_outputs(team, 0);
        pass.add_outputs(team);
        store_residual(team, s);
      });
    });
  }

  /// Calls take(first_row, outputs) with what attention (before it is added to the residual stream) makes of the inputs
  /// of q, k and v, a sequence at a time. Shape of outputs: [tokens of the sequence, d_model].
  template <class Take>
  void for_attention_outputs(Take&& take_outputs) {
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load(team, s, work_.normed, block().attention_forms());
        pass.attention(team, 0);
        pass.attention_outputs(team, 0);
      });
      take_outputs(first_rows_[s], projected(s));
    });
  }

  /// The same for the MLP and the inputs of gate and up.
  template <class Take>
  void for_mlp_outputs(Take&& take_outputs) {
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load(team, s, work_.normed, block().mlp_forms());
        pass.mlp_hidden(team, 0);
        pass.mlp_outputs(team, 0);
      });
      take_outputs(first_rows_[s], projected(s));
    });
  }

 private:
  [[nodiscard]] static Transformer one_block(const ModelWeights& weights, const KernelTable& kernels) {
    Transformer model{weights.config,  weights.embed, {}, weights.final_norm, {}, weights.rope_freq_factors,
                      weights.storage, &kernels};
    model.config.n_layers = 1;
    model.blocks.emplace_back();
    return model;
  }

  [[nodiscard]] static std::span<float> row_of(AlignedBuffer<float>& rows, std::size_t width, std::size_t r) {
    return rows.span().subspan(r * width, width);
  }

  /// One pass for each sequence, with a cache of its own; no logits are wanted.
  template <class Body>
  void for_each_sequence(Body&& body) {
    for (std::size_t s = 0; s < sequences_.size(); ++s) {
      InterruptGuard::check();
      KvCache cache(model_.kv_shape());
      const SequenceChunk chunk{&cache, sequences_[s], sequences_[s].size()};
      ForwardPass pass(model_, {&chunk, 1}, n_threads_, work_, no_logits_);
      body(s, pass);
    }
  }

  // A member's share of the rows of a sequence, into the workspace and out of it.

  void load(const Team& team, std::size_t s, Activations& into, ActivationForms forms) {
    const Range rows = team.slice(sequences_[s].size());
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
      std::ranges::copy(inputs_.row(first_rows_[s] + i), into.row(i));
      into.quantize_row(kernels(), i, forms);
    }
    team.barrier();
  }
  void store(const Team& team, std::size_t s, const Activations& from, MatrixView<float> into) const {
    const Range rows = team.slice(sequences_[s].size());
    for (std::size_t i = rows.begin; i < rows.end; ++i)
      std::copy_n(from.row(i), from.n_cols(), into.row(first_rows_[s] + i).data());
  }
  void load_residual(const Team& team, std::size_t s) {
    const std::size_t d_model = model_.config.d_model;
    const Range rows = team.slice(sequences_[s].size());
    std::copy_n(residual_.data() + (first_rows_[s] + rows.begin) * d_model, (rows.end - rows.begin) * d_model,
                work_.residual.data() + rows.begin * d_model);
  }
  void store_residual(const Team& team, std::size_t s) {
    const std::size_t d_model = model_.config.d_model;
    const Range rows = team.slice(sequences_[s].size());
    std::copy_n(work_.residual.data() + rows.begin * d_model, (rows.end - rows.begin) * d_model,
                residual_.data() + (first_rows_[s] + rows.begin) * d_model);
  }
  [[nodiscard]] MatrixView<const float> projected(std::size_t s) const {
    return {work_.projected.data(), sequences_[s].size(), model_.config.d_model};
  }

  std::vector<std::vector<TokenId>> sequences_;
  std::vector<std::size_t> first_rows_;
  std::size_t n_tokens_ = 0, n_threads_;
  Transformer model_;
  Workspace work_;
  AlignedBuffer<float> residual_;
  AlignedBuffer<float> normed_, mixed_;  ///< inputs of q, k, v, gate, up; inputs of o and down
  MatrixView<float> inputs_;             ///< in one of them
  LogitsConsumer no_logits_ = [](std::size_t, std::span<const float>) {};
};

}  // namespace quantlens::inline v0_1
