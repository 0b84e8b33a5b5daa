/// AWQ's search for smaller weight ranges: clips each group where that lessens the error of its part of the output.
///
/// Source: AutoAWQ 0.2.9, AwqQuantizer._compute_best_clip. Queries and keys are left alone there: their errors meet in
/// a product, which this error does not see.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/awq_error.hpp"
#include "quantlens/quant/awq_grid.hpp"
#include "quantlens/quant/awq_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Limits tried: the largest |w| times 1, 0.95 ... 0.55.
inline constexpr std::size_t awq_clip_steps = 10;
inline constexpr std::size_t awq_clip_grid = 20;
/// Every (n_tokens / awq_clip_tokens)-th token is looked at, which makes fewer than twice as many, as in the source.
inline constexpr std::size_t awq_clip_tokens = 512;

/// The limit of one group: weights beyond +-limit are clipped to it.
struct AwqClip {
  float limit = 0.0f;
  std::size_t step = 0;  ///< 0: nothing is clipped
  double error = 0.0;    ///< mean over the tokens of the squared change of the group's partial dot product
};

namespace awq_detail {

/// The error of a group's differences over the sampled tokens, from whichever matrix is smaller: the group's Gram
/// matrix, or the tokens themselves where a group is longer than that.
class GroupErrors {
 public:
  GroupErrors(MatrixView<const float> inputs, std::size_t group_size)
      : n_(group_size), stride_(std::max<std::size_t>(1, inputs.rows / awq_clip_tokens)) {
    sampled_ = {inputs.data, (inputs.rows + stride_ - 1) / stride_, inputs.cols, inputs.stride * stride_};
    if (n_ > 2 * sampled_.rows) return;
    grams_.resize(inputs.cols * n_);
    for (std::size_t token = 0; token < sampled_.rows; ++token)
      for (std::size_t first = 0; first < inputs.cols; first += n_)
        for (std::size_t i = 0; i < n_; ++i) {
          const auto x = static_cast<double>(sampled_(token, first + i));
          double* row = &grams_[(first + i) * n_];
          for (std::size_t j = 0; j <= i; ++j) row[j] += x * static_cast<double>(sampled_(token, first + j));
        }
  }

  /// Shapes: differences [group_size, error_lanes]. Sums over the tokens; the caller divides by n_tokens().
  void add(std::size_t first, const double* differences, LaneSums& errors) const {
    if (grams_.empty())
      add_output_errors({sampled_.data + first, sampled_.rows, n_, sampled_.stride}, differences, errors);
    else
      add_gram_errors(MatrixView<const double>(&grams_[first * n_], n_, n_), differences, errors);
  }

  [[nodiscard]] std::size_t n_tokens() const noexcept { return sampled_.rows; }

 private:
  std::size_t n_, stride_;
  MatrixView<const float> sampled_;
  std::vector<double> grams_;  ///< [n_groups, group_size, group_size], lower triangles; empty: use the tokens
};

/// Finds the limits of up to `error_lanes` rows in one group. Shapes: scratch [group_size]; differences
/// [group_size, error_lanes]; clips: one for each row, `clip_stride` apart.
inline void clip_rows(MatrixView<const float> rows, std::size_t first, const AwqGroups& groups,
                      const GroupErrors& group_errors, std::span<float> scratch, std::span<double> differences,
                      AwqClip* clips, std::size_t clip_stride) {
  const std::size_t n = scratch.size();
  float largest[error_lanes];
  for (std::size_t lane = 0; lane < rows.rows; ++lane) {
    const auto [low, high] = range_of(rows.row(lane).subspan(first, n));
    largest[lane] = std::max(high, -low);
    clips[lane * clip_stride] = {largest[lane], 0, std::numeric_limits<double>::infinity()};
  }
  for (std::size_t step = 0; step < awq_clip_steps; ++step) {
    const auto shrink = static_cast<float>(1.0 - static_cast<double>(step) / static_cast<double>(awq_clip_grid));
    for (std::size_t lane = 0; lane < rows.rows; ++lane) {
      const auto source = rows.row(lane).subspan(first, n);
      const float limit = largest[lane] * shrink;
      for (std::size_t i = 0; i < n; ++i) scratch[i] = std::min(std::max(source[i], -limit), limit);
      round_to_grid(exact_awq_grid(scratch, groups.bits, groups.symmetric), scratch);
      for (std::size_t i = 0; i < n; ++i)
        differences[i * error_lanes + lane] = static_cast<double>(scratch[i]) - static_cast<double>(source[i]);
    }
    LaneSums errors = {};
    group_errors.add(first, differences.data(), errors);
    for (std::size_t lane = 0; lane < rows.rows; ++lane) {
      const double error = errors[lane] / static_cast<double>(group_errors.n_tokens());
      AwqClip& best = clips[lane * clip_stride];
      if (error < best.error) best = {largest[lane] * shrink, step, error};
    }
  }
}

}  // namespace awq_detail

/// The best limit of every group. Shapes: weights [n_out, n_in], scaled already; inputs [n_tokens, n_in], divided by
/// the same scales; result [n_out, n_groups].
/// Numerics: the same bits for any number of threads. Cost: n_out * n_in * min(group_size / 2, tokens) * 10.
/// Errors: InputError "shape", "group_size", "not_finite", "calibration".
[[nodiscard]] inline std::vector<AwqClip> search_awq_clips(const NamedMatrix& weights, const NamedMatrix& inputs,
                                                           const AwqGroups& groups, std::size_t n_threads) {
  using awq_detail::error_lanes;
  check_groups(weights, groups);
  check_finite(weights);
  check_inputs(weights, "calibration inputs", inputs.values.cols);
  check_finite(inputs);
  if (inputs.values.rows == 0)
    throw InputError("calibration",
                     concat("AWQ clipping of ", weights.name, ": expected calibration tokens, got none"));

  const MatrixView<const float> w = weights.values;
  const std::size_t n = groups.size_in(w.cols), n_groups = groups.count_in(w.cols);
  const std::size_t n_tiles = (w.rows + error_lanes - 1) / error_lanes, n_teams = std::max<std::size_t>(n_threads, 1);
  const awq_detail::GroupErrors group_errors(inputs.values, n);
  std::vector<AwqClip> clips(w.rows * n_groups);
  std::vector<float> scratch(n_teams * n);
  std::vector<double> differences(n_teams * n * error_lanes);
  run_team(n_threads, [&](const Team& team) {
    const Range tiles = team.slice(n_tiles);
    for (std::size_t g = 0; g < n_groups; ++g)
      for (std::size_t tile = tiles.begin; tile < tiles.end && !InterruptGuard::is_pending(); ++tile) {
        const std::size_t row = tile * error_lanes;
        const MatrixView<const float> rows(w.data + row * w.stride, std::min(error_lanes, w.rows - row), w.cols,
                                           w.stride);
        awq_detail::clip_rows(rows, g * n, groups, group_errors, std::span(scratch).subspan(team.rank * n, n),
                              std::span(differences).subspan(team.rank * n * error_lanes, n * error_lanes),
                              &clips[row * n_groups + g], n_groups);
      }
  });
  InterruptGuard::check();
  return clips;
}

/// Clips every group to its limit, in place. Shapes: clips [n_out, n_groups] as search_awq_clips returns them.
inline void clip_weights(MatrixView<float> weights, std::span<const AwqClip> clips, const AwqGroups& groups) {
  const std::size_t n = groups.size_in(weights.cols), n_groups = groups.count_in(weights.cols);
  for (std::size_t r = 0; r < weights.rows; ++r)
    for (std::size_t c = 0; c < weights.cols; ++c) {
      const float limit = clips[r * n_groups + c / n].limit;
      weights(r, c) = std::min(std::max(weights(r, c), -limit), limit);
    }
}

}  // namespace quantlens::inline QUANTLENS_ABI
