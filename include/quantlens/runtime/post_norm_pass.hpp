/// One pass over a stack of post-norm layers: what each member of the team computes between two barriers.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/kernels/attention_task.hpp"
#include "quantlens/runtime/post_norm_stack.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Keys and values of all tokens of some texts, head by head in the blocks that the attention kernel reads. Slots
/// behind a text's last token stay zero.
class KeyBlocks {
 public:
  /// Shape of starts: [n_texts + 1].
  KeyBlocks(std::span<const std::size_t> starts, std::size_t n_heads, std::size_t d_head)
      : n_heads_(n_heads), d_head_(d_head), starts_(starts.begin(), starts.end()) {
    std::size_t n_blocks = 0;
    for (std::size_t t = 0; t + 1 < starts_.size(); ++t) {
      first_blocks_.push_back(n_blocks);
      n_blocks += ceil_div(length(t), tile_width);
      longest_ = std::max(longest_, length(t));
      text_of_row_.insert(text_of_row_.end(), length(t), t);
    }
    keys_.require(n_blocks * n_heads * key_size());
    values_.require(n_blocks * n_heads * value_size());
  }

  [[nodiscard]] std::size_t length(std::size_t text) const noexcept { return starts_[text + 1] - starts_[text]; }
  [[nodiscard]] std::size_t longest() const noexcept { return longest_; }
  [[nodiscard]] std::size_t n_rows() const noexcept { return text_of_row_.size(); }

  /// Shapes: keys and values of one token, [n_heads, d_head].
  void store(std::size_t row, const float* keys, const float* values) noexcept {
    const std::size_t text = text_of_row_[row], position = row - starts_[text], slot = position % tile_width;
    for (std::size_t head = 0; head < n_heads_; ++head) {
      const std::size_t block = index(text, head, position / tile_width);
      float* key = keys_.data() + block * key_size() + slot;
      for (std::size_t d = 0; d < d_head_; ++d) key[d * tile_width] = keys[head * d_head_ + d];
      std::copy_n(values + head * d_head_, d_head_,
                  values_.data() + block * value_size() + slot * round_up(d_head_, tile_width));
    }
  }

  [[nodiscard]] const float* keys(std::size_t text, std::size_t head, std::size_t block) const noexcept {
    return keys_.data() + index(text, head, block) * key_size();
  }
  [[nodiscard]] const float* values(std::size_t text, std::size_t head, std::size_t block) const noexcept {
    return values_.data() + index(text, head, block) * value_size();
  }

 private:
  [[nodiscard]] std::size_t key_size() const noexcept { return d_head_ * tile_width; }
  [[nodiscard]] std::size_t value_size() const noexcept { return tile_width * round_up(d_head_, tile_width); }
  [[nodiscard]] std::size_t index(std::size_t text, std::size_t head, std::size_t block) const noexcept {
    return (first_blocks_[text] + block) * n_heads_ + head;
  }

  std::size_t n_heads_, d_head_, longest_ = 0;
  std::vector<std::size_t> starts_, first_blocks_, text_of_row_;
  AlignedBuffer<float> keys_, values_;
};

/// Members share it; each step ends at a barrier where others need what it wrote.
class PostNormPass {
 public:
  PostNormPass(const PostNormStack& stack, const TokenBatch& batch, const StackOptions& options,
               const SourceStates* source)
      : stack_(stack),
        config_(stack.config),
        kernels_(*stack.kernels),
        batch_(batch),
        options_(options),
        source_(source),
        own_(batch.starts, config_.n_heads, config_.d_head()) {
    std::size_t most_keys = own_.longest(), most_rows = n_rows();
    if (source_ != nullptr) {
      sources_.emplace(source_->starts, config_.n_heads, config_.d_head());
      most_keys = std::max(most_keys, sources_->longest());
      most_rows = std::max(most_rows, sources_->n_rows());
    }
    states_.resize(n_rows(), config_.d_model);
    mixed_.resize(n_rows(), config_.d_model);
    hidden_.resize(n_rows(), config_.d_ff);
    queries_.require(n_rows() * config_.d_model);
    projected_.require(n_rows() * config_.d_model);
    keys_.require(most_rows * config_.d_model);
    values_.require(most_rows * config_.d_model);
    up_.require(n_rows() * config_.d_ff);
    scratch_.resize(options.threads);
    for (Scratch& mine : scratch_) {
      mine.linear.require(std::max(config_.d_model, config_.d_ff));
      mine.scores.require(attention_queries * round_up(most_keys, tile_width));
      mine.key_blocks.resize(ceil_div(most_keys, tile_width));
      mine.value_blocks.resize(ceil_div(most_keys, tile_width));
    }
  }

  void run(const Team& team) noexcept {
    embed(team);
    visit(team, 0);
    for (std::size_t i = 0; i < std::min(options_.n_layers, stack_.layers.size()); ++i) {
      const PostNormLayer& layer = stack_.layers[i];
      attend(team, layer.self, states_, own_);
      if (layer.cross) attend(team, *layer.cross, source_->states, *sources_);
      mlp(team, layer);
      visit(team, i + 1);
    }
  }

  [[nodiscard]] Activations take_states() { return std::move(states_); }

 private:
  struct Scratch {
    LinearScratch linear;
    AlignedBuffer<float> scores;
    std::vector<const float*> key_blocks, value_blocks;
  };

  [[nodiscard]] std::size_t n_rows() const noexcept { return batch_.tokens.size(); }

  template <class F>
  static void for_rows(const Team& team, std::size_t n, F&& f) noexcept {
    const Range rows = team.slice(n);
    for (std::size_t row = rows.begin; row < rows.end; ++row) f(row);
  }

  void apply(const Team& team, const AnyLinear& linear, const Activations& x, AlignedBuffer<float>& y) noexcept {
    linear.apply(team, x, {y.data(), linear.rows()}, scratch_[team.rank].linear);
  }

  void norm(std::size_t row, const NormVectors& vectors) noexcept {
    kernels_.layer_norm(states_.row(row), vectors.weight.data(), vectors.bias.data(), config_.d_model, config_.norm_eps,
                        states_.row(row));
  }

  void embed(const Team& team) noexcept {
    for_rows(team, batch_.size(), [&](std::size_t text) {
      for (std::size_t row = batch_.starts[text]; row < batch_.starts[text + 1]; ++row) {
        float* state = states_.row(row);
        float* position = projected_.data() + row * config_.d_model;
        stack_.embed.decode_row(static_cast<std::size_t>(batch_.tokens[row]), {state, config_.d_model});
        if (config_.embed_scale != 1.0f)
          for (std::size_t c = 0; c < config_.d_model; ++c) state[c] *= config_.embed_scale;
        if (!stack_.type.empty()) kernels_.add_to(stack_.type.data(), config_.d_model, state);
        stack_.positions.decode_row(config_.first_position + row - batch_.starts[text], {position, config_.d_model});
        kernels_.add_to(position, config_.d_model, state);
        norm(row, stack_.embed_norm);
      }
    });
    team.barrier();
  }

  /// One member lets the caller see the states while the others wait.
  void visit(const Team& team, std::size_t n_layers) noexcept {
    if (!options_.visit) return;
    if (team.rank == 0) options_.visit(n_layers, states_);
    team.barrier();
  }

  /// `from` is what keys and values are made of, `blocks` where they are put.
  void attend(const Team& team, const AttentionPart& part, const Activations& from, KeyBlocks& blocks) noexcept {
    apply(team, part.q, states_, queries_);
    apply(team, part.k, from, keys_);
    apply(team, part.v, from, values_);
    team.barrier();
    const float scale = 1.0f / std::sqrt(static_cast<float>(config_.d_head()));
    for_rows(team, n_rows(), [&](std::size_t row) {
      float* query = queries_.data() + row * config_.d_model;
      for (std::size_t c = 0; c < config_.d_model; ++c) query[c] *= scale;
    });
    for_rows(team, blocks.n_rows(), [&](std::size_t row) {
      blocks.store(row, keys_.data() + row * config_.d_model, values_.data() + row * config_.d_model);
    });
    team.barrier();
    mix(team, blocks);
    team.barrier();
    apply(team, part.o, mixed_, projected_);
    team.barrier();
    add_and_norm(team, part.norm);
  }

  /// Shares out (text, head, group of queries).
  void mix(const Team& team, const KeyBlocks& blocks) noexcept {
    std::size_t turn = 0;
    for (std::size_t text = 0; text < batch_.size(); ++text)
      for (std::size_t head = 0; head < config_.n_heads; ++head)
        for (std::size_t first = 0; first < own_.length(text); first += attention_queries)
          if (turn++ % team.size == team.rank)
            mix_group(scratch_[team.rank], blocks, text, head, first,
                      std::min(first + attention_queries, own_.length(text)));
  }

  void mix_group(Scratch& mine, const KeyBlocks& blocks, std::size_t text, std::size_t head, std::size_t first,
                 std::size_t last) noexcept {
    const bool looks_at_source = &blocks != &own_;
    const std::size_t keys_of = looks_at_source ? source_->of_text[text] : text;
    const bool is_causal = config_.is_decoder && !looks_at_source;
    const std::size_t column = head * config_.d_head();
    AttentionTask task;
    for (std::size_t position = first; position < last; ++position) {
      const std::size_t row = batch_.starts[text] + position;
      task.queries[task.n_queries] = queries_.data() + row * config_.d_model + column;
      task.outputs[task.n_queries] = mixed_.row(row) + column;
      task.n_keys[task.n_queries++] = is_causal ? position + 1 : blocks.length(keys_of);
    }
    for (std::size_t b = 0; b < ceil_div(task.n_keys[task.n_queries - 1], tile_width); ++b) {
      mine.key_blocks[b] = blocks.keys(keys_of, head, b);
      mine.value_blocks[b] = blocks.values(keys_of, head, b);
    }
    task.d_head = config_.d_head();
    task.key_blocks = mine.key_blocks.data();
    task.value_blocks = mine.value_blocks.data();
    task.scores = mine.scores.data();
    task.score_stride = mine.scores.size() / attention_queries;
    kernels_.attend(task);
  }

  void mlp(const Team& team, const PostNormLayer& layer) noexcept {
    apply(team, layer.up, states_, up_);
    team.barrier();
    for_rows(team, n_rows(), [&](std::size_t row) {
      kernels_.gelu_exact(up_.data() + row * config_.d_ff, config_.d_ff, hidden_.row(row));
    });
    team.barrier();
    apply(team, layer.down, hidden_, projected_);
    team.barrier();
    add_and_norm(team, layer.norm);
  }

  void add_and_norm(const Team& team, const NormVectors& vectors) noexcept {
    for_rows(team, n_rows(), [&](std::size_t row) {
      kernels_.add_to(projected_.data() + row * config_.d_model, config_.d_model, states_.row(row));
      norm(row, vectors);
    });
    team.barrier();
  }

  const PostNormStack& stack_;
  const StackConfig& config_;
  const KernelTable& kernels_;
  const TokenBatch& batch_;
  const StackOptions& options_;
  const SourceStates* source_;
  KeyBlocks own_;
  std::optional<KeyBlocks> sources_;
  Activations states_, mixed_, hidden_;
  AlignedBuffer<float> queries_, keys_, values_, projected_, up_;
  std::vector<Scratch> scratch_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
