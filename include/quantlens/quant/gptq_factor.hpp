/// The triangular factor of a Hessian that GPTQ works with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Cholesky>

#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/hessian.hpp"
#include "quantlens/quant/product_f64.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Of the mean diagonal, added to it: what the source and AutoGPTQ use.
inline constexpr double default_damping = 0.01;

namespace gptq_detail {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

[[nodiscard]] inline Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

/// Rows [row, row + n_rows), columns [col, col + n_cols).
template <class Matrix>
[[nodiscard]] auto view_of(Matrix& matrix, std::size_t row, std::size_t col, std::size_t n_rows, std::size_t n_cols) {
  const auto stride = static_cast<std::size_t>(matrix.cols());
  return MatrixView(matrix.data() + row * stride + col, n_rows, n_cols, stride);
}

/// Replaces a symmetric matrix, of which the lower triangle is read, by its lower Cholesky factor: a block of columns
/// after the other, each by Eigen, and its product with itself off all that is right of it. The same for any number of
/// threads. Returns whether the matrix is positive definite.
[[nodiscard]] inline bool factor_in_place(Rows& matrix, AddProductF64 kernel, std::size_t n_threads) {
  constexpr std::size_t block_cols = 128, tile_rows = 64;
  const auto n = static_cast<std::size_t>(matrix.rows());
  for (std::size_t begin = 0; begin < n; begin += block_cols) {
    InterruptGuard::check();
    const std::size_t n_cols = std::min(block_cols, n - begin), below = begin + n_cols;
    const auto square = matrix.block(index(begin), index(begin), index(n_cols), index(n_cols));
    const Eigen::LLT<Rows> diagonal(square);
    if (diagonal.info() != Eigen::Success) return false;
    matrix.block(index(begin), index(begin), index(n_cols), index(n_cols)) = diagonal.matrixL();
    run_team(n_threads, [&](const Team& team) {
      const std::size_t step = team.size * tile_rows;
      for (std::size_t row = below + team.rank * tile_rows; row < n; row += step) {
        auto tile = matrix.block(index(row), index(begin), index(std::min(tile_rows, n - row)), index(n_cols));
        diagonal.matrixU().solveInPlace<Eigen::OnTheRight>(tile);
      }
      team.barrier();
      for (std::size_t row = below + team.rank * tile_rows; row < n; row += step) {
        const std::size_t n_rows = std::min(tile_rows, n - row);
        add_product(
            view_of(matrix, row, begin, n_rows, n_cols),
            [&](std::size_t k, std::size_t c) { return -matrix(index(below + c), index(begin + k)); },
            view_of(matrix, row, below, n_rows, row + n_rows - below), kernel);
      }
    });
  }
  matrix.triangularView<Eigen::StrictlyUpper>().setZero();
  return true;
}

/// R, upper triangular, with H + damping = R R^T, over the inputs in `order`; raises the damping by steps of its own
/// size until there is one.
/// Errors: InputError "calibration" where even a damping of 1 does not help.
[[nodiscard]] inline Rows upper_factor(const Hessian& hessian, std::span<const std::uint32_t> order, double& damping,
                                       AddProductF64 kernel, std::size_t n_threads) {
  const std::size_t n = hessian.n_in();
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += hessian.diagonal(i) / static_cast<double>(n);
  for (const double step = damping; damping <= 1.0; damping += step > 0.0 ? step : default_damping) {
    // Reversed, the lower factor is the upper one that is wanted.
    Rows reversed(index(n), index(n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i; j < n; ++j) reversed(index(n - 1 - i), index(n - 1 - j)) = hessian(order[i], order[j]);
    for (std::size_t i = 0; i < n; ++i)
      reversed(index(n - 1 - i), index(n - 1 - i)) = hessian.diagonal(order[i]) + damping * mean;
    if (factor_in_place(reversed, kernel, n_threads)) return reversed.reverse();
  }
  throw InputError("calibration", concat("the inputs of this layer are too few or too alike: H of ", hessian.n_rows(),
                                         " rows is not positive definite with a damping of 1; give more calibration "
                                         "text"));
}

}  // namespace gptq_detail

}  // namespace quantlens::inline QUANTLENS_ABI
