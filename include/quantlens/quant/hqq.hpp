/// HQQ: half-quadratic quantization, which moves each group's zero point so that large errors weigh less.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/half.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/quant/cascade_sum.hpp"
#include "quantlens/quant/check_weights.hpp"
#include "quantlens/quant/quantizer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What the package's solver returns, before anything is rounded to halves: value = scale * (code - zero).
/// Shapes: codes [rows, cols]; scale and zero [rows, cols / group_size].
struct HqqGroups {
  std::size_t group_size = 0;
  std::vector<std::uint8_t> codes;
  std::vector<float> scale, zero;
};

namespace detail {

// The package's defaults. Its solver reads a factor kappa by which beta should grow, but never applies it.
inline constexpr float hqq_beta = 10.0f;
inline constexpr float hqq_norm = 0.7f;
inline constexpr int hqq_steps = 20;
inline constexpr float hqq_flat = 1e-4f;            // the range below which a group keeps scale 1
inline constexpr float hqq_largest_inverse = 2e4f;  // of a scale, so that a half holds it

/// What is left of an error once the l_0.7 norm has its way: nothing below beta^(-1 / 1.3), 0.1701.
[[nodiscard]] inline float hqq_shrink(float error) {
  static constexpr float surely_nothing = 0.16f;
  static constexpr float weight = 1.0f / hqq_beta, exponent = -0.3f;
  const float size = std::fabs(error);
  if (size < surely_nothing) return 0.0f;
  // PyTorch's vectorised power is within a bit of the exact one, which a double gives.
  const auto power = static_cast<float>(std::pow(static_cast<double>(size), static_cast<double>(exponent)));
  return std::copysign(std::max(size - weight * power, 0.0f), error);
}

/// One group while it is solved. `inverse` is 1 / scale.
struct HqqGroup {
  std::span<const float> weights;
  float inverse = 1.0f;
  float zero = 0.0f;
  float max_code = 15.0f;

  HqqGroup(std::span<const float> group, int bits) : weights(group), max_code(static_cast<float>((1 << bits) - 1)) {
    const auto [low, high] = std::minmax_element(group.begin(), group.end());
    const float range = *high - *low;
    // PyTorch divides by taking the inverse and multiplying, which rounds twice.
    if (range > hqq_flat) inverse = std::min(1.0f / range * max_code, hqq_largest_inverse);
    zero = -*low * inverse;
    // At 4 bits the package starts from a whole zero point; it does not end there.
    if (bits == 4) zero = std::nearbyint(zero);
  }

  [[nodiscard]] float code(float w) const { return std::clamp(std::nearbyint(w * inverse + zero), 0.0f, max_code); }

  /// Moves the zero point once. Writes the sizes of the errors before it moved. Shapes: both as long as weights.
  void step(std::span<float> errors, std::span<float> zeros) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const float q = code(weights[i]);
      const float error = weights[i] - (q - zero) / inverse;
      errors[i] = std::fabs(error);
      zeros[i] = q - (weights[i] - hqq_shrink(error)) * inverse;
    }
    zero = cascade_mean(zeros);
  }
};

}  // namespace detail

/// Groups are `group_size` consecutive columns of a row; 0: the whole row. All groups stop together, at the first step
/// that does not lower the mean error of the matrix, or after 20.
/// Numerics: the package's f32 path on the CPU, with one thread on an AVX2 processor; its power function and ours may
/// differ in the last bit where an error exceeds 0.16, and so may a zero point there.
/// Precondition: weights are finite and groups fit the row (Hqq checks both).
/// Source: Badri and Shaji 2023, "Half-Quadratic Quantization of Large Machine Learning Models" (Mobius Labs blog);
/// Quantizer.quantize of hqq 0.2.8 with axis 1 and its default solver, optimize_weights_proximal_legacy.
[[nodiscard]] inline HqqGroups hqq_solve(MatrixView<const float> weights, int bits, std::size_t group_size) {
  HqqGroups result;
  result.group_size = group_size == 0 ? weights.cols : group_size;
  std::vector<detail::HqqGroup> groups;
  for (std::size_t r = 0; r < weights.rows; ++r)
    for (std::size_t first = 0; first < weights.cols; first += result.group_size)
      groups.emplace_back(weights.row(r).subspan(first, result.group_size), bits);

  std::vector<float> errors(weights.rows * weights.cols), zeros(result.group_size);
  float best = std::numeric_limits<float>::infinity();
  for (int step = 0; step < detail::hqq_steps && !groups.empty(); ++step) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      InterruptGuard::check();
      groups[g].step(std::span(errors).subspan(g * result.group_size, result.group_size), zeros);
    }
    const float error = cascade_mean(errors);
    if (!(error < best)) break;
    best = error;
  }

  result.codes.reserve(errors.size());
  for (const detail::HqqGroup& group : groups) {
    for (const float w : group.weights) result.codes.push_back(static_cast<std::uint8_t>(group.code(w)));
    result.scale.push_back(1.0f / group.inverse);
    result.zero.push_back(group.zero);
  }
  return result;
}

/// Codes are chosen with the exact scale and zero point, then both are rounded to the halves that the package stores:
/// the other order than in RTN, so that codes equal the package's. group_size 0: one group a row.
/// Errors: InputError "group_size" where groups do not fit the row, "not_finite" for a weight that is
/// not finite, "weights" for one or a group that halves cannot describe, "shape" for rows without columns.
[[nodiscard]] inline PackedMatrix hqq(MatrixView<const float> weights, int bits, std::size_t group_size) {
  static constexpr float largest = 0x1p33f;  // beyond what two halves describe, and far from overflow
  check_weights(weights, "hqq", largest);
  PackedMatrix packed(LayoutKind::affine, bits, weights.rows, weights.cols, group_size, /*group_bits=*/32);
  const HqqGroups groups = hqq_solve(weights, bits, packed.group_size());
  for (std::size_t r = 0; r < weights.rows; ++r) {
    packed.set_row_codes(r, std::span(groups.codes).subspan(r * weights.cols, weights.cols));
    for (std::size_t g = 0; g < packed.n_groups(); ++g) {
      const float scale = round_to_half(groups.scale[r * packed.n_groups() + g]);
      const float zero = round_to_half(groups.zero[r * packed.n_groups() + g]);
      if (!std::isfinite(scale) || !std::isfinite(zero))
        throw InputError("weights", concat("hqq: row ", r, ", columns ", g * packed.group_size(), " to ",
                                           (g + 1) * packed.group_size() - 1,
                                           ": expected a scale and a zero point that halves hold, got ",
                                           groups.scale[r * packed.n_groups() + g], " and ",
                                           groups.zero[r * packed.n_groups() + g], "; use another method"));
      packed.scale(r, g) = scale;
      packed.offset(r, g) = -scale * zero;
    }
  }
  return packed;
}

/// hqq() with its width as a type.
template <int Bits>
struct Hqq {
  using layout = Affine;
  static constexpr std::string_view name = "hqq";
  static constexpr int bits = Bits;

  std::size_t group_size = 64;  ///< 0: one group a row

  [[nodiscard]] PackedMatrix quantize(MatrixView<const float> weights) const { return hqq(weights, Bits, group_size); }
};

static_assert(Quantizer<Hqq<4>>);

}  // namespace quantlens::inline QUANTLENS_ABI
