/// How far candidate weights move a linear layer's outputs: from its inputs, or from their Gram matrix alone.
///
/// For one output with weights w and candidate v, sum over tokens of (x . (v - w))^2 = (v - w) G (v - w)^T with
/// G = X^T X, so that 20 candidates cost n_out * n_in^2 each, however many tokens G was accumulated over.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/awq_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace awq_detail {

/// Weight rows whose errors are summed side by side: each in its own lane, so that no sum depends on its neighbours.
inline constexpr std::size_t error_lanes = 8;
/// Inputs in a block: their differences (8 KiB) stay in the first cache while the Gram matrix streams by.
inline constexpr std::size_t error_block = 128;

using LaneSums = double[error_lanes];

/// sums[lane] = sum over i of factors[i] * differences[i][lane]. Shapes: differences [n, error_lanes].
template <class T>
void weighted_sum(const T* factors, const double* differences, std::size_t n, LaneSums& sums) {
  std::fill(std::begin(sums), std::end(sums), 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    const auto factor = static_cast<double>(factors[i]);
    for (std::size_t lane = 0; lane < error_lanes; ++lane) sums[lane] += factor * differences[i * error_lanes + lane];
  }
}

/// Adds d G d^T of each lane to `errors`. Shapes: gram [n, n], of which the lower triangle is read.
template <class T>
void add_gram_errors(MatrixView<const T> gram, const double* differences, LaneSums& errors) {
  const std::size_t n = gram.rows;
  for (std::size_t block = 0; block < n; block += error_block) {
    for (std::size_t i = block; i < n; ++i) {
      const bool on_diagonal = i - block < error_block;
      LaneSums sums;
      weighted_sum(&gram(i, block), differences + block * error_lanes, on_diagonal ? i - block : error_block, sums);
      const double diagonal = on_diagonal ? static_cast<double>(gram(i, i)) : 0.0;
      for (std::size_t lane = 0; lane < error_lanes; ++lane) {
        const double d = differences[i * error_lanes + lane];
        errors[lane] += d * (2.0 * sums[lane] + diagonal * d);
      }
    }
  }
}

/// Adds |X d|^2 of each lane to `errors`. Shapes: inputs [n_tokens, n].
inline void add_output_errors(MatrixView<const float> inputs, const double* differences, LaneSums& errors) {
  for (std::size_t token = 0; token < inputs.rows; ++token) {
    LaneSums sums;
    weighted_sum(inputs.row(token).data(), differences, inputs.cols, sums);
    for (std::size_t lane = 0; lane < error_lanes; ++lane) errors[lane] += sums[lane] * sums[lane];
  }
}

/// Sums the error of every row, in the order of the rows. `add_errors(differences, errors)` adds those of eight.
template <class AddErrors>
[[nodiscard]] double summed_error(MatrixView<const float> weights, MatrixView<const float> candidate,
                                  std::size_t n_threads, AddErrors&& add_errors) {
  const std::size_t n_tiles = (weights.rows + error_lanes - 1) / error_lanes;
  const std::size_t scratch_size = weights.cols * error_lanes;
  std::vector<double> errors(n_tiles * error_lanes), scratch(std::max<std::size_t>(n_threads, 1) * scratch_size);
  run_team(n_threads, [&](const Team& team) {
    double* differences = scratch.data() + team.rank * scratch_size;
    const Range tiles = team.slice(n_tiles);
    for (std::size_t tile = tiles.begin; tile < tiles.end && !InterruptGuard::is_pending(); ++tile) {
      LaneSums sums = {};
      for (std::size_t lane = 0; lane < error_lanes; ++lane) {
        const std::size_t row = tile * error_lanes + lane;
        for (std::size_t c = 0; c < weights.cols; ++c)
          differences[c * error_lanes + lane] =
              row < weights.rows ? static_cast<double>(candidate(row, c)) - static_cast<double>(weights(row, c)) : 0.0;
      }
      add_errors(differences, sums);
      std::copy(std::begin(sums), std::end(sums), errors.begin() + static_cast<std::ptrdiff_t>(tile * error_lanes));
    }
  });
  InterruptGuard::check();
  double total = 0.0;
  for (const double error : errors) total += error;
  return total;
}

}  // namespace awq_detail

/// Sum over tokens and outputs of the squared change, |X (candidate - weights)^T|^2, from G = X^T X.
/// Shapes: weights and candidate [n_out, n_in]; gram [n_in, n_in], symmetric (its lower triangle is read).
/// Numerics: sums are double; the same bits for any number of threads.
template <class T>
[[nodiscard]] double gram_output_error(MatrixView<const T> gram, MatrixView<const float> weights,
                                       MatrixView<const float> candidate, std::size_t n_threads) {
  return awq_detail::summed_error(weights, candidate, n_threads, [&](const double* differences, auto& errors) {
    awq_detail::add_gram_errors(gram, differences, errors);
  });
}

/// The same from the inputs themselves: n_out * n_in * n_tokens, cheaper where tokens are fewer than n_in / 2.
/// Shapes: inputs [n_tokens, n_in].
[[nodiscard]] inline double output_error(MatrixView<const float> inputs, MatrixView<const float> weights,
                                         MatrixView<const float> candidate, std::size_t n_threads) {
  return awq_detail::summed_error(weights, candidate, n_threads, [&](const double* differences, auto& errors) {
    awq_detail::add_output_errors(inputs, differences, errors);
  });
}

/// The loss of a set of plain linear layers: mean squared change over tokens and all outputs of the set.
/// `gram` is X^T X summed over `n_tokens` tokens; views must outlive the loss.
/// Errors: InputError "shape" where the Gram matrix is not [n_in, n_in].
template <class T>
[[nodiscard]] auto gram_loss(std::span<const NamedMatrix> set, MatrixView<const T> gram, std::size_t n_tokens,
                             std::size_t n_threads) {
  for (const NamedMatrix& matrix : set) {
    check_inputs(matrix, "rows of the Gram matrix", gram.rows);
    check_inputs(matrix, "columns of the Gram matrix", gram.cols);
  }
  return [=](std::span<const MatrixView<const float>> candidates) {
    double error = 0.0, outputs = 0.0;
    for (std::size_t i = 0; i < set.size(); ++i) {
      error += gram_output_error(gram, set[i].values, candidates[i], n_threads);
      outputs += static_cast<double>(set[i].values.rows);
    }
    return error / (outputs * static_cast<double>(n_tokens));
  };
}

/// The same loss from the inputs [n_tokens, n_in] themselves.
[[nodiscard]] inline auto inputs_loss(std::span<const NamedMatrix> set, MatrixView<const float> inputs,
                                      std::size_t n_threads) {
  for (const NamedMatrix& matrix : set) check_inputs(matrix, "calibration inputs", inputs.cols);
  return [=](std::span<const MatrixView<const float>> candidates) {
    double error = 0.0, outputs = 0.0;
    for (std::size_t i = 0; i < set.size(); ++i) {
      error += output_error(inputs, set[i].values, candidates[i], n_threads);
      outputs += static_cast<double>(set[i].values.rows);
    }
    return error / (outputs * static_cast<double>(inputs.rows));
  };
}

}  // namespace quantlens::inline QUANTLENS_ABI
