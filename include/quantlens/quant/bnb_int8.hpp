/// The weights of LLM.int8(): signed bytes and the largest magnitude of each row.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "quantlens/core/half.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/quant/check_weights.hpp"
#include "quantlens/quant/quantizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What bitsandbytes keeps of a weight matrix. Shapes: codes [rows, cols], absmax [rows].
struct BnbInt8Rows {
  std::size_t rows = 0, cols = 0;
  std::vector<std::int8_t> codes;  ///< its CB
  std::vector<float> absmax;       ///< its SCB
};

/// Weights are rounded to halves first; then code = rint(w * (127 / absmax)), ties to even.
/// Numerics: codes and absmax are those of the package's CPU path.
/// Errors: InputError "not_finite" for a weight that is not finite, "weights" for one too large for a half, "shape" for
/// rows without columns.
/// Source: Dettmers et al. 2022, arXiv 2208.07339; int8_vectorwise_quant of bitsandbytes 0.50.2.
[[nodiscard]] inline BnbInt8Rows bnb_int8_quantize(MatrixView<const float> weights) {
  static constexpr float largest = 0x1.ffdffep15f;  // the last float that does not round to an infinite half
  check_weights(weights, "int8", largest);
  BnbInt8Rows result{weights.rows, weights.cols, {}, {}};
  result.codes.reserve(weights.rows * weights.cols);
  for (std::size_t r = 0; r < weights.rows; ++r) {
    InterruptGuard::check();
    float absmax = 0.0f;
    for (const float w : weights.row(r)) absmax = std::max(absmax, std::fabs(round_to_half(w)));
    result.absmax.push_back(absmax);
    // PyTorch divides by taking the inverse and multiplying, which rounds twice.
    const float steps = absmax == 0.0f ? 0.0f : 1.0f / absmax * 127.0f;
    for (const float w : weights.row(r))
      result.codes.push_back(static_cast<std::int8_t>(std::nearbyint(round_to_half(w) * steps)));
  }
  return result;
}

/// value = absmax / 127 * code. The package multiplies by absmax and by a float 1/127 apart: the last bit of a float
/// may differ, far below the half that it rounds to.
[[nodiscard]] inline PackedMatrix bnb_int8_packed(const BnbInt8Rows& rows) {
  PackedMatrix packed = pack<Symmetric, 8>(rows.rows, rows.cols, 0, /*group_bits=*/32);
  std::vector<std::uint8_t> codes(rows.cols);
  for (std::size_t r = 0; r < rows.rows; ++r) {
    for (std::size_t c = 0; c < rows.cols; ++c)
      codes[c] = static_cast<std::uint8_t>(rows.codes[r * rows.cols + c] + code_centre(8));
    packed.set_row_codes(r, codes);
    packed.scale(r, 0) = rows.absmax[r] / 127.0f;
  }
  return packed;
}

/// The weights of both `bnb-int8` (int8 activations with outliers apart) and `int8-weight-only` (float activations).
struct BnbInt8 {
  using layout = Symmetric;
  static constexpr std::string_view name = "bnb-int8";
  static constexpr int bits = 8;

  [[nodiscard]] PackedMatrix quantize(MatrixView<const float> weights) const {
    return bnb_int8_packed(bnb_int8_quantize(weights));
  }
};

static_assert(Quantizer<BnbInt8>);

}  // namespace quantlens::inline QUANTLENS_ABI
