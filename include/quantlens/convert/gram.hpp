/// X^T X of calibration inputs by the dense matmul kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/kernels/kernel_table.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/quant/hessian.hpp"
#include "quantlens/runtime/linear.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace gram_detail {

/// Tokens that are multiplied at a time: long enough to amortise the double additions, short enough for the cache, and
/// short enough for their products to be summed in float.
inline constexpr std::size_t chunk_tokens = 256;
inline constexpr std::size_t chunk_runs = chunk_tokens / run_length;

/// A chunk of tokens by channels, in panels, and in the tiles that kernels read weights in. Shapes: panels [n_in / 128
/// rounded up][8][128][32], tiles [n_in / 16 rounded up][256][16]; tokens and channels that are not there are 0.
struct Chunk {
  AlignedBuffer<float> panels, tiles;

  explicit Chunk(std::size_t n_in)
      : panels(round_up(n_in, panel_rows) * chunk_tokens), tiles(round_up(n_in, tile_width) * chunk_tokens) {}

  /// Channels [begin, end), which are of one panel, as rows of activations.
  [[nodiscard]] F32View channels(std::size_t begin, std::size_t end) const noexcept {
    return {panels.data() + panel_place(begin, 0), end - begin, run_length, panel_rows * run_length};
  }

  /// Channels [first, first + n) of one tile as weights.
  [[nodiscard]] DenseView<float> tile(std::size_t first, std::size_t n) const noexcept {
    return {tiles.data() + first * chunk_tokens, n, chunk_tokens, 1, chunk_runs};
  }

  /// Tokens from `first` on, for the channels of one tile.
  void load(MatrixView<const float> x, std::size_t first, std::size_t tile) {
    const std::size_t channel = tile * tile_width, n = std::min(tile_width, x.cols - channel);
    for (std::size_t run = 0; run < chunk_runs; ++run) {
      float* rows = panels.data() + panel_place(channel, run);
      float* lines = tiles.data() + (channel * chunk_runs + run * tile_width) * run_length;
      for (std::size_t t = 0; t < run_length; ++t) {
        const std::size_t token = first + run * run_length + t;
        for (std::size_t c = 0; c < n; ++c) {
          const float value = token < x.rows ? x(token, channel + c) : 0.0f;
          rows[c * run_length + t] = value;
          lines[t * tile_width + c] = value;
        }
      }
    }
  }

 private:
  [[nodiscard]] static std::size_t panel_place(std::size_t channel, std::size_t run) noexcept {
    return ((channel / panel_rows * chunk_runs + run) * panel_rows + channel % panel_rows) * run_length;
  }
};

/// Products of the channels of each tile with all channels from the tile's first one on: the lower triangle of X^T X.
class LowerTiles {
 public:
  explicit LowerTiles(std::size_t n_in) : n_in_(n_in), sums_(start_of(ceil_div(n_in, tile_width))) {}

  /// Products of channels [begin, end) with those of the tile. Shape [end - begin, 16].
  void add(std::size_t tile, std::size_t begin, std::size_t end, const float* products) {
    double* sums = sums_.data() + start_of(tile) + (begin - tile * tile_width) * tile_width;
    for (std::size_t i = 0; i < (end - begin) * tile_width; ++i) sums[i] += static_cast<double>(products[i]);
  }

  /// Rows of the lower triangle, and their mirror image. Shape of gram: [n_in, n_in].
  void copy_rows(Range rows, MatrixView<double> gram) const {
    for (std::size_t i = rows.begin; i < rows.end; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        const std::size_t tile = j / tile_width;
        gram(j, i) = gram(i, j) = sums_[start_of(tile) + (i - tile * tile_width) * tile_width + j % tile_width];
      }
  }

 private:
  /// How much the tiles before this one hold: 16 columns of n_in, n_in - 16, ... rows.
  [[nodiscard]] std::size_t start_of(std::size_t tile) const noexcept {
    return tile_width * (tile * n_in_ - tile_width * (tile * (tile - 1) / 2));
  }

  std::size_t n_in_;
  AlignedBuffer<double> sums_;
};

}  // namespace gram_detail

/// The Hessian of rows x [n, n_in]. Numerics: products of 256 tokens are summed in float, those sums in double; the
/// same bits for any number of threads.
[[nodiscard]] inline Hessian hessian_of(MatrixView<const float> x, const KernelTable& kernels, std::size_t n_threads) {
  using gram_detail::chunk_tokens;
  const std::size_t n_in = x.cols, n_tiles = ceil_div(n_in, tile_width);
  Hessian hessian(n_in);
  gram_detail::LowerTiles sums(n_in);
  gram_detail::Chunk chunk(n_in);
  for (std::size_t first = 0; first < x.rows; first += chunk_tokens) {
    InterruptGuard::check();
    run_team(n_threads, [&](const Team& team) {
      AlignedBuffer<float> products(panel_rows * tile_width), scratch(panel_rows * tile_width);
      // Tiles take turns, because later ones meet fewer channels.
      for (std::size_t tile = team.rank; tile < n_tiles; tile += team.size) chunk.load(x, first, tile);
      team.barrier();
      for (std::size_t tile = team.rank; tile < n_tiles; tile += team.size) {
        const std::size_t from = tile * tile_width;
        const DenseView<float> weights = chunk.tile(from, std::min(tile_width, n_in - from));
        for (std::size_t begin = from, end; begin < n_in; begin = end) {
          end = std::min((begin / panel_rows + 1) * panel_rows, n_in);
          kernels.dense_f32(weights, chunk.channels(begin, end), {products.data(), tile_width}, 0, 1, scratch.data());
          sums.add(tile, begin, end, products.data());
        }
      }
    });
  }
  run_team(n_threads, [&](const Team& team) { sums.copy_rows(team.slice(n_in), hessian.gram()); });
  hessian.count_rows(x.rows);
  return hessian;
}

}  // namespace quantlens::inline QUANTLENS_ABI
