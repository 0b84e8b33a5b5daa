/// y = x W^T for packed and dense weights, one tile of sixteen outputs at a time.
///
/// Every output is a sum over runs of 32 inputs in ascending order, whatever the number of rows: the result of a row
/// does not depend on what else is in the batch. A tile is decoded once for all rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quantlens/kernels/decode.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// sums[r] += x[r, 0..31] * weights, for N rows. Shapes: weights [32][16] in T; x rows are `stride` apart.
template <class Isa, std::size_t N, class T>
QUANTLENS_ALWAYS_INLINE void add_run_a32(const T* weights, const float* x, std::size_t stride, float* sums) {
  using F32 = F32x16<Isa>;
  F32 run[N];
  for (std::size_t r = 0; r < N; ++r) run[r] = F32::zero();
  for (std::size_t k = 0; k < run_length; ++k) {
    const F32 w = load_floats<Isa>(weights + k * tile_width);
    for (std::size_t r = 0; r < N; ++r) run[r] = mul_add(w, F32::broadcast(x[r * stride + k]), run[r]);
  }
  for (std::size_t r = 0; r < N; ++r) (F32::load(sums + r * tile_width) + run[r]).store(sums + r * tile_width);
}

/// The same for any number of rows.
template <class Isa, class T>
QUANTLENS_ALWAYS_INLINE void add_run_a32(const T* weights, const F32View& x, std::size_t run, float* sums) {
  const float* from = x.values + run * x.run_stride;
  const std::size_t stride = x.row_stride;
  std::size_t r = 0;
  for (; r + Isa::block_rows <= x.n_rows; r += Isa::block_rows)
    add_run_a32<Isa, Isa::block_rows>(weights, from + r * stride, stride, sums + r * tile_width);
  for (; r + 2 <= x.n_rows; r += 2) add_run_a32<Isa, 2>(weights, from + r * stride, stride, sums + r * tile_width);
  for (; r < x.n_rows; ++r) add_run_a32<Isa, 1>(weights, from + r * stride, stride, sums + r * tile_width);
}

/// Writes the sums [n_rows][16] of one tile.
template <class Isa>
QUANTLENS_ALWAYS_INLINE void store_tile(const float* sums, std::size_t n_rows, std::size_t tile, std::size_t n_outputs,
                                        const OutputView& y) {
  const std::size_t first = tile * tile_width;
  const std::size_t n = n_outputs - first;
  for (std::size_t r = 0; r < n_rows; ++r)
    F32x16<Isa>::load(sums + r * tile_width).store_first(y.values + r * y.stride + first, n);
}

/// Dense weights, float activations, tiles [tile_begin, tile_end). Shapes: `sums` is scratch, [x.n_rows][16].
template <class Isa, class T>
void matmul_dense(const DenseView<T>& w, const F32View& x, const OutputView& y, std::size_t tile_begin,
                  std::size_t tile_end, float* sums) noexcept {
  for (std::size_t tile = tile_begin; tile < tile_end; ++tile) {
    for (std::size_t i = 0; i < x.n_rows * tile_width; ++i) sums[i] = 0.0f;
    for (std::size_t run = 0; run < w.n_runs; ++run)
      add_run_a32<Isa>(w.values + (tile * w.n_runs + run) * run_length * tile_width, x, run, sums);
    store_tile<Isa>(sums, x.n_rows, tile, w.rows, y);
  }
}

/// Packed weights decoded to float, float activations: exactly weight-only.
template <class Isa, class Layout, int Bits>
void matmul_a32(const StreamedView& w, const F32View& x, const OutputView& y, std::size_t tile_begin,
                std::size_t tile_end, float* sums) noexcept {
  alignas(64) float weights[run_length * tile_width];
  for (std::size_t tile = tile_begin; tile < tile_end; ++tile) {
    for (std::size_t i = 0; i < x.n_rows * tile_width; ++i) sums[i] = 0.0f;
    for (std::size_t run = 0; run < w.n_runs; ++run) {
      const std::size_t group = (tile * w.n_groups + Layout::groups_per_run * (run / w.runs_per_group)) * tile_width;
      decode_run<Isa, Layout, Bits>(w.codes + (tile * w.n_runs + run) * Bits * line_bytes, w.scales + group,
                                    Layout::has_offset ? w.offsets + group : nullptr, weights);
      add_run_a32<Isa>(weights, x, run, sums);
    }
    store_tile<Isa>(sums, x.n_rows, tile, w.rows, y);
  }
}

/// One run of N rows of int8 activations: the integer sums, scaled and added to `sums` as the numerics contract says.
template <class Isa, class Layout, int Bits, std::size_t N>
QUANTLENS_ALWAYS_INLINE void add_run_a8(const std::uint8_t* lines, const F32x16<Isa>& scale, const F32x16<Isa>& offset,
                                        const Q8View& x, std::size_t row, std::size_t run, F32x16<Isa> (&sums)[N]) {
  using F32 = F32x16<Isa>;
  using I32 = I32x16<Isa>;
  const std::size_t stride = x.n_runs * run_length;
  const std::int8_t* codes = x.codes + row * stride + run * run_length;
  // A single row has no other row to overlap with: four chains of integer sums, exact in any order.
  constexpr std::size_t chains = N == 1 ? 4 : 1;
  I32 dot[N][chains];
  for (std::size_t r = 0; r < N; ++r)
    for (std::size_t c = 0; c < chains; ++c) dot[r][c] = I32::zero();
  unrolled<8>([&]<int Q>() __attribute__((always_inline)) {
    const Codes64<Isa> quad = decode_quad<Isa, Bits, Q>(lines);
    for (std::size_t r = 0; r < N; ++r) dot[r][Q % chains].dot4(quad, codes + r * stride + 4 * Q);
  });
  for (std::size_t r = 0; r < N; ++r) {
    const std::size_t at = (row + r) * x.n_runs + run;
    I32 sum = dot[r][0];
    if constexpr (chains == 4) sum = (sum + dot[r][1]) + (dot[r][2] + dot[r][3]);
    const F32 x_scale = F32::broadcast(x.scales[at]);
    if constexpr (Layout::has_offset) {
      sums[r] = fused_mul_add(sum.to_float(), scale * x_scale, sums[r]);
      sums[r] = fused_mul_add(F32::broadcast(static_cast<float>(x.sums[at])), offset * x_scale, sums[r]);
    } else {
      sums[r] = fused_mul_add(sum.minus(code_centre(Bits) * x.sums[at]).to_float(), scale * x_scale, sums[r]);
    }
  }
}

/// The same where each half of the run has a group of its own: half after half, each with its own sum of codes.
template <class Isa, class Layout, int Bits, std::size_t N>
QUANTLENS_ALWAYS_INLINE void add_halves_a8(const std::uint8_t* lines, const float* scales, const float* offsets,
                                           const Q8View& x, std::size_t row, std::size_t run, F32x16<Isa> (&sums)[N]) {
  using F32 = F32x16<Isa>;
  using I32 = I32x16<Isa>;
  const std::size_t stride = x.n_runs * run_length;
  const std::int8_t* codes = x.codes + row * stride + run * run_length;
  // A half's sum of activation codes is a dot product too: with ones for offsets, with the centre for symmetric codes.
  const auto constant = Codes64<Isa>::broadcast(Layout::has_offset ? 1 : code_centre(Bits));
  unrolled<2>([&]<int Half>() __attribute__((always_inline)) {
    I32 dot[N], of_constant[N];
    for (std::size_t r = 0; r < N; ++r) dot[r] = of_constant[r] = I32::zero();
    unrolled<4>([&]<int I>() __attribute__((always_inline)) {
      constexpr int q = 4 * Half + I;
      const Codes64<Isa> quad = decode_quad<Isa, Bits, q>(lines);
      for (std::size_t r = 0; r < N; ++r) {
        dot[r].dot4(quad, codes + r * stride + 4 * q);
        of_constant[r].dot4(constant, codes + r * stride + 4 * q);
      }
    });
    const F32 scale = F32::load(scales + Half * tile_width);
    for (std::size_t r = 0; r < N; ++r) {
      const F32 x_scale = F32::broadcast(x.scales[(row + r) * x.n_runs + run]);
      if constexpr (Layout::has_offset) {
        sums[r] = fused_mul_add(dot[r].to_float(), scale * x_scale, sums[r]);
        const F32 offset = F32::load(offsets + Half * tile_width);
        sums[r] = fused_mul_add(of_constant[r].to_float(), offset * x_scale, sums[r]);
      } else {
        sums[r] = fused_mul_add((dot[r] - of_constant[r]).to_float(), scale * x_scale, sums[r]);
      }
    }
  });
}

/// Rows [row, row + N) of one tile.
template <class Isa, class Layout, int Bits, std::size_t N>
QUANTLENS_ALWAYS_INLINE void matmul_a8_rows(const StreamedView& w, const Q8View& x, const OutputView& y,
                                            std::size_t tile, std::size_t row) {
  using F32 = F32x16<Isa>;
  F32 sums[N];
  for (std::size_t r = 0; r < N; ++r) sums[r] = F32::zero();
  const std::uint8_t* lines = w.codes + tile * w.n_runs * Bits * line_bytes;
  if constexpr (Layout::groups_per_run == 2) {
    for (std::size_t run = 0; run < w.n_runs; ++run, lines += Bits * line_bytes) {
      const std::size_t at = (tile * w.n_groups + 2 * run) * tile_width;
      add_halves_a8<Isa, Layout, Bits, N>(lines, w.scales + at, Layout::has_offset ? w.offsets + at : nullptr, x, row,
                                          run, sums);
    }
  } else {
    for (std::size_t group = 0; group < w.n_groups; ++group) {
      const std::size_t at = (tile * w.n_groups + group) * tile_width;
      const F32 scale = F32::load(w.scales + at);
      const F32 offset = Layout::has_offset ? F32::load(w.offsets + at) : F32::zero();
      const std::size_t first = group * w.runs_per_group;
      for (std::size_t run = first; run < first + w.runs_per_group; ++run, lines += Bits * line_bytes)
        add_run_a8<Isa, Layout, Bits, N>(lines, scale, offset, x, row, run, sums);
    }
  }
  const std::size_t output = tile * tile_width;
  for (std::size_t r = 0; r < N; ++r) sums[r].store_first(y.values + (row + r) * y.stride + output, w.rows - output);
}

/// Packed weights, int8 activations.
/// Numerics: per run of 32, sum = fma(float(integer sum), scale * x_scale, sum), then for affine weights
/// sum = fma(float(sum of x codes), offset * x_scale, sum). The integer sum of symmetric weights counts codes from
/// their centre. Where a run holds two groups of 16, this is done for its first half, then for its second: integer sum
/// and sum of x codes are those of the half, x_scale is that of the whole run. Bit for bit equal on every ISA.
template <class Isa, class Layout, int Bits>
void matmul_a8(const StreamedView& w, const Q8View& x, const OutputView& y, std::size_t tile_begin,
               std::size_t tile_end) noexcept {
  for (std::size_t tile = tile_begin; tile < tile_end; ++tile) {
    std::size_t row = 0;
    for (; row + Isa::block_rows <= x.n_rows; row += Isa::block_rows)
      matmul_a8_rows<Isa, Layout, Bits, Isa::block_rows>(w, x, y, tile, row);
    for (; row < x.n_rows; ++row) matmul_a8_rows<Isa, Layout, Bits, 1>(w, x, y, tile, row);
  }
}

/// Activations of one row to int8, one scale a run: scale = absmax / 127, code = rint(x / scale), clamped to +-127.
/// Shapes: x [n_runs * 32] (zero-padded), codes the same, scales and sums [n_runs]. Units: sums counts codes.
template <class Isa>
void quantize_row_q8(const float* x, std::size_t n_runs, std::int8_t* codes, float* scales,
                     std::int32_t* sums) noexcept {
  using F32 = F32x16<Isa>;
  using I32 = I32x16<Isa>;
  for (std::size_t run = 0; run < n_runs; ++run) {
    const F32 low = F32::load(x + run * run_length);
    const F32 high = F32::load(x + run * run_length + tile_width);
    const float scale = reduce_max(max(abs(low), abs(high))) / 127.0f;
    scales[run] = scale;
    const F32 divisor = F32::broadcast(scale == 0.0f ? 1.0f : scale);
    alignas(64) std::int32_t rounded[run_length];
    I32::round(low / divisor).store(rounded);
    I32::round(high / divisor).store(rounded + tile_width);
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < run_length; ++i) {
      const std::int32_t code = rounded[i] > 127 ? 127 : rounded[i] < -127 ? -127 : rounded[i];
      codes[run * run_length + i] = static_cast<std::int8_t>(code);
      sum += code;
    }
    sums[run] = sum;
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
