/// The oracles: plain scalar kernels in double precision, and the int8 contract word by word.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <vector>

#include "quantlens/core/matrix_view.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::reference {

/// y = x W^T in double. Shapes: w [n_out, n_in], x [n, n_in]; result [n, n_out].
[[nodiscard]] inline std::vector<double> matmul(MatrixView<const float> w, MatrixView<const float> x) {
  std::vector<double> y(x.rows * w.rows);
  for (std::size_t r = 0; r < x.rows; ++r)
    for (std::size_t o = 0; o < w.rows; ++o) {
      double sum = 0.0;
      for (std::size_t i = 0; i < w.cols; ++i) sum += static_cast<double>(w(o, i)) * static_cast<double>(x(r, i));
      y[r * w.rows + o] = sum;
    }
  return y;
}

/// One run of at most 32 activations as int8 codes.
struct Q8Run {
  std::vector<int> codes;
  float scale = 0.0f;
};

/// scale = absmax / 127; code = rint(x / scale), ties to even, clamped to +-127. A run of zeros has scale 0.
[[nodiscard]] inline Q8Run quantize_run(std::span<const float> x) {
  Q8Run run;
  float largest = 0.0f;
  for (const float v : x) largest = std::max(largest, std::fabs(v));
  run.scale = largest / 127.0f;
  for (const float v : x) {
    const float steps = run.scale == 0.0f ? 0.0f : std::rint(v / run.scale);
    run.codes.push_back(static_cast<int>(std::clamp(steps, -127.0f, 127.0f)));
  }
  return run;
}

/// The numerics contract of int8 activations, one output at a time. Shapes: x [n, w.cols()]; result [n, w.rows()].
/// Runs of 32 inputs in ascending order; each run's activations share a scale. Within a run, the groups of weights that
/// it holds in ascending order: the whole run, or two halves of 16.
/// Precondition: the layout's codes are numbers.
[[nodiscard]] inline std::vector<float> matmul_a8(const PackedMatrix& w, MatrixView<const float> x) {
  const std::size_t part = run_length / w.layout_info().groups_per_run;
  const int centre = w.has_offset() ? 0 : code_centre(w.bits());
  std::vector<float> y(x.rows * w.rows());
  std::vector<std::uint8_t> codes(w.cols());
  for (std::size_t o = 0; o < w.rows(); ++o) {
    w.row_codes(o, codes);
    for (std::size_t r = 0; r < x.rows; ++r) {
      float sum = 0.0f;
      for (std::size_t first = 0; first < w.cols(); first += run_length) {
        const std::size_t n = std::min(run_length, w.cols() - first);
        const Q8Run run = quantize_run(x.row(r).subspan(first, n));
        for (std::size_t begin = 0; begin < n; begin += part) {
          const std::size_t group = (first + begin) / w.group_size();
          int products = 0, x_codes = 0;
          for (std::size_t i = begin; i < std::min(begin + part, n); ++i) {
            const int code = codes[first + i] - centre;
            products += code * run.codes[i];
            x_codes += run.codes[i];
          }
          sum = std::fma(static_cast<float>(products), w.scale(o, group) * run.scale, sum);
          if (w.has_offset()) sum = std::fma(static_cast<float>(x_codes), w.offset(o, group) * run.scale, sum);
        }
      }
      y[r * w.rows() + o] = sum;
    }
  }
  return y;
}

/// One row of activations as LLM.int8() sees it: codes are 0 at its outliers.
struct Int8Row {
  std::vector<int> codes;
  float absmax = 0.0f;
  std::vector<std::size_t> outliers;
};

/// Outliers: |x| >= threshold, none where it is 0. code = rint(x * (127 / absmax of the others)), ties to even.
[[nodiscard]] inline Int8Row quantize_int8(std::span<const float> x, float threshold) {
  Int8Row row;
  const auto is_outlier = [&](float v) { return threshold > 0.0f && std::fabs(v) >= threshold; };
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (is_outlier(x[i]))
      row.outliers.push_back(i);
    else
      row.absmax = std::max(row.absmax, std::fabs(x[i]));
  }
  for (const float v : x)
    row.codes.push_back(is_outlier(v) || row.absmax == 0.0f ? 0
                                                            : static_cast<int>(std::rint(v * (127.0f / row.absmax))));
  return row;
}

/// LLM.int8() on given weight codes, in double but for the choice of activation codes. `batch_wide`: as bitsandbytes,
/// an input that is an outlier in one row is one in all; else each row has its own.
/// Shapes: x [n, w.cols()]; result [n, w.rows()]. Source: Dettmers et al. 2022, arXiv 2208.07339.
[[nodiscard]] inline std::vector<double> llm_int8(const PackedMatrix& w, MatrixView<const float> x, float threshold,
                                                  bool batch_wide = false) {
  std::vector<Int8Row> rows;
  std::vector<std::size_t> anywhere;
  for (std::size_t r = 0; r < x.rows; ++r) {
    rows.push_back(quantize_int8(x.row(r), threshold));
    anywhere.insert(anywhere.end(), rows[r].outliers.begin(), rows[r].outliers.end());
  }
  std::sort(anywhere.begin(), anywhere.end());
  anywhere.erase(std::unique(anywhere.begin(), anywhere.end()), anywhere.end());
  std::vector<double> y;
  std::vector<float> weights(w.cols());
  for (std::size_t r = 0; r < x.rows; ++r) {
    const std::vector<std::size_t>& outliers = batch_wide ? anywhere : rows[r].outliers;
    for (const std::size_t i : outliers) rows[r].codes[i] = 0;
    for (std::size_t o = 0; o < w.rows(); ++o) {
      w.decode_row(o, weights);
      double products = 0.0, sum = 0.0;
      for (std::size_t i = 0; i < w.cols(); ++i) products += static_cast<double>(weights[i]) * rows[r].codes[i];
      for (const std::size_t i : outliers) sum += static_cast<double>(weights[i]) * static_cast<double>(x(r, i));
      y.push_back(products * static_cast<double>(rows[r].absmax) / 127.0 + sum);
    }
  }
  return y;
}

/// Softmax(q K^T) V in double. Shapes: q [d_head] (already scaled), keys and values [n_keys, d_head]; result [d_head].
[[nodiscard]] inline std::vector<double> attend(std::span<const float> q, MatrixView<const float> keys,
                                                MatrixView<const float> values) {
  std::vector<double> weights(keys.rows);
  for (std::size_t k = 0; k < keys.rows; ++k)
    for (std::size_t d = 0; d < q.size(); ++d)
      weights[k] += static_cast<double>(q[d]) * static_cast<double>(keys(k, d));
  const double largest = *std::max_element(weights.begin(), weights.end());
  double total = 0.0;
  for (double& w : weights) total += w = std::exp(w - largest);
  std::vector<double> out(q.size());
  for (std::size_t k = 0; k < keys.rows; ++k)
    for (std::size_t d = 0; d < q.size(); ++d) out[d] += weights[k] / total * static_cast<double>(values(k, d));
  return out;
}

[[nodiscard]] inline std::vector<double> rms_norm(std::span<const float> x, std::span<const float> weight, double eps) {
  double squares = 0.0;
  for (const float v : x) squares += static_cast<double>(v) * static_cast<double>(v);
  const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(x.size()) + eps);
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = static_cast<double>(weight[i]) * static_cast<double>(x[i]) * inverse;
  return y;
}

[[nodiscard]] inline std::vector<double> layer_norm(std::span<const float> x, std::span<const float> weight,
                                                    std::span<const float> bias, double eps) {
  const auto n = static_cast<double>(x.size());
  double sum = 0.0, squares = 0.0;
  for (const float v : x) sum += static_cast<double>(v);
  const double mean = sum / n;
  for (const float v : x) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  const double inverse = 1.0 / std::sqrt(squares / n + eps);
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    y[i] = (static_cast<double>(x[i]) - mean) * inverse * static_cast<double>(weight[i]) + static_cast<double>(bias[i]);
  return y;
}

/// The tanh form. Source: Hendrycks and Gimpel 2016, arXiv 1606.08415.
[[nodiscard]] inline double gelu(double x) {
  return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

[[nodiscard]] inline double log_sum_exp(std::span<const float> x) {
  const double largest = *std::max_element(x.begin(), x.end());
  double sum = 0.0;
  for (const float v : x) sum += std::exp(static_cast<double>(v) - largest);
  return largest + std::log(sum);
}

}  // namespace quantlens::inline QUANTLENS_ABI::reference
