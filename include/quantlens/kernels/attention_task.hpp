/// What the attention kernel is asked to do: plain pointers and sizes, the same for every ISA.
#pragma once

#include <cstddef>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Queries that share one pass over keys and values.
inline constexpr std::size_t attention_queries = 4;

/// Shapes: queries[i] -> [d_head], already scaled by 1 / sqrt(d_head); keys [first_keys[i], n_keys[i]), at least one,
/// are visible to query i, n_keys ascending in i; key_blocks[b] -> [d_head][16 keys]; value_blocks[b] -> [16
/// keys][v_stride], v_stride = d_head rounded up to 16, zero beyond d_head; outputs[i] -> [d_head]; scores: scratch,
/// [n_queries][score_stride], score_stride >= n_keys rounded up to 16. Keys beyond the last written one are readable.
struct AttentionTask {
  const float* queries[attention_queries] = {};
  float* outputs[attention_queries] = {};
  std::size_t first_keys[attention_queries] = {};
  std::size_t n_keys[attention_queries] = {};
  std::size_t n_queries = 0;
  std::size_t d_head = 0;
  const float* const* key_blocks = nullptr;
  const float* const* value_blocks = nullptr;
  float* scores = nullptr;
  std::size_t score_stride = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
