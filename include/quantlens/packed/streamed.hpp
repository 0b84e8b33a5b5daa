/// The order in which kernels read weights: tiles of sixteen outputs, made once when a matrix is loaded.
///
/// Packed codes: for each tile and each run of 32 inputs, as many lines of 64 bytes as a code has bits. Byte 4 i + j of
/// a decoded line belongs to output i of the tile and input j of a quad; a run has eight such quads. How the eight are
/// folded into the lines is stated in `fold_run` and undone by kernels/decode.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Owns what a StreamedView shows.
struct StreamedCodes {
  AlignedBuffer<std::uint8_t> codes;
  AlignedBuffer<float> scales, offsets;
  StreamedView view;
};

/// Folds the eight quads of a run, 64 codes each, into `bits` lines, which are 0 before.
inline void fold_run(const std::uint8_t (&quads)[quads_per_run][line_bytes], int bits, std::uint8_t* lines) {
  for (std::size_t q = 0; q < quads_per_run; ++q) {
    // Puts (code >> right & mask) << left of every code into a line, eight bytes at once.
    const auto put = [&](std::size_t line, int right, unsigned mask, std::size_t left) {
      for (std::size_t b = 0; b < line_bytes; b += sizeof(std::uint64_t)) {
        std::uint64_t codes, to;
        std::memcpy(&codes, &quads[q][b], sizeof codes);
        std::memcpy(&to, lines + line * line_bytes + b, sizeof to);
        to |= ((codes >> right) & (mask * 0x0101010101010101u)) << left;
        std::memcpy(lines + line * line_bytes + b, &to, sizeof to);
      }
    };
    if (bits == 8) {
      put(q, 0, 255, 0);
    } else if (bits >= 4) {
      // Four lines of nibbles: quads 0-3 low, 4-7 high. 5 bit: a fifth line holds bit 4 of quad q in its bit q.
      // 6 bit: two lines of bit pairs hold bits 4 and 5, quad q in line 4 + q mod 2.
      put(q % 4, 0, 15, q < 4 ? 0 : 4);
      if (bits == 5) put(4, 4, 1, q);
      if (bits == 6) put(4 + q % 2, 4, 3, 2 * (q / 2));
    } else {
      // Two lines of bit pairs: quad q in line q mod 2. A third line holds bit 2 of quad q in its bit q.
      put(q % 2, 0, 3, 2 * (q / 2));
      if (bits == 3) put(2, 2, 1, q);
    }
  }
}

/// Reorders a canonical matrix for the kernels.
[[nodiscard]] inline StreamedCodes stream(const PackedMatrix& matrix) {
  const std::size_t groups_per_run = matrix.layout_info().groups_per_run;
  const std::size_t bytes_per_run = static_cast<std::size_t>(matrix.bits()) * line_bytes;
  StreamedView view;
  view.rows = matrix.rows();
  view.cols = matrix.cols();
  view.n_tiles = ceil_div(view.rows, tile_width);
  view.n_runs = ceil_div(view.cols, run_length);
  // Where runs hold two groups, a last run that ends after the first is filled up: with scale and offset 0.
  view.n_groups = groups_per_run == 1 ? matrix.n_groups() : groups_per_run * view.n_runs;
  view.runs_per_group = ceil_div(matrix.group_size(), run_length);

  StreamedCodes streamed;
  streamed.codes = AlignedBuffer<std::uint8_t>(view.n_tiles * view.n_runs * bytes_per_run);
  streamed.scales = AlignedBuffer<float>(view.n_tiles * view.n_groups * tile_width);
  if (matrix.has_offset()) streamed.offsets = AlignedBuffer<float>(view.n_tiles * view.n_groups * tile_width);

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
        if (matrix.has_offset()) streamed.offsets[at] = matrix.offset(row, g);
      }
    }
    for (std::size_t run = 0; run < view.n_runs; ++run) {
      std::uint8_t quads[quads_per_run][line_bytes];
      for (std::size_t q = 0; q < quads_per_run; ++q)
        for (std::size_t i = 0; i < tile_width; ++i)
          std::memcpy(&quads[q][4 * i], &rows[i * padded + run * run_length + 4 * q], 4);
      fold_run(quads, matrix.bits(), streamed.codes.data() + (tile * view.n_runs + run) * bytes_per_run);
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

}  // namespace quantlens::inline QUANTLENS_ABI
