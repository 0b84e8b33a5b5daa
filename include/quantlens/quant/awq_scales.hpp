/// AWQ's search for the scales of one set of matrices that share their inputs.
///
/// Inputs that carry large activations get their weights multiplied before rounding and the inputs divided, so that
/// rounding hurts them less; how strongly is the exponent alpha, found by trying 20 of them.
/// Source: Lin et al. 2023, arXiv 2306.00978; AutoAWQ 0.2.9, AwqQuantizer._search_best_scale.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/aligned_buffer.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/quant/awq_grid.hpp"
#include "quantlens/quant/awq_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Exponents tried: 0, 0.05 ... 0.95.
inline constexpr std::size_t awq_alphas = 20;

/// What scales are made from.
enum class AwqScaleRule {
  duo,    ///< x^alpha / (w^(1 - alpha) + 1e-4): activations and weights (AutoAWQ's default)
  inputs  ///< x^alpha: activations alone (the paper and llm-awq)
};

/// The mean of |x| of every input over all tokens, fed a batch at a time.
/// Numerics: double sums in the order of the tokens.
class AwqInputMeans {
 public:
  explicit AwqInputMeans(std::size_t n_in) : sums_(n_in) {}

  /// Shapes: inputs [n_tokens, n_in]. Errors: InputError "shape", or "not_finite" with token and input.
  void add(const NamedMatrix& inputs) {
    check_inputs({inputs.name, {nullptr, 0, sums_.size()}}, "calibration inputs", inputs.values.cols);
    check_finite(inputs);
    for (std::size_t token = 0; token < inputs.values.rows; ++token) {
      const auto row = inputs.values.row(token);
      for (std::size_t c = 0; c < row.size(); ++c) sums_[c] += std::fabs(static_cast<double>(row[c]));
    }
    n_tokens_ += inputs.values.rows;
  }

  [[nodiscard]] std::size_t n_tokens() const noexcept { return n_tokens_; }

  /// Shape [n_in]. Errors: InputError "calibration" before the first token.
  [[nodiscard]] std::vector<double> means() const {
    if (n_tokens_ == 0) throw InputError("calibration", "AWQ: no calibration token was given; it needs at least one");
    std::vector<double> means(sums_);
    for (double& mean : means) mean /= static_cast<double>(n_tokens_);
    return means;
  }

 private:
  std::vector<double> sums_;
  std::size_t n_tokens_ = 0;
};

/// The mean over all rows of the set of |w| / (largest |w| of its group + 1e-6). Shape [n_in].
/// Errors: InputError "shape", "group_size", "not_finite".
[[nodiscard]] inline std::vector<double> awq_weight_means(std::span<const NamedMatrix> set, const AwqGroups& groups) {
  static constexpr float least = 1e-6f;
  if (set.empty()) throw InputError("shape", "AWQ: expected a set of at least one matrix, got none");
  const std::size_t n_in = set[0].values.cols;
  std::vector<double> means(n_in);
  double n_rows = 0.0;
  for (const NamedMatrix& matrix : set) {
    check_inputs(matrix, concat("a set that starts with ", set[0].name), n_in);
    check_groups(matrix, groups);
    check_finite(matrix);
    for (std::size_t r = 0; r < matrix.values.rows; ++r) {
      for (std::size_t first = 0; first < n_in; first += groups.size_in(n_in)) {
        const auto group = matrix.values.row(r).subspan(first, groups.size_in(n_in));
        const auto [low, high] = range_of(group);
        const float largest = std::max(high, -low) + least;
        for (std::size_t i = 0; i < group.size(); ++i)
          means[first + i] += static_cast<double>(std::fabs(group[i]) / largest);
      }
    }
    n_rows += static_cast<double>(matrix.values.rows);
  }
  for (double& mean : means) mean /= n_rows;
  return means;
}

/// The scales of one exponent: at least 1e-4 each, then divided by sqrt(largest * smallest). Shape [n_in].
/// An input that is always 0 gets the least scale that the rule allows. Precondition: finite means, none negative.
[[nodiscard]] inline std::vector<float> awq_scales(std::span<const double> input_means,
                                                   std::span<const double> weight_means, double alpha,
                                                   AwqScaleRule rule) {
  static constexpr double least = 1e-4;
  std::vector<double> scales(input_means.size());
  for (std::size_t c = 0; c < scales.size(); ++c) {
    const double inputs = std::pow(input_means[c], alpha);
    const double weights = rule == AwqScaleRule::duo ? std::pow(weight_means[c], 1.0 - alpha) + least : 1.0;
    scales[c] = std::max(inputs / weights, least);
  }
  // AutoAWQ replaces scales that overflow by 1; with finite means in double precision none does.
  const auto [low, high] = std::minmax_element(scales.begin(), scales.end());
  const double centre = std::sqrt(*low) * std::sqrt(*high);
  std::vector<float> rounded(scales.size());
  std::transform(scales.begin(), scales.end(), rounded.begin(),
                 [&](double scale) { return static_cast<float>(scale / centre); });
  return rounded;
}

/// The weights that scaled inputs would meet, as the unscaled inputs see them: Q(W * s) / s.
/// Shapes: weights and out [n_out, n_in], scales [n_in]; out may be the weights themselves.
inline void awq_candidate(MatrixView<const float> weights, std::span<const float> scales, const AwqGroups& groups,
                          MatrixView<float> out, std::size_t n_threads) {
  const std::size_t n = groups.size_in(weights.cols);
  run_team(n_threads, [&](const Team& team) {
    const Range rows = team.slice(weights.rows);
    for (std::size_t r = rows.begin; r < rows.end; ++r) {
      for (std::size_t first = 0; first < weights.cols; first += n) {
        const float* source = &weights(r, first);
        const float* scale = &scales[first];
        const std::span<float> group = out.row(r).subspan(first, n);
        for (std::size_t i = 0; i < n; ++i) group[i] = source[i] * scale[i];
        round_to_grid(exact_awq_grid(group, groups.bits, groups.symmetric), group);
        for (std::size_t i = 0; i < n; ++i) group[i] /= scale[i];
      }
    }
  });
}

/// What the search found.
struct AwqSearch {
  std::vector<float> scales;  ///< [n_in]: W is multiplied by them, the inputs are divided
  double alpha = 0.0;
  double loss = 0.0;
  std::array<double, awq_alphas> losses{};  ///< of every exponent; the first of equal losses wins
};

/// Tries every exponent. `loss(std::span<const MatrixView<const float>> candidates)` gives the output error of whatever
/// the set is inspected by (a linear layer: gram_loss of awq_error.hpp; else attention or the MLP) with the candidate
/// weights in place, in the order of the set; the views are valid during the call. A loss that is no number is passed
/// over.
/// Numerics: the same for any number of threads, where the loss is.
/// Errors: InputError "shape", "group_size", "not_finite"; "calibration" where no loss is a number.
template <class Loss>
[[nodiscard]] AwqSearch search_awq_scales(std::span<const NamedMatrix> set, std::span<const double> input_means,
                                          const AwqGroups& groups, AwqScaleRule rule, Loss&& loss,
                                          std::size_t n_threads) {
  const std::vector<double> weight_means = awq_weight_means(set, groups);
  check_inputs(set[0], "mean calibration inputs", input_means.size());
  for (std::size_t c = 0; c < input_means.size(); ++c)
    if (!std::isfinite(input_means[c]) || input_means[c] < 0.0)
      throw InputError("not_finite",
                       concat("mean |x| of input ", c, " of ", set[0].name, ": expected a finite number >= 0, got ",
                              input_means[c], "; did the model overflow?"));

  std::vector<AlignedBuffer<float>> buffers;
  std::vector<MatrixView<const float>> candidates;
  for (const NamedMatrix& matrix : set) {
    buffers.emplace_back(matrix.values.rows * matrix.values.cols);
    candidates.emplace_back(buffers.back().data(), matrix.values.rows, matrix.values.cols);
  }

  AwqSearch search;
  search.loss = std::numeric_limits<double>::infinity();
  for (std::size_t step = 0; step < awq_alphas; ++step) {
    InterruptGuard::check();
    const double alpha = static_cast<double>(step) / static_cast<double>(awq_alphas);
    std::vector<float> scales = awq_scales(input_means, weight_means, alpha, rule);
    for (std::size_t i = 0; i < set.size(); ++i)
      awq_candidate(set[i].values, scales, groups, {buffers[i].data(), set[i].values.rows, set[i].values.cols},
                    n_threads);
    const double tried = loss(std::span<const MatrixView<const float>>(candidates));
    search.losses[step] = tried;
    if (tried < search.loss) {
      search.loss = tried;
      search.alpha = alpha;
      search.scales = std::move(scales);
    }
  }
  if (search.scales.empty()) {
    std::string names;
    for (const NamedMatrix& matrix : set) names += concat(names.empty() ? "" : ", ", matrix.name);
    throw InputError("calibration", concat("AWQ on ", names, ": expected a finite loss for some alpha, got ",
                                           search.losses[0], " and its like for all ", awq_alphas,
                                           "; do the model's outputs overflow on the calibration text?"));
  }
  return search;
}

}  // namespace quantlens::inline QUANTLENS_ABI
