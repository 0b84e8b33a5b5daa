/// The parts of a transformer that are not a matmul: norms, rotary positions, activations, log-sum-exp.
#pragma once

#include <cmath>
#include <cstddef>

#include "quantlens/isa/instructions.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// y = x / sqrt(mean(x^2) + eps) * weight. Shapes: all [n]. Source: Zhang and Sennrich 2019, arXiv 1910.07467.
template <class Isa>
void rms_norm(const float* x, const float* weight, std::size_t n, float eps, float* y) noexcept {
  using F32 = F32x16<Isa>;
  F32 squares = F32::zero();
  std::size_t i = 0;
  for (; i + tile_width <= n; i += tile_width) {
    const F32 v = F32::load(x + i);
    squares = mul_add(v, v, squares);
  }
  if (i < n) {
    const F32 v = F32::load_first(x + i, n - i);
    squares = mul_add(v, v, squares);
  }
  const float inverse = 1.0f / std::sqrt(reduce_add(squares) / static_cast<float>(n) + eps);
  for (std::size_t c = 0; c < n; ++c) y[c] = weight[c] * (x[c] * inverse);
}

/// y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias; y may be x. Shapes: all [n].
/// Source: Ba et al. 2016, arXiv 1607.06450.
template <class Isa>
void layer_norm(const float* x, const float* weight, const float* bias, std::size_t n, float eps, float* y) noexcept {
  using F32 = F32x16<Isa>;
  F32 sums = F32::zero();
  std::size_t i = 0;
  for (; i + tile_width <= n; i += tile_width) sums = sums + F32::load(x + i);
  float sum = reduce_add(sums);
  for (; i < n; ++i) sum += x[i];
  const float mean = sum / static_cast<float>(n);

  const F32 shift = F32::broadcast(mean);
  F32 squares = F32::zero();
  for (i = 0; i + tile_width <= n; i += tile_width) {
    const F32 v = F32::load(x + i) - shift;
    squares = mul_add(v, v, squares);
  }
  float square_sum = reduce_add(squares);
  for (; i < n; ++i) square_sum += (x[i] - mean) * (x[i] - mean);
  const float inverse = 1.0f / std::sqrt(square_sum / static_cast<float>(n) + eps);
  for (std::size_t c = 0; c < n; ++c) y[c] = (x[c] - mean) * inverse * weight[c] + bias[c];
}

/// Rotates pairs (i, i + d_head / 2) of one head. Shapes: x [d_head]; cosines and sines [d_head / 2].
/// Source: Su et al. 2021, arXiv 2104.09864, in the half-split order of Hugging Face.
template <class Isa>
void rotate_head(float* x, const float* cosines, const float* sines, std::size_t d_head) noexcept {
  const std::size_t half = d_head / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    x[i] = a * cosines[i] - b * sines[i];
    x[i + half] = b * cosines[i] + a * sines[i];
  }
}

/// y = gate / (1 + e^-gate) * up, element by element. Shapes: all [n].
template <class Isa>
void silu_multiply(const float* gate, const float* up, std::size_t n, float* y) noexcept {
  using F32 = F32x16<Isa>;
  const F32 one = F32::broadcast(1.0f);
  for (std::size_t i = 0; i < n; i += tile_width) {
    const std::size_t left = n - i;
    const F32 g = left >= tile_width ? F32::load(gate + i) : F32::load_first(gate + i, left);
    const F32 u = left >= tile_width ? F32::load(up + i) : F32::load_first(up + i, left);
    (g / (one + exp(F32::zero() - g)) * u).store_first(y + i, left);
  }
}

/// y = x / (1 + e^(-2 sqrt(2 / pi) (x + 0.044715 x^3))), which is the tanh form of GELU. Shapes: both [n].
/// Source: Hendrycks and Gimpel 2016, arXiv 1606.08415.
template <class Isa>
void gelu(const float* x, std::size_t n, float* y) noexcept {
  using F32 = F32x16<Isa>;
  const F32 one = F32::broadcast(1.0f), cubic = F32::broadcast(0.044715f);
  const F32 slope = F32::broadcast(-1.5957691216057308f);
  for (std::size_t i = 0; i < n; i += tile_width) {
    const std::size_t left = n - i;
    const F32 v = left >= tile_width ? F32::load(x + i) : F32::load_first(x + i, left);
    const F32 inner = v * (one + cubic * v * v);
    (v / (one + exp(slope * inner))).store_first(y + i, left);
  }
}

/// y = x (1 + erf(x / sqrt(2))) / 2, GELU itself. Shapes: both [n]. Source: as gelu.
template <class Isa>
void gelu_exact(const float* x, std::size_t n, float* y) noexcept {
  using F32 = F32x16<Isa>;
  const F32 one = F32::broadcast(1.0f), half = F32::broadcast(0.5f), scale = F32::broadcast(0.70710678f);
  for (std::size_t i = 0; i < n; i += tile_width) {
    const std::size_t left = n - i;
    const F32 v = left >= tile_width ? F32::load(x + i) : F32::load_first(x + i, left);
    (half * v * (one + erf(scale * v))).store_first(y + i, left);
  }
}

/// y += x. Shapes: both [n].
template <class Isa>
void add_to(const float* x, std::size_t n, float* y) noexcept {
  for (std::size_t i = 0; i < n; ++i) y[i] += x[i];
}

/// log(sum(e^x)). Shape: x [n], n > 0. Blocks of 256 are summed in float, the blocks in double.
template <class Isa>
double log_sum_exp(const float* x, std::size_t n) noexcept {
  using F32 = F32x16<Isa>;
  constexpr std::size_t block = 256;
  float largest = x[0];
  for (std::size_t i = 1; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  const F32 shift = F32::broadcast(largest);
  double sum = 0.0;
  for (std::size_t begin = 0; begin < n; begin += block) {
    const std::size_t end = begin + block < n ? begin + block : n;
    F32 lanes = F32::zero();
    std::size_t i = begin;
    for (; i + tile_width <= end; i += tile_width) lanes = lanes + exp(F32::load(x + i) - shift);
    sum += static_cast<double>(reduce_add(lanes));
    for (; i < end; ++i) sum += std::exp(static_cast<double>(x[i] - largest));
  }
  return static_cast<double>(largest) + std::log(sum);
}

}  // namespace quantlens::inline QUANTLENS_ABI
