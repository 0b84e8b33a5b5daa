/// GPTQ: rounds a matrix column by column and lets the columns still to come make up for each error.
///
/// With H = R R^T (R upper triangular) and D the errors of the columns so far, column j becomes
/// w_j + (sum over i < j of D_i R_ij) / R_jj before it is rounded. That is the source's update through the Cholesky
/// factor U = R^-1 of H^-1, read by columns: no inverse is needed.
/// Source: Frantar et al. 2022, arXiv 2210.17323, and its reference code.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Cholesky>

#include "quantlens/core/error.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/quant/grid.hpp"
#include "quantlens/quant/hessian.hpp"

namespace quantlens::inline v0_1 {

/// Of the mean diagonal, added to it: what the source and AutoGPTQ use.
inline constexpr double default_damping = 0.01;

/// The order in which inputs are quantized: as they come; largest activations first, in groups of that order; or
/// largest activations first within each natural group, and groups by their largest, which files store as if nothing
/// had been reordered. Source of the last: Gafni et al. 2025, arXiv 2505.14638; GPTQModel's default since version 4.
enum class GptqOrder { natural, activation, group_aware };

struct GptqSettings {
  int bits = 4;
  std::size_t group_size = 0;  ///< any divisor of n_in; 0: the whole row
  bool symmetric = true;
  GptqOrder order = GptqOrder::natural;
  bool static_groups = false;  ///< grids of the weights as they came, in natural groups
  /// Groups are fitted on weights that lack the errors of their own block of 128 columns, as GPTQModel, AutoGPTQ and so
  /// published checkpoints do, not on weights that have made up for all errors so far.
  bool lagging_groups = false;
  bool exact_scales = false;  ///< scales are not rounded to f16
  double damping = default_damping;
  std::size_t threads = 1;
};

/// What GPTQ chose. Column c of the codes belongs to input order[c], or c where there is no order.
struct GptqResult {
  std::size_t rows = 0, cols = 0, group_size = 0;
  std::vector<std::uint8_t> codes;   ///< [rows, cols]
  std::vector<Grid> grids;           ///< [rows, cols / group_size]
  std::vector<std::uint32_t> order;  ///< [cols], or empty
  double loss = 0;                   ///< half the sum of squared weighted errors
  double damping = 0;                ///< that H was positive definite with

  [[nodiscard]] const Grid& grid(std::size_t row, std::size_t col) const {
    return grids[row * (cols / group_size) + col / group_size];
  }
};

namespace gptq_detail {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Rows that are quantized together: enough for products of matrices, the same for any number of threads.
inline constexpr std::size_t tile_rows = 64;
/// Columns between two products with all errors so far.
inline constexpr std::size_t block_cols = 128;

[[nodiscard]] inline Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

/// R with H + damping = R R^T, over the inputs in `order`; raises the damping by steps of its own size until there is
/// one. Inputs that never were anything but 0 have a unit diagonal.
/// Errors: InputError "calibration" where even a damping of 1 does not help.
[[nodiscard]] inline Rows upper_factor(const Hessian& hessian, std::span<const std::uint32_t> order, double& damping) {
  const std::size_t n = hessian.n_in();
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += (hessian(i, i) == 0.0 ? 1.0 : hessian(i, i)) / static_cast<double>(n);
  for (const double step = damping; damping <= 1.0; damping += step > 0.0 ? step : default_damping) {
    // Reversed, the lower factor of Eigen is the upper one that is wanted.
    Rows reversed(index(n), index(n));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) reversed(index(n - 1 - i), index(n - 1 - j)) = hessian(order[i], order[j]);
    for (std::size_t i = 0; i < n; ++i) {
      double& diagonal = reversed(index(n - 1 - i), index(n - 1 - i));
      diagonal = (diagonal == 0.0 ? 1.0 : diagonal) + damping * mean;
    }
    const Eigen::LLT<Rows> factor(std::move(reversed));
    if (factor.info() != Eigen::Success) continue;
    const Rows lower = factor.matrixL();
    return lower.reverse();
  }
  throw InputError("calibration", concat("the inputs of this layer are too few or too alike: H of ", hessian.n_rows(),
                                         " rows is not positive definite with a damping of 1; give more calibration "
                                         "text"));
}

/// Equal diagonals of H stay in their natural order.
[[nodiscard]] inline std::vector<std::uint32_t> quantization_order(const Hessian& hessian, GptqOrder wanted,
                                                                   std::size_t group_size) {
  std::vector<std::uint32_t> order(hessian.n_in());
  std::iota(order.begin(), order.end(), 0u);
  const auto larger = [&](std::uint32_t a, std::uint32_t b) {
    return hessian(a, a) != hessian(b, b) ? hessian(a, a) > hessian(b, b) : a < b;
  };
  if (wanted == GptqOrder::activation) std::sort(order.begin(), order.end(), larger);
  if (wanted != GptqOrder::group_aware) return order;
  std::vector<std::vector<std::uint32_t>> groups;
  for (std::size_t first = 0; first < order.size(); first += group_size) {
    const auto begin = order.begin() + static_cast<std::ptrdiff_t>(first);
    std::vector<std::uint32_t>& group = groups.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(group_size));
    std::sort(group.begin(), group.end(), larger);
  }
  std::sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return larger(a[0], b[0]); });
  order.clear();
  for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
  return order;
}

/// One matrix on its way: shared by the members of a team, who take tiles of rows.
class Quantization {
 public:
  Quantization(MatrixView<const float> weights, const Hessian& hessian, const GptqSettings& settings)
      : weights_(weights), settings_(settings) {
    check(hessian);
    const std::size_t n = weights.cols;
    group_size_ = settings.group_size == 0 ? n : settings.group_size;
    order_ = quantization_order(hessian, settings.order, group_size_);
    place_columns();
    for (std::size_t i = 0; i < n; ++i) dead_.push_back(hessian(order_[i], order_[i]) == 0.0);
    result_.damping = settings.damping;
    factor_ = upper_factor(hessian, order_, result_.damping);
    result_.rows = weights.rows;
    result_.cols = n;
    result_.group_size = group_size_;
    result_.codes.resize(weights.rows * n);
    result_.grids.resize(weights.rows * (n / group_size_));
  }

  [[nodiscard]] GptqResult run() {
    const std::size_t n_tiles = (weights_.rows + tile_rows - 1) / tile_rows;
    std::vector<double> losses(n_tiles);
    run_team(settings_.threads, [&](const Team& team) {
      const Range tiles = team.slice(n_tiles);
      for (std::size_t tile = tiles.begin; tile < tiles.end; ++tile) losses[tile] = quantize_tile(tile * tile_rows);
    });
    for (const double loss : losses) result_.loss += loss / 2.0;
    return std::move(result_);
  }

 private:
  void check(const Hessian& hessian) const {
    hessian.check();
    if (hessian.n_in() != weights_.cols)
      throw InputError("shape", concat("a matrix of ", weights_.cols, " inputs met the Hessian of ", hessian.n_in()));
    if (settings_.group_size != 0 && weights_.cols % settings_.group_size != 0)
      throw InputError("group_size",
                       concat("groups of ", settings_.group_size, " do not divide rows of ", weights_.cols, " inputs"));
    for (std::size_t r = 0; r < weights_.rows; ++r)
      for (std::size_t c = 0; c < weights_.cols; ++c)
        if (!std::isfinite(weights_(r, c)))
          throw InputError("not_finite", concat("the weight in row ", r, ", column ", c, " is ", weights_(r, c),
                                                "; is the file damaged?"));
  }

  /// The grid of a group that is known in advance, or refitted on weights that have made up for errors.
  /// Without the weights of dead inputs a group may have none below 0. A symmetric grid saturates there in the source,
  /// at half of the largest weight; here it spans both signs.
  [[nodiscard]] Grid fit(std::span<const float> group) const {
    const auto [low, high] = std::minmax_element(group.begin(), group.end());
    const float mirrored = -*high;
    if (settings_.symmetric && *low >= 0.0f) group = {&mirrored, 1};
    return settings_.exact_scales ? exact_grid(group, settings_.bits, settings_.symmetric)
                                  : stored_grid(group, settings_.bits, settings_.symmetric);
  }

  [[nodiscard]] Grid& grid(std::size_t row, std::size_t group) {
    return result_.grids[row * (weights_.cols / group_size_) + group];
  }

  /// Whether groups are those of the order of quantization, so that columns have to stay in it.
  [[nodiscard]] bool keeps_order() const {
    return settings_.order == GptqOrder::activation && !settings_.static_groups;
  }

  /// Within a group codes lie in their natural order, since groups are all that files know of another one.
  void place_columns() {
    places_ = order_;
    if (!keeps_order()) return;
    std::vector<std::uint32_t> stored = order_;
    const auto group = static_cast<std::ptrdiff_t>(group_size_);
    for (auto first = stored.begin(); first != stored.end(); first += group) std::sort(first, first + group);
    std::vector<std::uint32_t> place_of_input(stored.size());
    for (std::uint32_t place = 0; place < stored.size(); ++place) place_of_input[stored[place]] = place;
    for (std::uint32_t& place : places_) place = place_of_input[place];
    if (!std::is_sorted(stored.begin(), stored.end())) result_.order = std::move(stored);
  }

  [[nodiscard]] std::size_t group_of(std::size_t column) const { return places_[column] / group_size_; }

  void fit_static(std::size_t row) {
    std::vector<float> natural(weights_.cols);
    for (std::size_t c = 0; c < weights_.cols; ++c) natural[order_[c]] = dead_[c] ? 0.0f : weights_(row, order_[c]);
    for (std::size_t g = 0; g < weights_.cols / group_size_; ++g)
      grid(row, g) = fit(std::span(natural).subspan(g * group_size_, group_size_));
  }

  /// Rows [first, first + 64). Returns the sum of squared weighted errors.
  double quantize_tile(std::size_t first) {
    const std::size_t n_rows = std::min(tile_rows, weights_.rows - first), n = weights_.cols;
    Rows wanted(index(n_rows), index(n)), errors(index(n_rows), index(n));
    for (std::size_t r = 0; r < n_rows; ++r) {
      if (settings_.static_groups) fit_static(first + r);
      for (std::size_t c = 0; c < n; ++c)
        wanted(index(r), index(c)) = dead_[c] ? 0.0 : static_cast<double>(weights_(first + r, order_[c]));
    }
    double loss = 0;
    for (std::size_t begin = 0; begin < n;) {
      const std::size_t end = next_stop(begin);
      loss += quantize_block(first, begin, end, wanted, errors);
      begin = end;
    }
    return loss;
  }

  /// A block ends after 128 columns, and before every group that has to be fitted.
  [[nodiscard]] std::size_t next_stop(std::size_t begin) const {
    std::size_t end = std::min(begin + block_cols, weights_.cols);
    if (!settings_.static_groups) end = std::min(end, (begin / group_size_ + 1) * group_size_);
    return end;
  }

  /// Columns [begin, end) of a tile, given the errors of all columns before.
  double quantize_block(std::size_t first, std::size_t begin, std::size_t end, const Rows& wanted, Rows& errors) {
    const Eigen::Index b = index(begin), n = index(end - begin), n_rows = wanted.rows();
    Rows pull = errors.leftCols(b) * factor_.block(0, b, b, n);
    if (!settings_.static_groups && begin % group_size_ == 0) fit_group(first, begin, wanted, errors);
    double loss = 0;
    for (Eigen::Index j = 0; j < n; ++j) {
      const double diagonal = factor_(b + j, b + j);
      const Eigen::RowVectorXd above = factor_.block(b, b + j, j, 1).transpose();
      const std::size_t column = begin + static_cast<std::size_t>(j);
      for (Eigen::Index r = 0; r < n_rows; ++r) {
        const std::size_t row = first + static_cast<std::size_t>(r);
        double sum = pull(r, j);
        for (Eigen::Index i = 0; i < j; ++i) sum += errors(r, b + i) * above(i);
        const double value = wanted(r, b + j) + sum / diagonal;
        const Grid& own = grid(row, group_of(column));
        const std::uint8_t chosen = own.code(static_cast<float>(value));
        const double rounded = static_cast<double>(own.value(chosen));
        result_.codes[row * weights_.cols + places_[column]] = chosen;
        errors(r, b + j) = wanted(r, b + j) - rounded;
        const double weighted = (value - rounded) * diagonal;
        loss += weighted * weighted;
      }
    }
    return loss;
  }

  /// Grids of the group that begins at `begin`, on its weights after they made up for the errors before.
  void fit_group(std::size_t first, std::size_t begin, const Rows& wanted, const Rows& errors) {
    const Eigen::Index b = index(begin), n = index(group_size_);
    Rows updated = wanted.middleCols(b, n);
    const Eigen::Index known = settings_.lagging_groups ? index(begin / block_cols * block_cols) : b;
    if (known > 0) {
      const Eigen::Index upto = b + n - known;
      Rows made_up = errors.leftCols(known) * factor_.block(0, known, known, upto);
      factor_.block(known, known, upto, upto).triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(made_up);
      updated += made_up.rightCols(n);
    }
    const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> group = updated.cast<float>();
    for (Eigen::Index r = 0; r < group.rows(); ++r)
      grid(first + static_cast<std::size_t>(r), group_of(begin)) =
          fit({group.data() + r * n, static_cast<std::size_t>(n)});
  }

  MatrixView<const float> weights_;
  const GptqSettings& settings_;
  std::size_t group_size_ = 0;
  std::vector<std::uint32_t> order_;   ///< the input of each column
  std::vector<std::uint32_t> places_;  ///< where the column is stored
  std::vector<bool> dead_;
  Rows factor_;
  GptqResult result_;
};

}  // namespace gptq_detail

/// Codes and grids for W [n_out, n_in] whose inputs have this Hessian. The same for any number of threads.
/// Errors: InputError "shape", "group_size", "not_finite", "calibration".
[[nodiscard]] inline GptqResult gptq(MatrixView<const float> weights, const Hessian& hessian,
                                     const GptqSettings& settings) {
  return gptq_detail::Quantization(weights, hessian, settings).run();
}

/// Symmetric or affine by its layout; scales are f16. Inputs are reordered where groups are those of the order of
/// quantization (by activation, without static groups).
template <Layout L, int Bits>
struct Gptq {
  using layout = L;
  static constexpr std::string_view name = "gptq";
  static constexpr int bits = Bits;

  std::size_t group_size = 0;  ///< a multiple of 32 that divides the row; 0: one group a row
  GptqOrder order = GptqOrder::group_aware;
  bool static_groups = false;
  bool lagging_groups = true;
  double damping = default_damping;
  std::size_t threads = 1;

  /// Errors: those of gptq() and of PackedMatrix.
  [[nodiscard]] PackedMatrix<L, Bits> quantize(MatrixView<const float> weights, const Hessian& hessian) const {
    PackedMatrix<L, Bits> packed(weights.rows, weights.cols, group_size,
                                 /*group_bits=*/16 + (L::has_offset ? Bits : 0));
    GptqResult result = gptq(weights, hessian,
                             {Bits, group_size, !L::has_offset, order, static_groups, lagging_groups,
                              /*exact_scales=*/false, damping, threads});
    for (std::size_t row = 0; row < weights.rows; ++row) {
      packed.set_row_codes(row, std::span(result.codes).subspan(row * weights.cols, weights.cols));
      for (std::size_t g = 0; g < packed.n_groups(); ++g) {
        const Grid& grid = result.grids[row * packed.n_groups() + g];
        packed.scale(row, g) = grid.scale;
        if constexpr (L::has_offset) packed.offset(row, g) = -grid.scale * static_cast<float>(grid.zero_point);
      }
    }
    packed.set_input_order(std::move(result.order));
    return packed;
  }
};

}  // namespace quantlens::inline v0_1
