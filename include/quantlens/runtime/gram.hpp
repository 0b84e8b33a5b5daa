/// X^T X of calibration inputs by the dense matmul kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/quant/hessian.hpp"

namespace quantlens::inline v0_1 {

namespace gram_detail {

/// Tokens that are multiplied at a time: long enough to amortise the double additions, short enough for the cache, and
/// short enough for their products to be summed in float.
inline constexpr std::size_t chunk_tokens = 256;

/// A chunk of tokens by channels, and in the tiles that kernels read weights in. Shapes: rows [n_in, 256], tiles
/// [n_in / 16 rounded up][256][16]; tokens and channels that are not there are 0.
struct Chunk {
  AlignedBuffer<float> rows, tiles;

  explicit Chunk(std::size_t n_in)
      : rows(round_up(n_in, tile_width) * chunk_tokens), tiles(round_up(n_in, tile_width) * chunk_tokens) {}

  void load(MatrixView<const float> x, std::size_t first, Range channels) {
    for (std::size_t t = 0; t < chunk_tokens; ++t) {
      const bool there = first + t < x.rows;
      for (std::size_t i = channels.begin; i < channels.end; ++i) {
        const float value = there ? x(first + t, i) : 0.0f;
        rows[i * chunk_tokens + t] = value;
        tiles[((i / tile_width) * chunk_tokens + t) * tile_width + i % tile_width] = value;
      }
    }
  }
};

}  // namespace gram_detail

/// The Hessian of rows x [n, n_in]. Numerics: products of 256 tokens are summed in float, those sums in double; the
/// same bits for any number of threads.
[[nodiscard]] inline Hessian hessian_of(MatrixView<const float> x, const KernelTable& kernels, std::size_t n_threads) {
  using gram_detail::chunk_tokens;
  const std::size_t n_in = x.cols, n_tiles = ceil_div(n_in, tile_width);
  Hessian hessian(n_in);
  gram_detail::Chunk chunk(n_in);
  run_team(n_threads, [&](const Team& team) {
    AlignedBuffer<float> products(n_in * tile_width), sums(n_in * tile_width);
    const Range channels = team.slice(n_in);
    for (std::size_t first = 0; first < x.rows; first += chunk_tokens) {
      chunk.load(x, first, channels);
      team.barrier();
      // The products are symmetric: a tile meets the channels from its own first one on. Tiles take turns, because
      // later ones have less to do.
      for (std::size_t tile = team.rank; tile < n_tiles; tile += team.size) {
        const std::size_t from = tile * tile_width;
        const F32View rows{chunk.rows.data() + from * chunk_tokens, n_in - from, chunk_tokens};
        const DenseView<float> weights{chunk.tiles.data() + from * chunk_tokens, std::min(tile_width, n_in - from),
                                       chunk_tokens, 1, chunk_tokens / run_length};
        kernels.dense_f32(weights, rows, {products.data(), tile_width}, 0, 1, sums.data());
        for (std::size_t i = from; i < n_in; ++i)
          for (std::size_t j = 0; j < std::min(tile_width, i - from + 1); ++j)
            hessian.gram()(i, from + j) += static_cast<double>(products[(i - from) * tile_width + j]);
      }
      team.barrier();
    }
  });
  for (std::size_t i = 0; i < n_in; ++i)
    for (std::size_t j = 0; j < i; ++j) hessian.gram()(j, i) = hessian.gram()(i, j);
  hessian.count_rows(x.rows);
  return hessian;
}

}  // namespace quantlens::inline v0_1
