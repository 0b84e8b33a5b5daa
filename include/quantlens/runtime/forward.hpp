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
        record_(*model.record),
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
    for (std::size_t layer = 0; layer < model_.blocks.size(); ++layer)
      for (const BlockStep& step : model_.steps) run_step(team, layer, step);
    logits(team);
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
        return add_projected(team);
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

  void multiply(const Team& team, std::size_t layer, const BlockStep& step) const noexcept {
    for (const BlockPart part : step.parts) apply(team, block(layer)[part], work_.input(part), work_.output(part));
    team.barrier();
  }

  void attention(const Team& team, std::size_t layer, const BlockStep& step) noexcept {
    rotate_and_store(team, layer);
    team.barrier();
    attend(team, layer);
    team.barrier();
    const ActivationForms forms = block(layer).forms_of(step.parts);
    if (!forms.any()) return;
    for_rows(team, [&](std::size_t row) { work_.mixed.quantize_row(kernels_, row, forms); });
    team.barrier();
  }

  void activate(const Team& team, std::size_t layer, const BlockStep& step) const noexcept {
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
  }

  /// Each member its own rows, as in add_projected: no barrier.
  void norm_projected(const Team& team, std::size_t layer, const BlockStep& step) const noexcept {
    for_rows(team, [&](std::size_t row) {
      float* projected = work_.projected.data() + row * config_.d_model;
      model_.norm_row(projected, block(layer).norms[step.norm], block(layer).norm_biases[step.norm], config_.d_model,
                      projected);
    });
  }

  void add_projected(const Team& team) const noexcept {
    for_rows(team, [&](std::size_t row) {
      kernels_.add_to(work_.projected.data() + row * config_.d_model, config_.d_model, residual(row));
    });
  }

  /// Queries or keys of one row, before they are rotated. Shape of heads: [n_heads, d_head].
  void norm_heads(std::size_t layer, BlockNorm norm, float* heads, std::size_t n_heads) const noexcept {
    const std::size_t width = record_.qk_norm == QkNorm::heads ? config_.d_head : n_heads * config_.d_head;
    for (std::size_t at = 0; at < n_heads * config_.d_head; at += width)
      model_.norm_row(heads + at, block(layer).norms[norm], block(layer).norm_biases[norm], width, heads + at);
  }

  /// Norms and rotates queries and keys, scales queries, and writes keys and values into their pages.
  void rotate_and_store(const Team& team, std::size_t layer) const noexcept {
    const std::size_t d_head = config_.d_head;
    const float query_scale = 1.0f / std::sqrt(static_cast<float>(d_head));
    for_rows(team, [&](std::size_t row) {
      const std::size_t position = rows_[row].position;
      float* queries = work_.output(BlockPart::q).data() + row * config_.n_heads * d_head;
      float* keys = work_.output(BlockPart::k).data() + row * config_.n_kv_heads * d_head;
      if (record_.qk_norm != QkNorm::none) {
        norm_heads(layer, BlockNorm::q, queries, config_.n_heads);
        norm_heads(layer, BlockNorm::k, keys, config_.n_kv_heads);
      }
      for (std::size_t head = 0; head < config_.n_heads; ++head) {
        float* query = queries + head * d_head;
        rotate(query, position);
        for (std::size_t d = 0; d < d_head; ++d) query[d] *= query_scale;
      }
      KvPage& page = *chunks_[rows_[row].chunk].cache->pages()[position / page_positions];
      const std::size_t slot = position % page_positions;
      const std::size_t value_stride = round_up(d_head, tile_width);
      for (std::size_t head = 0; head < config_.n_kv_heads; ++head) {
        float* key = keys + head * d_head;
        rotate(key, position);
        float* page_keys = page.keys(layer, head);
        for (std::size_t d = 0; d < d_head; ++d) page_keys[d * page_positions + slot] = key[d];
        std::copy_n(work_.output(BlockPart::v).data() + (row * config_.n_kv_heads + head) * d_head, d_head,
                    page.values(layer, head) + slot * value_stride);
      }
    });
  }

  void rotate(float* head, std::size_t position) const noexcept {
    if (record_.positions == Positions::rotary)
      kernels_.rotate_head(head, work_.rope.cosines(position), work_.rope.sines(position), config_.d_head);
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
      task.queries[task.n_queries] =
          work_.output(BlockPart::q).data() + (row * config_.n_heads + head) * config_.d_head;
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
        model_.norm_row(residual(wanted_[begin + i]), model_.final_norm, model_.final_norm_bias, config_.d_model,
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
  const Architecture& record_;
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
