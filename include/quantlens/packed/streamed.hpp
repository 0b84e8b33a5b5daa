/// The order in which kernels read weights: tiles of sixteen outputs, made once when a matrix is loaded.
///
/// Packed codes: for each tile and each run of 32 inputs, `Bits` lines of 64 bytes. Byte 4 i + j of a decoded line
/// belongs to output i of the tile and input j of a quad; a run has eight such quads. How the eight are folded into the
/// lines is stated in `fold_run` and undone by kernels/decode.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/packed/packed_view.hpp"

namespace quantlens::inline v0_1 {

/// Owns what a StreamedView shows.
struct StreamedCodes {
  AlignedBuffer<std::uint8_t> codes;
  AlignedBuffer<float> scales, offsets;
  StreamedView view;
};

/// Folds the eight quads of a run, 64 codes each, into `Bits` lines.
template <int Bits>
void fold_run(const std::uint8_t (&quads)[quads_per_run][line_bytes], std::uint8_t* lines) {
  for (std::size_t q = 0; q < quads_per_run; ++q) {
    for (std::size_t b = 0; b < line_bytes; ++b) {
      const unsigned code = quads[q][b];
      const auto put = [&](std::size_t line, unsigned bits) {
        lines[line * line_bytes + b] = static_cast<std::uint8_t>(lines[line * line_bytes + b] | bits);
      };
      if constexpr (Bits == 8) {
        put(q, code);
      } else if constexpr (Bits >= 4) {
        // Four lines of nibbles: quads 0-3 low, 4-7 high. 5 bit: a fifth line holds bit 4 of quad q in its bit q.
        // 6 bit: two lines of bit pairs hold bits 4 and 5, quad q in line 4 + q mod 2.
        put(q % 4, (code & 15u) << (q < 4 ? 0 : 4));
        if constexpr (Bits == 5) put(4, (code >> 4) << q);
        if constexpr (Bits == 6) put(4 + q % 2, (code >> 4) << (2 * (q / 2)));
      } else {
        // Two lines of bit pairs: quad q in line q mod 2. A third line holds bit 2 of quad q in its bit q.
        put(q % 2, (code & 3u) << (2 * (q / 2)));
        if constexpr (Bits == 3) put(2, (code >> 2) << q);
      }
    }
  }
}

/// Reorders a canonical matrix for the kernels.
template <Layout L, int Bits>
[[nodiscard]] StreamedCodes stream(const PackedMatrix<L, Bits>& matrix) {
  StreamedView view;
  view.rows = matrix.rows();
  view.cols = matrix.cols();
  view.n_tiles = ceil_div(view.rows, tile_width);
  view.n_runs = ceil_div(view.cols, run_length);
  // Where runs hold two groups, a last run that ends after the first is filled up: with scale and offset 0.
  view.n_groups = L::groups_per_run == 1 ? matrix.n_groups() : L::groups_per_run * view.n_runs;
  view.runs_per_group = ceil_div(matrix.group_size(), run_length);

  StreamedCodes streamed;
  streamed.codes = AlignedBuffer<std::uint8_t>(view.n_tiles * view.n_runs * Bits * line_bytes);
  streamed.scales = AlignedBuffer<float>(view.n_tiles * view.n_groups * tile_width);
  if (L::has_offset) streamed.offsets = AlignedBuffer<float>(view.n_tiles * view.n_groups * tile_width);

  const std::size_t padded = view.n_runs * run_length;
  std::vector<std::uint8_t> rows(tile_width * padded);
  for (std::size_t tile = 0; tile < view.n_tiles; ++tile) {
    InterruptGuard::check();
    std::fill(rows.begin(), rows.end(), std::uint8_t{0});
    for (std::size_t i = 0; i < tile_width && tile * tile_width + i < view.rows; ++i) {
      const std::size_t row = tile * tile_width + i;
      matrix.row_codes(row, std::span(rows).subspan(i * padded, view.cols));
      for (std::size_t g = 0; g < matrix.n_groups(); ++g) {
        const std::size_t at = (tile * view.n_groups + g) * tile_width + i;
        streamed.scales[at] = matrix.scale(row, g);
        if constexpr (L::has_offset) streamed.offsets[at] = matrix.offset(row, g);
      }
    }
    for (std::size_t run = 0; run < view.n_runs; ++run) {
      std::uint8_t quads[quads_per_run][line_bytes];
      for (std::size_t q = 0; q < quads_per_run; ++q)
        for (std::size_t b = 0; b < line_bytes; ++b)
          quads[q][b] = rows[(b / 4) * padded + run * run_length + 4 * q + b % 4];
      fold_run<Bits>(quads, streamed.codes.data() + (tile * view.n_runs + run) * Bits * line_bytes);
    }
  }
  view.codes = streamed.codes.data();
  view.scales = streamed.scales.data();
  view.offsets = streamed.offsets.data();
  streamed.view = view;
  return streamed;
}

/// Owns what a DenseView shows.
template <class T>
struct StreamedDense {
  AlignedBuffer<T> values;
  DenseView<T> view;
};

/// Reorders rows for the kernels. `row_values(row, out)` fills `out` (cols elements of T) with one row.
template <class T, class RowValues>
[[nodiscard]] StreamedDense<T> stream_dense(std::size_t rows, std::size_t cols, RowValues&& row_values) {
  StreamedDense<T> streamed;
  DenseView<T> view{nullptr, rows, cols, ceil_div(rows, tile_width), ceil_div(cols, run_length)};
  const std::size_t padded = view.n_runs * run_length;
  streamed.values = AlignedBuffer<T>(view.n_tiles * padded * tile_width);
  std::vector<T> row(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    InterruptGuard::check();
    row_values(r, std::span<T>(row));
    T* tile = streamed.values.data() + (r / tile_width) * padded * tile_width;
    for (std::size_t c = 0; c < cols; ++c) tile[c * tile_width + r % tile_width] = row[c];
  }
  view.values = streamed.values.data();
  streamed.view = view;
  return streamed;
}

}  // namespace quantlens::inline v0_1
