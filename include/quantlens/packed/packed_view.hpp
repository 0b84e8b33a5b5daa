/// What kernels see of a matrix: plain pointers and sizes, the same for every ISA.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quantlens/packed/layout.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Outputs in a tile of weights, keys in a block of the key cache.
inline constexpr std::size_t tile_width = 16;
/// Bytes in a line of packed codes: four codes of each output of a tile, before folding.
inline constexpr std::size_t line_bytes = 64;
inline constexpr std::size_t quads_per_run = run_length / 4;
/// Rows of float activations that meet a tile of weights together: a run of them and of their sums stays in the first
/// cache, all of their inputs in the second.
inline constexpr std::size_t panel_rows = 128;

[[nodiscard]] constexpr std::size_t ceil_div(std::size_t n, std::size_t by) noexcept { return (n + by - 1) / by; }
[[nodiscard]] constexpr std::size_t round_up(std::size_t n, std::size_t to) noexcept { return ceil_div(n, to) * to; }

/// What a kernel sees of a packed matrix [rows, cols].
/// Shapes: codes [n_tiles, n_runs, Bits * 64]; scales and offsets [n_tiles, n_groups, 16]; no offsets when symmetric.
/// Layouts with two groups a run: scales and offsets [n_tiles, n_runs, 2, 16], runs_per_group 1, n_groups 2 * n_runs.
/// Rows beyond the last have scale and offset 0; inputs beyond the last have code 0, whatever
/// that stands for, and meet activations that are 0.
struct StreamedView {
  const std::uint8_t* codes = nullptr;
  const float* scales = nullptr;
  const float* offsets = nullptr;
  std::size_t rows = 0, cols = 0;
  std::size_t n_tiles = 0, n_runs = 0, n_groups = 0, runs_per_group = 0;
};

/// What a kernel sees of an unquantized matrix. Shape of values: [n_tiles, round_up(cols, 32), 16], padded with 0.
template <class T>
struct DenseView {
  const T* values = nullptr;
  std::size_t rows = 0, cols = 0;
  std::size_t n_tiles = 0, n_runs = 0;
};

/// Rows of activations as int8 codes: value = scale * code, one scale a run of 32.
/// Shapes: codes [n_rows, n_runs * 32]; scales and sums [n_rows, n_runs]; sums holds the sum of a run's codes.
struct Q8View {
  const std::int8_t* codes = nullptr;
  const float* scales = nullptr;
  const std::int32_t* sums = nullptr;
  std::size_t n_rows = 0, n_runs = 0;
};

/// Rows of float activations: input i of row r is values[i / 32 * run_stride + r * row_stride + i % 32]. Rows are
/// readable, and 0, up to a multiple of 32 inputs.
struct F32View {
  const float* values = nullptr;
  std::size_t n_rows = 0, row_stride = 0, run_stride = run_length;
};

/// Where a matmul writes: y[row * stride + output].
struct OutputView {
  float* values = nullptr;
  std::size_t stride = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
