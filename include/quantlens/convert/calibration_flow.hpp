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
#include "quantlens/runtime/forward.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_weights.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A block goes through its steps, and stops where matrices are about to meet their inputs: there its layers may be
/// replaced (by quantized ones, whose outputs the next stop then sees). All results are the same for any number of
/// threads.
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
    std::vector<float> position(config.d_model);
    for (std::size_t s = 0; s < sequences_.size(); ++s)
      for (std::size_t i = 0; i < sequences_[s].size(); ++i) {
        const std::span<float> row = row_of(residual_, config.d_model, first_rows_[s] + i);
        weights.embed.decode_row(static_cast<std::size_t>(sequences_[s][i]), row);
        if (!weights.positions || i >= config.n_ctx) continue;
        weights.positions->decode_row(i, position);
        kernels.add_to(position.data(), config.d_model, row.data());
      }
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
    for (begin(); !at_end(); advance()) {
    }
    return std::move(block());
  }

  /// Goes to the first stop of the block.
  void begin() { run_to(0, next_stop(0)); }
  /// Whether the text has passed the block.
  [[nodiscard]] bool at_end() const noexcept { return at_ == steps().size(); }
  /// The matrices that are next, whose inputs() are there, and what has made these inputs.
  [[nodiscard]] const BlockStep& step() const { return steps()[at_]; }
  [[nodiscard]] const BlockStep& maker() const { return steps()[at_ - 1]; }
  /// Goes on to the next stop, or to the end of the block.
  void advance() { run_to(at_, next_stop(at_ + 1)); }

  /// inputs() = norm(residual) as the output layer sees it.
  void final_norm() {
    const std::size_t d_model = model_.config.d_model;
    inputs_ = {normed_.data(), n_tokens_, d_model};
    run_team(n_threads_, [&](const Team& team) {
      const Range rows = team.slice(n_tokens_);
      for (std::size_t r = rows.begin; r < rows.end; ++r)
        model_.norm_row(residual_.data() + r * d_model, model_.final_norm, model_.final_norm_bias, d_model,
                        inputs_.row(r).data());
    });
  }

  /// Calls take(first_row, outputs) with what the module of the next matrices (attention or the MLP, before it is added
  /// to the residual stream) makes of inputs(), a sequence at a time. Shape of outputs: [tokens of the sequence,
  /// d_model].
  template <class Take>
  void for_module_outputs(Take&& take_outputs) {
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load(team, s, step());
        for (std::size_t i = at_; steps()[i].kind != StepKind::add; ++i) pass.run_step(team, 0, steps()[i]);
      });
      take_outputs(first_rows_[s], projected(s));
    });
  }

 private:
  [[nodiscard]] static Transformer one_block(const ModelWeights& weights, const KernelTable& kernels) {
    Transformer model = transformer_without_blocks(weights, kernels);
    model.config.n_layers = 1;
    model.blocks.emplace_back();
    return model;
  }

  [[nodiscard]] const std::vector<BlockStep>& steps() const noexcept { return model_.steps; }
  [[nodiscard]] std::size_t next_stop(std::size_t from) const {
    while (from < steps().size() && steps()[from].kind != StepKind::multiply) ++from;
    return from;
  }

  /// Steps [from, to), from the inputs of the first one's matrices where it has any.
  void run_to(std::size_t from, std::size_t to) {
    const bool has_inputs = steps()[from].kind == StepKind::multiply;
    const MatrixView<float> made = to < steps().size() ? room_for_inputs(steps()[to]) : MatrixView<float>();
    for_each_sequence([&](std::size_t s, ForwardPass& pass) {
      run_team(n_threads_, [&](const Team& team) {
        load_residual(team, s);
        if (has_inputs) load(team, s, steps()[from]);
        for (std::size_t i = from; i < to; ++i) pass.run_step(team, 0, steps()[i]);
        store_residual(team, s);
        if (to < steps().size()) store(team, s, work_.input(steps()[to].parts.front()), made);
      });
    });
    inputs_ = made;
    at_ = to;
  }

  /// Where the inputs of a step's matrices are kept while all sequences pass.
  [[nodiscard]] MatrixView<float> room_for_inputs(const BlockStep& step) {
    const ModelConfig& config = model_.config;
    const BlockPart part = step.parts.front();
    if (part == BlockPart::o) return {mixed_.data(), n_tokens_, config.n_heads * config.d_head};
    if (part == BlockPart::down) return {mixed_.data(), n_tokens_, config.d_ff};
    return {normed_.data(), n_tokens_, config.d_model};
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

  void load(const Team& team, std::size_t s, const BlockStep& step) {
    Activations& into = work_.input(step.parts.front());
    const ActivationForms forms = model_.blocks.front().forms_of(step.parts);
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
  std::size_t at_ = 0;                   ///< the step that is next
  LogitsConsumer no_logits_ = [](std::size_t, std::span<const float>) {};
};

}  // namespace quantlens::inline QUANTLENS_ABI
