/// Seeded matrices and activations for kernel tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "quantlens/core/rng.hpp"
#include "quantlens/packed/packed_matrix.hpp"

namespace quantlens::test {

inline std::vector<float> random_floats(std::size_t n, std::uint64_t seed, double spread = 1.0) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& v : values) v = static_cast<float>((rng.uniform() * 2.0 - 1.0) * spread);
  return values;
}

/// All codes, extremes included, and scales over three decades.
template <Layout L, int Bits>
PackedMatrix random_packed(std::size_t rows, std::size_t cols, std::size_t group, std::uint64_t seed) {
  Rng rng(seed);
  PackedMatrix matrix = pack<L, Bits>(rows, cols, group);
  std::vector<std::uint8_t> codes(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (auto& code : codes) code = static_cast<std::uint8_t>(rng.below(1u << Bits));
    codes[0] = 0;
    codes[cols - 1] = (1u << Bits) - 1;
    matrix.set_row_codes(r, codes);
    for (std::size_t g = 0; g < matrix.n_groups(); ++g) {
      matrix.scale(r, g) = static_cast<float>(std::pow(10.0, -3.0 * rng.uniform()));
      if constexpr (L::has_offset) matrix.offset(r, g) = static_cast<float>(rng.uniform() - 0.7);
    }
  }
  return matrix;
}

}  // namespace quantlens::test
