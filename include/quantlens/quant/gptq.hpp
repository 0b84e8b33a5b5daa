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

#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/matrix_view.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/quant/gptq_factor.hpp"
#include "quantlens/quant/grid.hpp"
#include "quantlens/quant/grid_search.hpp"
#include "quantlens/quant/hessian.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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
  /// Ranges of grids are searched (grid_search.hpp), up to the group's largest weight as it came. Without, they reach
  /// its largest weight that has made up for errors, as in GPTQModel and AutoGPTQ.
  bool searched_grids = false;
  bool exact_scales = false;  ///< scales are not rounded to f16
  double damping = default_damping;
  std::size_t threads = 1;
  AddProductF64 add_product = &add_product_scalar;
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

/// Rows that are quantized together: enough for products of matrices, the same for any number of threads.
inline constexpr std::size_t tile_rows = 64;
/// Columns between two products with all errors so far.
inline constexpr std::size_t block_cols = 128;
/// Columns between two products within a block.
inline constexpr std::size_t strip_cols = 16;

/// Equal diagonals of H stay in their natural order.
[[nodiscard]] inline std::vector<std::uint32_t> quantization_order(const Hessian& hessian, GptqOrder wanted,
                                                                   std::size_t group_size) {
  std::vector<std::uint32_t> order(hessian.n_in());
  std::iota(order.begin(), order.end(), 0u);
  const auto larger = [&](std::uint32_t a, std::uint32_t b) {
    return hessian.diagonal(a) != hessian.diagonal(b) ? hessian.diagonal(a) > hessian.diagonal(b) : a < b;
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
    for (std::size_t i = 0; i < n; ++i) dead_.push_back(hessian.is_dead(order_[i]));
    result_.damping = settings.damping;
    factor_ = upper_factor(hessian, order_, result_.damping, settings.add_product, settings.threads);
    for (std::size_t c = 0; c < n; ++c)
      importance_.push_back(static_cast<float>(std::sqrt(hessian.diagonal(order_[c])) * factor_(index(c), index(c))));
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
    InterruptGuard::check();
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

  /// The grid of a group that is known in advance, or refitted on weights that have made up for errors; `largest` is
  /// the magnitude of its largest weight as it came.
  /// Without the weights of dead inputs a group may have none below 0. A symmetric grid saturates there in the source,
  /// at half of the largest weight; here it spans both signs.
  [[nodiscard]] Grid fit(std::span<const float> group, std::span<const float> importance, float largest) const {
    const auto grid_of = [&](WeightRange range) {
      return settings_.exact_scales ? exact_grid(range, settings_.bits, settings_.symmetric)
                                    : stored_grid(range, settings_.bits, settings_.symmetric);
    };
    WeightRange range = range_of(group);
    if (settings_.symmetric && range.low >= 0.0f) range.low = -range.high;
    if (!settings_.searched_grids) return grid_of(range);
    // A group of small weights beside one of large ones would grow many times over, for errors that hardly matter.
    range.low = std::max(range.low, -largest);
    range.high = std::min(range.high, largest);
    return searched_grid(range, group, importance, grid_of);
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
    std::vector<float> natural(weights_.cols), importance(weights_.cols);
    for (std::size_t c = 0; c < weights_.cols; ++c) {
      natural[order_[c]] = dead_[c] ? 0.0f : weights_(row, order_[c]);
      importance[order_[c]] = importance_[c];
    }
    for (std::size_t first = 0; first < weights_.cols; first += group_size_) {
      const auto group = std::span(natural).subspan(first, group_size_);
      const WeightRange range = range_of(group);
      grid(row, first / group_size_) =
          fit(group, std::span(importance).subspan(first, group_size_), std::max(-range.low, range.high));
    }
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
    for (std::size_t begin = 0; begin < n && !InterruptGuard::is_pending(); begin += block_cols)
      loss += quantize_block(first, begin, std::min(begin + block_cols, n), wanted, errors);
    return loss;
  }

  /// Errors of columns [0, known) times R's columns [begin, end).
  [[nodiscard]] Rows pull_of(const Rows& errors, std::size_t known, std::size_t begin, std::size_t end) const {
    const auto n_rows = static_cast<std::size_t>(errors.rows());
    Rows pull = Rows::Zero(errors.rows(), index(end - begin));
    add_product(
        view_of(errors, 0, 0, n_rows, known),
        [&](std::size_t k, std::size_t c) { return factor_(index(k), index(begin + c)); },
        view_of(pull, 0, 0, n_rows, end - begin), settings_.add_product);
    return pull;
  }

  /// What weights from column `begin` on take over from errors, given their pull there.
  [[nodiscard]] Rows made_up(Rows pull, std::size_t begin) const {
    const Eigen::Index b = index(begin), n = pull.cols();
    factor_.block(b, b, n, n).triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(pull);
    return pull;
  }

  /// Columns [begin, end) of a tile, given the errors of all columns before.
  double quantize_block(std::size_t first, std::size_t begin, std::size_t end, const Rows& wanted, Rows& errors) {
    Rows pull = pull_of(errors, begin, begin, end);
    Rows lagging;
    if (const std::size_t lag_end = end_of_lagging_groups(begin, end); lag_end > begin)
      lagging = made_up(lag_end == end ? pull : pull_of(errors, begin, begin, lag_end), begin);
    const auto n_rows = static_cast<std::size_t>(wanted.rows());
    double loss = 0;
    for (std::size_t from = begin; from < end; from += strip_cols) {
      const std::size_t to = std::min(from + strip_cols, end);
      for (std::size_t column = from; column < to; ++column) {
        if (!settings_.static_groups && column % group_size_ == 0)
          fit_group(first, column, made_up_group(column, begin, end, from, pull, errors, lagging), wanted);
        loss += quantize_column(first, column, begin, to, wanted, pull, errors);
      }
      add_product(
          view_of(errors, 0, from, n_rows, to - from),
          [&](std::size_t k, std::size_t c) { return factor_(index(from + k), index(to + c)); },
          view_of(pull, 0, to - begin, n_rows, end - to), settings_.add_product);
    }
    return loss;
  }

  /// One column of a tile, whose error pulls on the columns before `to`. Shape of pull: the block from `begin` on.
  double quantize_column(std::size_t first, std::size_t column, std::size_t begin, std::size_t to, const Rows& wanted,
                         Rows& pull, Rows& errors) {
    const Eigen::Index c = index(column), at = index(column - begin), n_later = index(to - column - 1);
    const double diagonal = factor_(c, c);
    double loss = 0;
    for (Eigen::Index r = 0; r < wanted.rows(); ++r) {
      const std::size_t row = first + static_cast<std::size_t>(r);
      const double value = wanted(r, c) + pull(r, at) / diagonal;
      const Grid& own = grid(row, group_of(column));
      const std::uint8_t chosen = own.code(static_cast<float>(value));
      const double rounded = static_cast<double>(own.value(chosen)), error = wanted(r, c) - rounded;
      result_.codes[row * weights_.cols + places_[column]] = chosen;
      errors(r, c) = error;
      for (Eigen::Index i = 1; i <= n_later; ++i) pull(r, at + i) += error * factor_(c, c + i);
      const double weighted = (value - rounded) * diagonal;
      loss += weighted * weighted;
    }
    return loss;
  }

  /// The end of the last group that begins in columns [begin, end) and is fitted on weights that have made up for the
  /// errors of earlier blocks; `begin` where there is none.
  [[nodiscard]] std::size_t end_of_lagging_groups(std::size_t begin, std::size_t end) const {
    const std::size_t last = (end - 1) / group_size_ * group_size_;
    if (settings_.static_groups || !settings_.lagging_groups || begin == 0 || last < begin) return begin;
    return last + group_size_;
  }

  /// What the weights of the group that begins at `column` take over from errors before: of all columns, or of the
  /// blocks before this one, [begin, end), for which `lagging` says it. `pull` is complete up to the strip at `from`.
  [[nodiscard]] Rows made_up_group(std::size_t column, std::size_t begin, std::size_t end, std::size_t from,
                                   const Rows& pull, const Rows& errors, const Rows& lagging) const {
    const Eigen::Index n = index(group_size_), at = index(column - begin);
    if (settings_.lagging_groups)
      return lagging.size() > 0 ? Rows(lagging.middleCols(at, n)) : Rows(Rows::Zero(errors.rows(), n));
    if (column == from && column + group_size_ <= end) return made_up(pull.middleCols(at, n), column);
    return made_up(pull_of(errors, column, column, column + group_size_), column);
  }

  /// Grids of the group that begins at `begin`, on its weights with their change.
  void fit_group(std::size_t first, std::size_t begin, const Rows& change, const Rows& wanted) {
    const Eigen::Index n = index(group_size_);
    const Rows updated = wanted.middleCols(index(begin), n) + change;
    const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> group = updated.cast<float>();
    for (Eigen::Index r = 0; r < group.rows(); ++r)
      grid(first + static_cast<std::size_t>(r), group_of(begin)) =
          fit({group.data() + r * n, group_size_}, std::span(importance_).subspan(begin, group_size_),
              static_cast<float>(wanted.row(r).segment(index(begin), n).cwiseAbs().maxCoeff()));
  }

  MatrixView<const float> weights_;
  const GptqSettings& settings_;
  std::size_t group_size_ = 0;
  std::vector<std::uint32_t> order_;   ///< the input of each column
  std::vector<std::uint32_t> places_;  ///< where the column is stored
  std::vector<bool> dead_;
  Rows factor_;
  /// Of errors in each column: the geometric mean of what they cost as they are, H_jj, and after later columns have
  /// made up for them, R_jj^2.
  std::vector<float> importance_;
  GptqResult result_;
};

}  // namespace gptq_detail

/// Codes and grids for W [n_out, n_in] whose inputs have this Hessian. The same for any number of threads.
/// Errors: InputError "shape", "group_size", "not_finite", "calibration".
[[nodiscard]] inline GptqResult gptq(MatrixView<const float> weights, const Hessian& hessian,
                                     const GptqSettings& settings) {
  return gptq_detail::Quantization(weights, hessian, settings).run();
}

/// What a format says of it. Precondition: the format is gptq.
[[nodiscard]] inline GptqSettings gptq_settings(const FormatSpec& format) {
  GptqSettings settings;
  settings.bits = format.bits;
  settings.group_size = format.group_size;
  settings.symmetric = format.symmetric;
  settings.order = format.gptq.act_order ? GptqOrder::activation : GptqOrder::group_aware;
  settings.static_groups = format.gptq.static_groups;
  settings.searched_grids = !format.gptq.whole_range;
  settings.lagging_groups = format.gptq.whole_range;
  settings.damping = format.gptq.damping_percent / 100.0;
  return settings;
}

/// gptq() as a packed matrix. Inputs are reordered where groups are those of the order of quantization (by activation,
/// without static groups). Errors: those of gptq() and of
/// PackedMatrix.
[[nodiscard]] inline PackedMatrix gptq_matrix(MatrixView<const float> weights, const Hessian& hessian,
                                              const GptqSettings& settings) {
  PackedMatrix packed =
      grid_matrix(weights.rows, weights.cols, {settings.bits, settings.group_size, settings.symmetric});
  GptqResult result = gptq(weights, hessian, settings);
  for (std::size_t row = 0; row < weights.rows; ++row) {
    packed.set_row_codes(row, std::span(result.codes).subspan(row * weights.cols, weights.cols));
    for (std::size_t g = 0; g < packed.n_groups(); ++g)
      set_grid(packed, row, g, result.grids[row * packed.n_groups() + g]);
  }
  packed.set_input_order(std::move(result.order));
  return packed;
}

/// gptq_matrix() with layout and width as types: symmetric or affine by the layout.
template <Layout L, int Bits>
struct Gptq {
  using layout = L;
  static constexpr std::string_view name = "gptq";
  static constexpr int bits = Bits;

  std::size_t group_size = 0;  ///< a multiple of 32 that divides the row; 0: one group a row
  GptqOrder order = GptqOrder::group_aware;
  bool static_groups = false;
  bool searched_grids = true;  ///< without, groups and grids are those of GPTQModel
  double damping = default_damping;
  std::size_t threads = 1;
  AddProductF64 add_product = &add_product_scalar;

  [[nodiscard]] PackedMatrix quantize(MatrixView<const float> weights, const Hessian& hessian) const {
    return gptq_matrix(weights, hessian,
                       {Bits, group_size, !L::has_offset, order, static_groups, /*lagging_groups=*/!searched_grids,
                        searched_grids, /*exact_scales=*/false, damping, threads, add_product});
  }
};

}  // namespace quantlens::inline QUANTLENS_ABI
