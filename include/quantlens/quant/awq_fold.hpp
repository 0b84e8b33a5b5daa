/// Where AWQ's scales go: into the weights that meet the scaled inputs, and out of whatever makes those inputs.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Errors: InputError "shape" where there is not a scale for each of `n` elements, "not_finite" for a scale that
/// nothing can be divided by.
inline void check_scales(std::span<const float> scales, std::size_t n, std::string_view what) {
  if (scales.size() != n)
    throw InputError("shape", concat("AWQ scales of ", what, ": expected ", n, ", got ", scales.size()));
  for (std::size_t i = 0; i < n; ++i)
    if (!std::isfinite(scales[i]) || scales[i] <= 0.0f)
      throw InputError("not_finite", concat("AWQ scale ", i, " of ", what, ": expected a number > 0, got ", scales[i]));
}

/// W *= s: column c times scales[c]. Shapes: weights [n_out, n_in], scales [n_in].
inline void scale_columns(MatrixView<float> weights, std::span<const float> scales) {
  check_scales(scales, weights.cols, "columns");
  for (std::size_t r = 0; r < weights.rows; ++r)
    for (std::size_t c = 0; c < weights.cols; ++c) weights(r, c) *= scales[c];
}

/// x /= s: what cached calibration inputs become. Shapes: inputs [n_tokens, n_in], scales [n_in].
inline void divide_columns(MatrixView<float> inputs, std::span<const float> scales) {
  check_scales(scales, inputs.cols, "inputs");
  for (std::size_t r = 0; r < inputs.rows; ++r)
    for (std::size_t c = 0; c < inputs.cols; ++c) inputs(r, c) /= scales[c];
}

/// The weight of the norm before the set, or its bias, /= s. Shapes: norm and scales [n_in].
inline void divide_norm(std::span<float> norm, std::span<const float> scales) {
  check_scales(scales, norm.size(), "a norm");
  for (std::size_t i = 0; i < norm.size(); ++i) norm[i] /= scales[i];
}

/// The linear layer before the set: its last |scales| rows, and the same elements of its bias, /= s. All of its rows
/// but for fused layers, whose last part makes the inputs. Shapes: weights [n_out, n_in]; bias [n_out], or empty.
inline void divide_last_rows(MatrixView<float> weights, std::span<float> bias, std::span<const float> scales) {
  if (scales.size() > weights.rows || (!bias.empty() && bias.size() != weights.rows))
    throw InputError("shape", concat("folding ", scales.size(),
                                     " AWQ scales: expected at least as many rows and a bias "
                                     "for each, got ",
                                     weights.rows, " rows and ", bias.size(), " biases"));
  check_scales(scales, scales.size(), "rows");
  const std::size_t first = weights.rows - scales.size();
  for (std::size_t i = 0; i < scales.size(); ++i) {
    for (float& w : weights.row(first + i)) w /= scales[i];
    if (!bias.empty()) bias[first + i] /= scales[i];
  }
}

/// Why o's scales cannot be folded into v, or nothing where they can.
/// One row of v makes one input of o only where every query head has a value head of its own: with grouped heads a row
/// of v feeds several inputs of o, and each wants another scale. AutoAWQ folds only where both matrices have the same
/// shape, and so leaves o unscaled otherwise; so is it here. Shapes are [n_out, n_in].
[[nodiscard]] inline std::optional<std::string> why_o_is_not_scaled(MatrixView<const float> v,
                                                                    MatrixView<const float> o) {
  if (v.rows == o.rows && v.cols == o.cols) return std::nullopt;
  return concat("v is [", v.rows, ", ", v.cols, "] and o [", o.rows, ", ", o.cols,
                "]: heads share rows of v (grouped-query attention), which have no room for a scale for each input of "
                "o; o is quantized without scales");
}

}  // namespace quantlens::inline QUANTLENS_ABI
