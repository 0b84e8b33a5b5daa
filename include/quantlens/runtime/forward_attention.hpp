/// The forward pass's attention: rotation, the cache, softmax over keys and values, and patterns that hooks look at.
#pragma once

#include <algorithm>
#include <cmath>

#include "quantlens/runtime/forward_pass.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

inline void ForwardPass::visit_pattern(const Team& team, std::size_t layer) noexcept {
  if (!looks_at(HookPoint::pattern, layer)) return;
  if (team.rank == 0) work_.pattern_before = work_.pattern;
  visit(team, HookPoint::pattern, layer, {work_.pattern.data(), rows_.size(), pattern_width()});
  for_rows(team, [&](std::size_t row) {
    for (std::size_t head = 0; head < config_.n_heads; ++head) {
      const float* weights = work_.pattern.data() + row * pattern_width() + head * longest_;
      const float* before = work_.pattern_before.data() + row * pattern_width() + head * longest_;
      if (!std::equal(weights, weights + longest_, before)) read_values(layer, row, head, weights);
    }
  });
  team.barrier();
}

inline void ForwardPass::read_values(std::size_t layer, std::size_t row, std::size_t head,
                                     const float* weights) const noexcept {
  const std::size_t kv_head = head / (config_.n_heads / config_.n_kv_heads);
  const std::size_t stride = round_up(config_.d_head, tile_width);
  const auto& pages = chunks_[rows_[row].chunk].cache->pages();
  float* out = work_.mixed.row(row) + head * config_.d_head;
  std::fill_n(out, config_.d_head, 0.0f);
  for (std::size_t k = 0; k <= rows_[row].position; ++k) {
    const float* value = pages[k / page_positions]->values(layer, kv_head) + k % page_positions * stride;
    for (std::size_t d = 0; d < config_.d_head; ++d) out[d] += weights[k] * value[d];
  }
}

inline void ForwardPass::norm_heads(std::size_t layer, BlockNorm norm, float* heads,
                                    std::size_t n_heads) const noexcept {
  const std::size_t width = record_.qk_norm == QkNorm::heads ? config_.d_head : n_heads * config_.d_head;
  for (std::size_t at = 0; at < n_heads * config_.d_head; at += width)
    model_.norm_row(heads + at, block(layer).norms[norm], block(layer).norm_biases[norm], width, heads + at);
}

inline void ForwardPass::rotate_and_store(const Team& team, std::size_t layer) const noexcept {
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

inline void ForwardPass::rotate(float* head, std::size_t position) const noexcept {
  if (record_.positions == Positions::rotary)
    kernels_.rotate_head(head, work_.rope.cosines(position), work_.rope.sines(position), config_.d_head);
}

inline void ForwardPass::attend(const Team& team, std::size_t layer) const noexcept {
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

inline void ForwardPass::attend_group(std::size_t rank, std::size_t layer, std::size_t chunk, std::size_t kv_head,
                                      std::size_t first, std::size_t last) const noexcept {
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
    task.queries[task.n_queries] = work_.output(BlockPart::q).data() + (row * config_.n_heads + head) * config_.d_head;
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
  if (!looks_at(HookPoint::pattern, layer)) return;
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t row = chunk_rows_[chunk] + i / group;
    const float* weights = task.scores + (i - first) * task.score_stride;
    std::copy_n(weights, rows_[row].position + 1 - begin,
                work_.pattern.data() + row * pattern_width() + (kv_head * group + i % group) * longest_ + begin);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
