/// LLM.int8(): activations with one int8 scale a row, and what they leave out, the outlier inputs, in float.
///
/// Outliers are chosen for each row by itself, so that a row's result does not depend on its batch. The integer part is
/// matmul_a8 on 8-bit symmetric weights: every run of a row is given the row's scale.
/// Source: Dettmers et al. 2022, arXiv 2208.07339; the order of float operations is that of bitsandbytes 0.50.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "quantlens/isa/instructions.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One row to int8 codes: code = rint(x * (127 / absmax)), ties to even, absmax over the inputs that are no outliers.
/// Inputs with |x| >= threshold are outliers (none where threshold is 0): listed in ascending order, their codes 0.
/// Shapes: x [n_runs * 32] (zero-padded), codes the same, outliers at most as many; scales and sums [n_runs]: each
/// scale is absmax / 127 of the row, each sum counts the codes of its run.
/// A row whose absmax is so small that 127 / absmax overflows counts as zeros.
template <class Isa>
void quantize_row_int8(const float* x, std::size_t n_runs, float threshold, std::int8_t* codes, float* scales,
                       std::int32_t* sums, std::uint32_t* outliers, std::size_t& n_outliers) noexcept {
  using F32 = F32x16<Isa>;
  n_outliers = 0;
  float largest = 0.0f;
  for (std::size_t i = 0; i < n_runs * run_length; ++i) {
    const float magnitude = x[i] < 0.0f ? -x[i] : x[i];
    if (threshold > 0.0f && magnitude >= threshold)
      outliers[n_outliers++] = static_cast<std::uint32_t>(i);
    else if (magnitude > largest)
      largest = magnitude;
  }
  if (largest < 127.0f / std::numeric_limits<float>::max()) largest = 0.0f;
  const F32 steps = F32::broadcast(largest == 0.0f ? 0.0f : 127.0f / largest);
  for (std::size_t run = 0; run < n_runs; ++run) {
    alignas(64) std::int32_t rounded[run_length];
    for (std::size_t half = 0; half < run_length; half += tile_width)
      I32x16<Isa>::round(F32::load(x + run * run_length + half) * steps).store(rounded + half);
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < run_length; ++i) {
      const std::int32_t code = rounded[i] > 127 ? 127 : rounded[i] < -127 ? -127 : rounded[i];
      codes[run * run_length + i] = static_cast<std::int8_t>(code);
      sum += code;
    }
    sums[run] = sum;
    scales[run] = largest / 127.0f;
  }
  for (std::size_t k = 0; k < n_outliers; ++k) {
    sums[outliers[k] / run_length] -= codes[outliers[k]];
    codes[outliers[k]] = 0;
  }
}

/// Code number `lane` (0..3) of every output, as float.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> lane_of(const Codes64<Isa>& quad, std::size_t lane) {
  switch (lane) {
    case 0:
      return quad.template lane<0>();
    case 1:
      return quad.template lane<1>();
    case 2:
      return quad.template lane<2>();
    default:
      return quad.template lane<3>();
  }
}

/// Adds what the outliers of one row contribute: y[o] += sum over outliers j of x[j] * weight (o, j), for the outputs
/// of tiles [tile_begin, tile_end). Shapes: w symmetric, 8 bit; x [w.cols]; y [w.rows].
/// Numerics: in the order of the list, sum = fma(scale * float(code - 128), x[j], sum); then y[o] = y[o] + sum. Bit for
/// bit equal on every ISA.
template <class Isa>
void add_outlier_columns(const StreamedView& w, const float* x, const std::uint32_t* outliers, std::size_t n_outliers,
                         float* y, std::size_t tile_begin, std::size_t tile_end) noexcept {
  using F32 = F32x16<Isa>;
  if (n_outliers == 0) return;
  const F32 centre = F32::broadcast(static_cast<float>(code_centre(8)));
  for (std::size_t tile = tile_begin; tile < tile_end; ++tile) {
    F32 sum = F32::zero();
    for (std::size_t k = 0; k < n_outliers; ++k) {
      const std::size_t input = outliers[k], run = input / run_length;
      const std::size_t line = (tile * w.n_runs + run) * quads_per_run + input % run_length / 4;
      const F32 code = lane_of<Isa>(Codes64<Isa>::load(w.codes + line * line_bytes), input % 4);
      const F32 scale = F32::load(w.scales + (tile * w.n_groups + run / w.runs_per_group) * tile_width);
      sum = fused_mul_add(scale * (code - centre), F32::broadcast(x[input]), sum);
    }
    float* to = y + tile * tile_width;
    const std::size_t left = w.rows - tile * tile_width, n = left < tile_width ? left : tile_width;
    (F32::load_first(to, n) + sum).store_first(to, n);
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
