/// A quantizer of a user's own: symmetric codes whose scales are powers of two.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "quantlens/quant/grid.hpp"

namespace toy {

/// Shape of weights: [n_out, n_in]. Errors: those of PackedMatrix.
inline quantlens::PackedMatrix power_of_two(quantlens::MatrixView<const float> weights,
                                            const quantlens::IntegerCodes& wanted) {
  auto packed = quantlens::grid_matrix(weights.rows, weights.cols, {wanted.bits, wanted.group_size, true});
  const int centre = quantlens::code_centre(wanted.bits), largest_code = 2 * centre - 1;
  std::vector<std::uint8_t> codes(weights.cols);
  for (std::size_t row = 0; row < weights.rows; ++row) {
    for (std::size_t g = 0; g < packed.n_groups(); ++g) {
      const auto group = weights.row(row).subspan(g * packed.group_size(), packed.group_size());
      float largest = 0;
      for (const float weight : group) largest = std::max(largest, std::abs(weight));
      const float scale = largest == 0 ? 1.0f : std::exp2(std::ceil(std::log2(largest / static_cast<float>(centre))));
      packed.scale(row, g) = scale;
      for (std::size_t i = 0; i < group.size(); ++i) {
        const int code = static_cast<int>(std::lround(group[i] / scale)) + centre;
        codes[g * packed.group_size() + i] = static_cast<std::uint8_t>(std::clamp(code, 0, largest_code));
      }
    }
    packed.set_row_codes(row, codes);
  }
  return packed;
}

}  // namespace toy
