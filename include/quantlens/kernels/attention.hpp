/// Causal attention of a few queries of one head over cached keys and values.
///
/// Keys lie in blocks of sixteen at absolute positions, so a query's sums run in the same order however the prompt was
/// cut into chunks or shared between sequences. A block before a query's window adds zeros, which change no sum.
#pragma once

#include <algorithm>
#include <cstddef>

#include "quantlens/isa/instructions.hpp"
#include "quantlens/kernels/attention_task.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Scores of queries [first, first + N) against one block of keys, in four interleaved chains over d_head.
template <class Isa, std::size_t N>
QUANTLENS_ALWAYS_INLINE void score_block(const AttentionTask& task, std::size_t first, const float* keys,
                                         std::size_t block) {
  using F32 = F32x16<Isa>;
  constexpr std::size_t chains = 4;
  F32 sum[N][chains];
  for (std::size_t q = 0; q < N; ++q)
    for (std::size_t c = 0; c < chains; ++c) sum[q][c] = F32::zero();
  std::size_t d = 0;
  for (; d + chains <= task.d_head; d += chains)
    for (std::size_t c = 0; c < chains; ++c) {
      const F32 key = F32::load(keys + (d + c) * tile_width);
      for (std::size_t q = 0; q < N; ++q)
        sum[q][c] = mul_add(F32::broadcast(task.queries[first + q][d + c]), key, sum[q][c]);
    }
  for (; d < task.d_head; ++d) {
    const F32 key = F32::load(keys + d * tile_width);
    for (std::size_t q = 0; q < N; ++q) sum[q][0] = mul_add(F32::broadcast(task.queries[first + q][d]), key, sum[q][0]);
  }
  for (std::size_t q = 0; q < N; ++q)
    ((sum[q][0] + sum[q][1]) + (sum[q][2] + sum[q][3]))
        .store(task.scores + (first + q) * task.score_stride + block * tile_width);
}

/// Turns one query's scores into weights that sum to 1; keys outside [first_key, n_keys) get weight 0.
template <class Isa>
QUANTLENS_ALWAYS_INLINE void softmax_visible(float* scores, std::size_t first_key, std::size_t n_keys,
                                             std::size_t n_blocks) {
  using F32 = F32x16<Isa>;
  float largest = scores[first_key];
  for (std::size_t k = first_key + 1; k < n_keys; ++k) largest = scores[k] > largest ? scores[k] : largest;
  for (std::size_t k = 0; k < first_key; ++k) scores[k] = largest;
  for (std::size_t k = n_keys; k < n_blocks * tile_width; ++k) scores[k] = largest;
  const F32 shift = F32::broadcast(largest);
  F32 total = F32::zero();
  const std::size_t whole = n_keys / tile_width;
  for (std::size_t b = 0; b < n_blocks; ++b) {
    float* block = scores + b * tile_width;
    exp(F32::load(block) - shift).store(block);
    for (std::size_t k = b * tile_width; k < first_key && k < (b + 1) * tile_width; ++k) scores[k] = 0.0f;
    if (b >= whole) {
      const std::size_t visible = b == whole ? n_keys % tile_width : 0;
      for (std::size_t k = visible; k < tile_width; ++k) block[k] = 0.0f;
    }
    total = total + F32::load(block);
  }
  const F32 inverse = F32::broadcast(1.0f / reduce_add(total));
  for (std::size_t b = 0; b < n_blocks; ++b)
    (F32::load(scores + b * tile_width) * inverse).store(scores + b * tile_width);
}

/// outputs[q][first .. first + 16 V) = sum over keys of weight * value, for N queries.
template <class Isa, std::size_t N, std::size_t V>
QUANTLENS_ALWAYS_INLINE void mix_values(const AttentionTask& task, std::size_t first, std::size_t n_blocks) {
  using F32 = F32x16<Isa>;
  const std::size_t v_stride = round_up(task.d_head, tile_width);
  F32 sum[N][V];
  for (std::size_t q = 0; q < N; ++q)
    for (std::size_t v = 0; v < V; ++v) sum[q][v] = F32::zero();
  for (std::size_t b = 0; b < n_blocks; ++b)
    for (std::size_t k = 0; k < tile_width; ++k) {
      const float* value = task.value_blocks[b] + k * v_stride + first;
      for (std::size_t v = 0; v < V; ++v) {
        const F32 lanes = F32::load(value + v * tile_width);
        for (std::size_t q = 0; q < N; ++q)
          sum[q][v] =
              mul_add(F32::broadcast(task.scores[q * task.score_stride + b * tile_width + k]), lanes, sum[q][v]);
      }
    }
  for (std::size_t q = 0; q < N; ++q)
    for (std::size_t v = 0; v < V; ++v)
      sum[q][v].store_first(task.outputs[q] + first + v * tile_width, task.d_head - first - v * tile_width);
}

template <class Isa, std::size_t N>
QUANTLENS_ALWAYS_INLINE void attend_queries(const AttentionTask& task) {
  // Keys that only other queries of the group see have weight 0, which adds nothing.
  const std::size_t n_blocks = ceil_div(task.n_keys[N - 1], tile_width);
  for (std::size_t b = 0; b < n_blocks; ++b) {
    if constexpr (4 * N <= Isa::sums_in_registers)
      score_block<Isa, N>(task, 0, task.key_blocks[b], b);
    else
      for (std::size_t q = 0; q < N; ++q) score_block<Isa, 1>(task, q, task.key_blocks[b], b);
  }
  for (std::size_t q = 0; q < N; ++q)
    softmax_visible<Isa>(task.scores + q * task.score_stride, task.first_keys[q], task.n_keys[q], n_blocks);
  std::size_t first = 0;
  constexpr std::size_t wide = std::max<std::size_t>(1, std::min<std::size_t>(4, Isa::sums_in_registers / N));
  for (; first + wide * tile_width <= task.d_head; first += wide * tile_width)
    mix_values<Isa, N, wide>(task, first, n_blocks);
  for (; first < task.d_head; first += tile_width) mix_values<Isa, N, 1>(task, first, n_blocks);
}

/// Softmax(q K^T) V for up to four queries, each over the keys that it may see.
template <class Isa>
void attend(const AttentionTask& task) noexcept {
  switch (task.n_queries) {
    case 1:
      return attend_queries<Isa, 1>(task);
    case 2:
      return attend_queries<Isa, 2>(task);
    case 3:
      return attend_queries<Isa, 3>(task);
    case 4:
      return attend_queries<Isa, 4>(task);
    default:
      return;
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
