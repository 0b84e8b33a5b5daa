/// The forward pass: what each member of the team computes between two barriers.
#pragma once

#include <algorithm>
#include <exception>
#include <optional>

#include "quantlens/runtime/transformer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One pass over one batch. Members share it; each step ends at a barrier.
class ForwardPass {
 public:
  ForwardPass(const Transformer& model, std::span<const SequenceChunk> chunks, std::size_t n_threads, Workspace& work,
              const LogitsConsumer& consume, const Hooks* hooks = nullptr)
      : model_(model),
        config_(model.config),
        record_(*model.record),
        kernels_(*model.kernels),
        chunks_(chunks),
        work_(work),
        consume_(consume),
        hooks_(hooks) {
    place_rows();
    reserve(n_threads);
  }

  /// The whole model.
  void run(const Team& team) noexcept {
    embed(team);
    for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer) {
      visit(team, HookPoint::resid_pre, layer, work_.residual, config_.d_model);
      for (const BlockStep& step : model_.steps) run_step(team, layer, step);
    }
    logits(team);
  }

  /// Errors: what a hook has thrown.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

  /// One step of one block: reads and writes the workspace, and ends at a barrier where others need what it wrote.
  void run_step(const Team& team, std::size_t layer, const BlockStep& step) noexcept {
    switch (step.kind) {
      case StepKind::norm:
        return norm_residual(team, layer, step);
      case StepKind::multiply:
        return multiply(team, layer, step);
      case StepKind::attend:
        return attention(team, layer, step);
      case StepKind::activate:
        return activate(team, layer, step);
      case StepKind::post_norm:
        return norm_projected(team, layer, step);
      case StepKind::add:
        return add_projected(team, layer, step);
    }
  }

 private:
  /// Where a row of the batch comes from.
  struct Row {
    std::size_t chunk, position;
    TokenId token;
  };
  /// Rows of logits that are computed together: enough to use every weight often, few enough to stay small.
  static constexpr std::size_t logits_block = 32;

  void place_rows() {
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      const SequenceChunk& chunk = chunks_[c];
      const std::size_t first = chunk.cache->length();
      if (first + chunk.tokens.size() > config_.n_ctx)
        throw InputError(
            "n_ctx", concat("a sequence of ", first + chunk.tokens.size(), " tokens exceeds the model's context of ",
                            config_.n_ctx, "; shorten the input or ask for fewer new tokens"));
      chunk_rows_.push_back(rows_.size());
      for (std::size_t i = 0; i < chunk.tokens.size(); ++i) {
        if (i >= chunk.first_logit) wanted_.push_back(rows_.size());
        rows_.push_back({c, first + i, chunk.tokens[i]});
      }
    }
    for (const SequenceChunk& chunk : chunks_) {
      chunk.cache->extend(chunk.tokens.size());
      longest_ = std::max(longest_, chunk.cache->length());
    }
  }

  void reserve(std::size_t n_threads) {
    const std::size_t n = rows_.size();
    work_.scratch.resize(n_threads);
    if (record_.positions == Positions::rotary) work_.rope.require(longest_);
    work_.residual.require(n * config_.d_model);
    for (const BlockPart part : all_block_parts) work_.output(part).require(n * rows_of(part));
    reserve_activations(n);
    work_.logits.require(std::min(logits_at_once(), wanted_.size()) * config_.vocab_size);
    work_.scores.resize(n_threads);
    work_.key_blocks.resize(n_threads);
    work_.value_blocks.resize(n_threads);
    for (std::size_t t = 0; t < n_threads; ++t) {
      work_.scratch[t].require(std::max({config_.d_model, config_.n_heads * config_.d_head, config_.d_ff}));
      work_.scores[t].require(attention_queries * round_up(longest_, tile_width));
      work_.key_blocks[t].resize(ceil_div(longest_, page_positions));
      work_.value_blocks[t].resize(ceil_div(longest_, page_positions));
    }
  }

  /// Room for every form that some layer wants, and for gathered inputs where some layer reorders them.
  void reserve_activations(std::size_t n) {
    ActivationForms normed, mixed, hidden, gathered;
    std::size_t widest = 0;
    for (const TransformerBlock& block : model_.blocks)
      for (const BlockPart part : all_block_parts) {
        const AnyLinear& layer = block[part];
        (part == BlockPart::o ? mixed : part == BlockPart::down ? hidden : normed).add(layer.wanted_form());
        if (!layer.reorders_inputs()) continue;
        gathered.add(layer.form());
        widest = std::max(widest, layer.cols());
      }
    work_.normed.resize(n, config_.d_model, normed);
    work_.mixed.resize(n, config_.n_heads * config_.d_head, mixed);
    work_.hidden.resize(n, config_.d_ff, hidden);
    if (model_.lm_head.reorders_inputs()) {
      gathered.add(model_.lm_head.form());
      widest = std::max(widest, model_.lm_head.cols());
    }
    if (widest == 0) return;
    for (LinearScratch& scratch : work_.scratch) scratch.gathered.resize(std::max(n, logits_block), widest, gathered);
  }

  template <class F>
  void for_rows(const Team& team, F&& f) const noexcept {
    const Range rows = team.slice(rows_.size());
    for (std::size_t row = rows.begin; row < rows.end; ++row) f(row);
  }

  [[nodiscard]] float* residual(std::size_t row) const noexcept {
    return work_.residual.data() + row * config_.d_model;
  }

  void apply(const Team& team, const AnyLinear& linear, const Activations& x, AlignedBuffer<float>& y) const noexcept {
    linear.apply(team, x, {y.data(), linear.rows()}, work_.scratch[team.rank]);
  }

  [[nodiscard]] const TransformerBlock& block(std::size_t layer) const noexcept { return model_.blocks[layer]; }

  /// Outputs of a matrix of a block.
  [[nodiscard]] std::size_t rows_of(BlockPart part) const {
    switch (part) {
      case BlockPart::q:
        return config_.n_heads * config_.d_head;
      case BlockPart::k:
      case BlockPart::v:
        return config_.n_kv_heads * config_.d_head;
      case BlockPart::gate:
        return record_.gated_mlp ? config_.d_ff : 0;
      case BlockPart::up:
        return config_.d_ff;
      default:
        return config_.d_model;
    }
  }

  /// residual = the tokens' embeddings, and their positions' where those are learned.
  void embed(const Team& team) const noexcept {
    for_rows(team, [&](std::size_t row) {
      model_.embed.decode_row(static_cast<std::size_t>(rows_[row].token), {residual(row), config_.d_model});
      if (!model_.positions) return;
      float* position = work_.projected.data() + row * config_.d_model;
      model_.positions->decode_row(rows_[row].position, {position, config_.d_model});
      kernels_.add_to(position, config_.d_model, residual(row));
    });
  }

  void norm_residual(const Team& team, std::size_t layer, const BlockStep& step) const noexcept {
    const std::vector<float>& weight = block(layer).norms[step.norm];
    const std::vector<float>& bias = block(layer).norm_biases[step.norm];
    const ActivationForms forms = block(layer).forms_of(step.parts);
    for_rows(team, [&](std::size_t row) {
      if (weight.empty())
        std::copy_n(residual(row), config_.d_model, work_.normed.row(row));
      else
        model_.norm_row(residual(row), weight, bias, config_.d_model, work_.normed.row(row));
      work_.normed.quantize_row(kernels_, row, forms);
    });
    team.barrier();
  }

  void multiply(const Team& team, std::size_t layer, const BlockStep& step) noexcept {
    for (const BlockPart part : step.parts) apply(team, block(layer)[part], work_.input(part), work_.output(part));
    team.barrier();
    if (hooks_ == nullptr) return;
    for (const BlockPart part : step.parts)
      if (const auto point = point_behind(part)) visit(team, *point, layer, work_.output(part), rows_of(part));
  }

  /// None behind a matrix whose outputs are seen as what its module makes.
  [[nodiscard]] std::optional<HookPoint> point_behind(BlockPart part) const noexcept {
    switch (part) {
      case BlockPart::q:
        return HookPoint::q;
      case BlockPart::k:
        return HookPoint::k;
      case BlockPart::v:
        return HookPoint::v;
      case BlockPart::gate:
        return HookPoint::pre;
      case BlockPart::up:
        return record_.gated_mlp ? HookPoint::pre_linear : HookPoint::pre;
      default:
        return std::nullopt;
    }
  }

  void attention(const Team& team, std::size_t layer, const BlockStep& step) noexcept {
    rotate_and_store(team, layer);
    if (looks_at(HookPoint::pattern, layer) && team.rank == 0)
      work_.pattern.assign(rows_.size() * pattern_width(), 0.0f);
    team.barrier();
    attend(team, layer);
    team.barrier();
    visit_pattern(team, layer);
    visit(team, HookPoint::z, layer, work_.mixed.view());
    const ActivationForms forms = block(layer).forms_of(step.parts);
    if (!forms.any()) return;
    for_rows(team, [&](std::size_t row) { work_.mixed.quantize_row(kernels_, row, forms); });
    team.barrier();
  }

  void activate(const Team& team, std::size_t layer, const BlockStep& step) noexcept {
    const ActivationForms forms = block(layer).forms_of(step.parts);
    const float *gate = work_.output(BlockPart::gate).data(), *up = work_.output(BlockPart::up).data();
    for_rows(team, [&](std::size_t row) {
      const std::size_t at = row * config_.d_ff;
      if (record_.activation == MlpActivation::silu)
        kernels_.silu_multiply(gate + at, up + at, config_.d_ff, work_.hidden.row(row));
      else
        kernels_.gelu(up + at, config_.d_ff, work_.hidden.row(row));
      work_.hidden.quantize_row(kernels_, row, forms);
    });
    team.barrier();
    if (!visit(team, HookPoint::post, layer, work_.hidden.view()) || !forms.any()) return;
    for_rows(team, [&](std::size_t row) { work_.hidden.quantize_row(kernels_, row, forms); });
    team.barrier();
  }

  /// Each member its own rows, as in add_projected: no barrier.
  void norm_projected(const Team& team, std::size_t layer, const BlockStep& step) const noexcept {
    for_rows(team, [&](std::size_t row) {
      float* projected = work_.projected.data() + row * config_.d_model;
      model_.norm_row(projected, block(layer).norms[step.norm], block(layer).norm_biases[step.norm], config_.d_model,
                      projected);
    });
  }

  void add_projected(const Team& team, std::size_t layer, const BlockStep& step) noexcept {
    const bool is_last = &step == &model_.steps.back();
    visit(team, is_last ? HookPoint::mlp_out : HookPoint::attn_out, layer, work_.projected, config_.d_model);
    for_rows(team, [&](std::size_t row) {
      kernels_.add_to(work_.projected.data() + row * config_.d_model, config_.d_model, residual(row));
    });
    visit(team, is_last ? HookPoint::resid_post : HookPoint::resid_mid, layer, work_.residual, config_.d_model);
  }

  [[nodiscard]] bool looks_at(HookPoint point, std::size_t layer) const noexcept {
    return hooks_ != nullptr && !failure_ && hooks_->has(point, layer);
  }

  /// Lets the point's hooks see all rows, on one member; returns whether there were any.
  bool visit(const Team& team, HookPoint point, std::size_t layer, MatrixView<float> values) noexcept {
    if (hooks_ == nullptr) return false;
    team.barrier();
    const bool wanted = looks_at(point, layer);
    team.barrier();
    if (!wanted) return false;
    if (team.rank == 0) {
      // Members must not throw; the pass goes on and is thrown away by rethrow().
      try {
        hooks_->run(point, layer, values);
      } catch (...) {
        failure_ = std::current_exception();
      }
    }
    team.barrier();
    return true;
  }
  bool visit(const Team& team, HookPoint point, std::size_t layer, AlignedBuffer<float>& values,
             std::size_t width) noexcept {
    return hooks_ != nullptr && visit(team, point, layer, {values.data(), rows_.size(), width});
  }

  /// Of one row: all heads' weights on all positions.
  [[nodiscard]] std::size_t pattern_width() const noexcept { return config_.n_heads * longest_; }

  /// What a hook changes in a row's pattern is read from the values again; rows that it leaves keep their bits.
  void visit_pattern(const Team& team, std::size_t layer) noexcept;
  /// mixed = sum over positions up to the row's own of weight times value. Shape of weights: [longest_].
  void read_values(std::size_t layer, std::size_t row, std::size_t head, const float* weights) const noexcept;
  /// Queries or keys of one row, before they are rotated. Shape of heads: [n_heads, d_head].
  void norm_heads(std::size_t layer, BlockNorm norm, float* heads, std::size_t n_heads) const noexcept;
  /// Norms and rotates queries and keys, scales queries, and writes keys and values into their pages.
  void rotate_and_store(const Team& team, std::size_t layer) const noexcept;
  void rotate(float* head, std::size_t position) const noexcept;
  /// Shares out (chunk, key head, group of queries); the queries of one key head go over its keys together.
  void attend(const Team& team, std::size_t layer) const noexcept;
  void attend_group(std::size_t rank, std::size_t layer, std::size_t chunk, std::size_t kv_head, std::size_t first,
                    std::size_t last) const noexcept;
  /// All of them where hooks look, which see the rows of a pass at once.
  [[nodiscard]] std::size_t logits_at_once() const noexcept {
    return hooks_ == nullptr ? logits_block : std::max(logits_block, wanted_.size());
  }

  /// Normalizes and multiplies only the rows that somebody asked for, a block at a time.
  void logits(const Team& team) noexcept {
    const std::size_t vocab = config_.vocab_size;
    ActivationForms forms;
    forms.add(model_.lm_head.wanted_form());
    for (std::size_t begin = 0; begin < wanted_.size(); begin += logits_at_once()) {
      const std::size_t n = std::min(logits_at_once(), wanted_.size() - begin);
      team.barrier();
      if (team.rank == 0) work_.selected.resize(n, config_.d_model, forms);
      team.barrier();
      const Range mine = team.slice(n);
      for (std::size_t i = mine.begin; i < mine.end; ++i) {
        model_.norm_row(residual(wanted_[begin + i]), model_.final_norm, model_.final_norm_bias, config_.d_model,
                        work_.selected.row(i));
        work_.selected.quantize_row(kernels_, i, forms);
      }
      team.barrier();
      if (visit(team, HookPoint::final_norm, 0, work_.selected.view()) && forms.any()) {
        for (std::size_t i = mine.begin; i < mine.end; ++i) work_.selected.quantize_row(kernels_, i, forms);
        team.barrier();
      }
      apply(team, model_.lm_head, work_.selected, work_.logits);
      team.barrier();
      for (std::size_t i = mine.begin; i < mine.end; ++i) consume_(begin + i, {work_.logits.data() + i * vocab, vocab});
    }
  }

  const Transformer& model_;
  const ModelConfig& config_;
  const Architecture& record_;
  const KernelTable& kernels_;
  std::span<const SequenceChunk> chunks_;
  Workspace& work_;
  const LogitsConsumer& consume_;
  const Hooks* hooks_;
  std::exception_ptr failure_;
  std::vector<Row> rows_;
  std::vector<std::size_t> chunk_rows_;  ///< the first row of each chunk
  std::vector<std::size_t> wanted_;      ///< rows whose logits are wanted
  std::size_t longest_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
