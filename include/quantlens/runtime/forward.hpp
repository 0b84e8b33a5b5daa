/// The forward pass: what each member of the team computes between two barriers.
#pragma once

#include <algorithm>

#include "quantlens/runtime/transformer.hpp"

namespace quantlens::inline v0_1 {

/// One pass over one batch. Members share it; each step ends at a barrier.
class ForwardPass {
 public:
  ForwardPass(const Transformer& model, std::span<const SequenceChunk> chunks, std::size_t n_threads, Workspace& work,
              const LogitsConsumer& consume)
      : model_(model),
        config_(model.config),
        kernels_(*model.kernels),
        chunks_(chunks),
        work_(work),
        consume_(consume) {
    place_rows();
    reserve(n_threads);
  }

  /// The whole model.
  void run(const Team& team) noexcept {
    embed(team);
    for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer) {
      attention_inputs(team, layer);
      attention(team, layer);
      attention_outputs(team, layer);
      add_outputs(team);
      mlp_inputs(team, layer);
      mlp_hidden(team, layer);
      mlp_outputs(team, layer);
      add_outputs(team);
    }
    logits(team);
  }

  // The steps of a block, each of which reads and writes the workspace and, but for the last, ends at a barrier.

  /// normed = norm(residual), as attention wants it.
  void attention_inputs(const Team& team, std::size_t layer) const noexcept {
    norm_rows(team, block(layer).attn_norm, work_.normed, block(layer).attention_forms());
    team.barrier();
  }

  /// mixed = what the heads read from values, given normed.
  void attention(const Team& team, std::size_t layer) noexcept {
    apply(team, block(layer).q, work_.normed, work_.q);
    apply(team, block(layer).k, work_.normed, work_.k);
    apply(team, block(layer).v, work_.normed, work_.v);
    team.barrier();
    rotate_and_store(team, layer);
    team.barrier();
    attend(team, layer);
    team.barrier();
    const ActivationForms forms = block(layer).output_forms();
    if (!forms.any()) return;
    for_rows(team, [&](std::size_t row) { work_.mixed.quantize_row(kernels_, row, forms); });
    team.barrier();
  }

  /// projected = o(mixed).
  void attention_outputs(const Team& team, std::size_t layer) const noexcept {
    apply(team, block(layer).o, work_.mixed, work_.projected);
    team.barrier();
  }

  /// normed = norm(residual), as the MLP wants it.
  void mlp_inputs(const Team& team, std::size_t layer) const noexcept {
    norm_rows(team, block(layer).mlp_norm, work_.normed, block(layer).mlp_forms());
    team.barrier();
  }

  /// hidden = silu(gate(normed)) * up(normed).
  void mlp_hidden(const Team& team, std::size_t layer) const noexcept {
    apply(team, block(layer).gate, work_.normed, work_.gate);
    apply(team, block(layer).up, work_.normed, work_.up);
    team.barrier();
    const ActivationForms forms = block(layer).hidden_forms();
    for_rows(team, [&](std::size_t row) {
      const std::size_t at = row * config_.d_ff;
      kernels_.silu_multiply(work_.gate.data() + at, work_.up.data() + at, config_.d_ff, work_.hidden.row(row));
      work_.hidden.quantize_row(kernels_, row, forms);
    });
    team.barrier();
  }

  /// projected = down(hidden).
  void mlp_outputs(const Team& team, std::size_t layer) const noexcept {
    apply(team, block(layer).down, work_.hidden, work_.projected);
    team.barrier();
  }

  /// residual += projected, each member its own rows.
  void add_outputs(const Team& team) const noexcept {
    for_rows(team, [&](std::size_t row) {
      kernels_.add_to(work_.projected.data() + row * config_.d_model, config_.d_model, residual(row));
    });
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
    work_.rope.require(longest_);
    work_.residual.require(n * config_.d_model);
    work_.projected.require(n * config_.d_model);
    work_.q.require(n * config_.n_heads * config_.d_head);
    work_.k.require(n * config_.n_kv_heads * config_.d_head);
    work_.v.require(n * config_.n_kv_heads * config_.d_head);
    work_.gate.require(n * config_.d_ff);
    work_.up.require(n * config_.d_ff);
    reserve_activations(n);
    work_.logits.require(std::min(logits_block, wanted_.size()) * config_.vocab_size);
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
    for (const TransformerBlock& block : model_.blocks) {
      for (const AnyLinear* linear : {&block.q, &block.k, &block.v, &block.gate, &block.up})
        normed.add(linear->wanted_form());
      mixed.add(block.o.wanted_form());
      hidden.add(block.down.wanted_form());
      for (const AnyLinear* linear : {&block.q, &block.k, &block.v, &block.o, &block.gate, &block.up, &block.down}) {
        if (!linear->reorders_inputs()) continue;
        gathered.add(linear->form());
        widest = std::max(widest, linear->cols());
      }
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

  void embed(const Team& team) const noexcept {
    for_rows(team, [&](std::size_t row) {
      model_.embed.decode_row(static_cast<std::size_t>(rows_[row].token), {residual(row), config_.d_model});
    });
  }

  void norm_rows(const Team& team, const std::vector<float>& weight, Activations& normed,
                 ActivationForms forms) const noexcept {
    for_rows(team, [&](std::size_t row) {
      kernels_.rms_norm(residual(row), weight.data(), config_.d_model, config_.norm_eps, normed.row(row));
      normed.quantize_row(kernels_, row, forms);
    });
  }

  /// Rotates queries and keys, scales queries, and writes keys and values into their pages.
  void rotate_and_store(const Team& team, std::size_t layer) const noexcept {
    const std::size_t d_head = config_.d_head;
    const float query_scale = 1.0f / std::sqrt(static_cast<float>(d_head));
    for_rows(team, [&](std::size_t row) {
      const std::size_t position = rows_[row].position;
      const float* cosines = work_.rope.cosines(position);
      const float* sines = work_.rope.sines(position);
      for (std::size_t head = 0; head < config_.n_heads; ++head) {
        float* query = work_.q.data() + (row * config_.n_heads + head) * d_head;
        kernels_.rotate_head(query, cosines, sines, d_head);
        for (std::size_t d = 0; d < d_head; ++d) query[d] *= query_scale;
      }
      KvPage& page = *chunks_[rows_[row].chunk].cache->pages()[position / page_positions];
      const std::size_t slot = position % page_positions;
      const std::size_t value_stride = round_up(d_head, tile_width);
      for (std::size_t head = 0; head < config_.n_kv_heads; ++head) {
        const std::size_t at = (row * config_.n_kv_heads + head) * d_head;
        float* key = work_.k.data() + at;
        kernels_.rotate_head(key, cosines, sines, d_head);
        float* keys = page.keys(layer, head);
        for (std::size_t d = 0; d < d_head; ++d) keys[d * page_positions + slot] = key[d];
        std::copy_n(work_.v.data() + at, d_head, page.values(layer, head) + slot * value_stride);
      }
    });
  }

  /// Shares out (chunk, key head, group of queries); the queries of one key head go over its keys together.
  void attend(const Team& team, std::size_t layer) const noexcept {
    const std::size_t group = config_.n_heads / config_.n_kv_heads;
    std::size_t turn = 0;
    for (std::size_t c = 0; c < chunks_.size(); ++c) {
      const std::size_t n_queries = chunks_[c].tokens.size() * group;
      for (std::size_t head = 0; head < config_.n_kv_heads; ++head)
        for (std::size_t first = 0; first < n_queries; first += attention_queries)
          if (turn++ % team.size == team.rank)
            attend_group(team.rank, layer, c, head, first, std::min(first + attention_queries, n_queries));
    }
  }

  void attend_group(std::size_t rank, std::size_t layer, std::size_t chunk, std::size_t kv_head, std::size_t first,
                    std::size_t last) const noexcept {
    const std::size_t group = config_.n_heads / config_.n_kv_heads;
    const std::size_t window = block(layer).window;
    const auto first_key = [&](std::size_t position) {
      return window == 0 || position < window ? 0 : position + 1 - window;
    };
    // Blocks before the first query's window are out of every query's sight.
    const std::size_t first_block = first_key(rows_[chunk_rows_[chunk] + first / group].position) / page_positions;
    const std::size_t begin = first_block * page_positions;
    AttentionTask task;
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t row = chunk_rows_[chunk] + i / group;
      const std::size_t head = kv_head * group + i % group;
      task.queries[task.n_queries] = work_.q.data() + (row * config_.n_heads + head) * config_.d_head;
      task.outputs[task.n_queries] = work_.mixed.row(row) + head * config_.d_head;
      task.first_keys[task.n_queries] = first_key(rows_[row].position) - begin;
      task.n_keys[task.n_queries++] = rows_[row].position + 1 - begin;
    }
    const auto& pages = chunks_[chunk].cache->pages();
    const std::size_t n_blocks = ceil_div(task.n_keys[task.n_queries - 1], page_positions);
    for (std::size_t b = 0; b < n_blocks; ++b) {
      work_.key_blocks[rank][b] = pages[first_block + b]->keys(layer, kv_head);
      work_.value_blocks[rank][b] = pages[first_block + b]->values(layer, kv_head);
    }
    task.d_head = config_.d_head;
    task.key_blocks = work_.key_blocks[rank].data();
    task.value_blocks = work_.value_blocks[rank].data();
    task.scores = work_.scores[rank].data();
    task.score_stride = round_up(longest_, tile_width);
    kernels_.attend(task);
  }

  /// Normalizes and multiplies only the rows that somebody asked for, a block at a time.
  void logits(const Team& team) noexcept {
    const std::size_t vocab = config_.vocab_size;
    ActivationForms forms;
    forms.add(model_.lm_head.wanted_form());
    for (std::size_t begin = 0; begin < wanted_.size(); begin += logits_block) {
      const std::size_t n = std::min(logits_block, wanted_.size() - begin);
      team.barrier();
      if (team.rank == 0) work_.selected.resize(n, config_.d_model, forms);
      team.barrier();
      const Range mine = team.slice(n);
      for (std::size_t i = mine.begin; i < mine.end; ++i) {
        kernels_.rms_norm(residual(wanted_[begin + i]), model_.final_norm.data(), config_.d_model, config_.norm_eps,
                          work_.selected.row(i));
        work_.selected.quantize_row(kernels_, i, forms);
      }
      team.barrier();
      apply(team, model_.lm_head, work_.selected, work_.logits);
      team.barrier();
      for (std::size_t i = mine.begin; i < mine.end; ++i) consume_(begin + i, {work_.logits.data() + i * vocab, vocab});
    }
  }

  const Transformer& model_;
  const ModelConfig& config_;
  const KernelTable& kernels_;
  std::span<const SequenceChunk> chunks_;
  Workspace& work_;
  const LogitsConsumer& consume_;
  std::vector<Row> rows_;
  std::vector<std::size_t> chunk_rows_;  ///< the first row of each chunk
  std::vector<std::size_t> wanted_;      ///< rows whose logits are wanted
  std::size_t longest_ = 0;
};

inline void Transformer::forward(std::span<const SequenceChunk> chunks, std::size_t n_threads, Workspace& work,
                                 const LogitsConsumer& consume) const {
  ForwardPass pass(*this, chunks, n_threads, work, consume);
  run_team(n_threads, [&](const Team& team) { pass.run(team); });
}

}  // namespace quantlens::inline v0_1
