/// The sum of a row of floats in the order in which PyTorch adds it, so that its means come out bit for bit.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <span>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// One partial sum for each of `Lanes` elements of a vector register.
template <std::size_t Lanes>
using LaneSums = std::array<float, Lanes>;

template <std::size_t Lanes>
void add_lanes(LaneSums<Lanes>& sums, const float* from) {
  for (std::size_t lane = 0; lane < Lanes; ++lane) sums[lane] += from[lane];
}

template <std::size_t Lanes>
[[nodiscard]] float cascade_sum(std::span<const float> values) {
  static constexpr std::size_t n_chains = 4;  // registers that are summed side by side
  static constexpr std::size_t n_levels = 4;  // a sum of sums of sums, so that no long sum meets a small number
  using Level = std::array<LaneSums<Lanes>, n_chains>;

  const std::size_t n_vectors = values.size() / Lanes;
  const std::size_t n_steps = n_vectors / n_chains;
  const auto bits_of_steps = n_steps <= 1 ? 0u : static_cast<unsigned>(std::bit_width(n_steps - 1));
  const unsigned level_bits = std::max(4u, bits_of_steps / static_cast<unsigned>(n_levels));
  const std::size_t level_steps = std::size_t{1} << level_bits;

  std::array<Level, n_levels> levels{};
  const auto add_step = [&](std::size_t step) {
    for (std::size_t chain = 0; chain < n_chains; ++chain)
      add_lanes<Lanes>(levels[0][chain], values.data() + (step * n_chains + chain) * Lanes);
  };
  std::size_t step = 0;
  while (step + level_steps <= n_steps) {
    for (std::size_t i = 0; i < level_steps; ++i) add_step(step++);
    for (std::size_t level = 1; level < n_levels; ++level) {
      for (std::size_t chain = 0; chain < n_chains; ++chain)
        add_lanes<Lanes>(levels[level][chain], levels[level - 1][chain].data());
      levels[level - 1] = Level{};
      if ((step & ((level_steps - 1) << (level * level_bits))) != 0) break;
    }
  }
  while (step < n_steps) add_step(step++);

  Level& total = levels[0];
  for (std::size_t level = 1; level < n_levels; ++level)
    for (std::size_t chain = 0; chain < n_chains; ++chain) add_lanes<Lanes>(total[chain], levels[level][chain].data());
  for (std::size_t v = n_steps * n_chains; v < n_vectors; ++v) add_lanes<Lanes>(total[0], values.data() + v * Lanes);
  for (std::size_t chain = 1; chain < n_chains; ++chain) add_lanes<Lanes>(total[0], total[chain].data());

  float sum = 0.0f;
  for (std::size_t i = n_vectors * Lanes; i < values.size(); ++i) sum += values[i];
  for (const float lane : total[0]) sum += lane;
  return sum;
}

}  // namespace detail

/// Numerics: the order of one thread on AVX2 (8 lanes), whatever this machine is. PyTorch itself gives other last bits
/// with AVX-512, and with more threads for 32,768 floats and more.
/// Source: PyTorch 2.15, aten/src/ATen/native/cpu/SumKernel.cpp.
[[nodiscard]] inline float cascade_sum(std::span<const float> values) {
  static constexpr std::size_t avx2_lanes = 8;
  return values.size() < avx2_lanes ? detail::cascade_sum<1>(values) : detail::cascade_sum<avx2_lanes>(values);
}

/// Precondition: values is not empty.
[[nodiscard]] inline float cascade_mean(std::span<const float> values) {
  return cascade_sum(values) / static_cast<float>(values.size());
}

}  // namespace quantlens::inline QUANTLENS_ABI
