/// BERTScore's arithmetic: greedy matching of token vectors, weights, rescaling and several references.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// BERTScore of an answer against a reference. Better: higher.
struct BertScore {
  double precision = 0;  ///< how well each token of the answer is matched
  double recall = 0;     ///< how well each token of the reference is
  double f1 = 0;         ///< their harmonic mean

  friend bool operator==(const BertScore&, const BertScore&) = default;
};

/// Weights of tokens: inverse document frequency among the references.
class TokenWeights {
 public:
  /// Counts in how many of the references each token is. Without references every token weighs 0.
  explicit TokenWeights(std::span<const std::vector<std::int32_t>> references)
      : n_references_(static_cast<double>(references.size())) {
    for (const auto& reference : references)
      for (const std::int32_t token : std::set<std::int32_t>(reference.begin(), reference.end())) ++n_with_[token];
  }

  /// log((n + 1) / (n_with + 1)): 0 for a token of all references, log(n + 1) for one of none.
  [[nodiscard]] double operator()(std::int32_t token) const {
    const auto found = n_with_.find(token);
    return std::log((n_references_ + 1) / ((found == n_with_.end() ? 0 : found->second) + 1));
  }

 private:
  double n_references_;
  std::map<std::int32_t, double> n_with_;
};

/// Cosines of every vector of an answer with every vector of a reference; 0 with a vector of zeros.
/// Shapes: answer [n_answer, width] and reference [n_reference, width] give [n_answer, n_reference], row by row.
/// Errors: InputError "shape" for vectors that are not `width` long.
[[nodiscard]] inline std::vector<double> token_cosines(std::span<const float> answer, std::span<const float> reference,
                                                       std::size_t width) {
  if (width == 0 || answer.size() % width != 0 || reference.size() % width != 0)
    throw InputError("shape", concat(answer.size(), " and ", reference.size(), " values of vectors of ", width));
  const auto units = [&](std::span<const float> values) {
    std::vector<double> scaled(values.begin(), values.end());
    for (std::size_t first = 0; first < scaled.size(); first += width) {
      double squares = 0;
      for (std::size_t i = 0; i < width; ++i) squares += scaled[first + i] * scaled[first + i];
      const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
      for (std::size_t i = 0; i < width; ++i) scaled[first + i] *= scale;
    }
    return scaled;
  };
  const std::vector<double> rows = units(answer), columns = units(reference);
  std::vector<double> cosines;
  for (std::size_t row = 0; row < rows.size(); row += width)
    for (std::size_t column = 0; column < columns.size(); column += width) {
      double sum = 0;
      for (std::size_t i = 0; i < width; ++i) sum += rows[row + i] * columns[column + i];
      cosines.push_back(sum);
    }
  return cosines;
}

/// BERTScore by greedy matching: each token counts by its best cosine on the other side, weighted.
/// Weight 1 for each token is BERTScore without idf. Tokens of weight 0, as the package gives the encoder's own marks
/// ([CLS], [SEP]) without idf, count for nothing, but others may match them.
/// Shapes: cosines [answer_weights.size(), reference_weights.size()], row by row. Range: [-1, 1].
/// Undefined-when: the weights of either side add up to no more than 0. Errors: InputError "shape" for other cosines.
/// Source: Zhang et al. 2020, "BERTScore: Evaluating Text Generation with BERT"; like its package where no batch pads
/// a text, since padding matches as a vector of zeros would.
[[nodiscard]] inline std::optional<BertScore> bert_score(std::span<const double> cosines,
                                                         std::span<const double> answer_weights,
                                                         std::span<const double> reference_weights) {
  const std::size_t n_columns = reference_weights.size();
  if (cosines.size() != answer_weights.size() * n_columns)
    throw InputError("shape",
                     concat(cosines.size(), " cosines of ", answer_weights.size(), " tokens with ", n_columns));
  double precision = 0, recall = 0, answer_mass = 0, reference_mass = 0;
  for (std::size_t row = 0; row < answer_weights.size(); ++row) {
    const auto of_row = cosines.subspan(row * n_columns, n_columns);
    answer_mass += answer_weights[row];
    if (!of_row.empty()) precision += answer_weights[row] * *std::max_element(of_row.begin(), of_row.end());
  }
  for (std::size_t column = 0; column < n_columns; ++column) {
    double best = -1;
    for (std::size_t row = 0; row < answer_weights.size(); ++row)
      best = std::max(best, cosines[row * n_columns + column]);
    reference_mass += reference_weights[column];
    recall += reference_weights[column] * best;
  }
  if (!(answer_mass > 0 && reference_mass > 0)) return std::nullopt;
  precision /= answer_mass;
  recall /= reference_mass;
  const double sum = precision + recall;
  return BertScore{precision, recall, sum == 0 ? 0 : 2 * precision * recall / sum};
}

/// A score on the scale on which unrelated texts have about 0: (x - b) / (1 - b), with a baseline for each of the
/// three. Errors: InputError "metrics" for a baseline of 1 or more.
[[nodiscard]] inline BertScore rescaled(const BertScore& score, const BertScore& baseline) {
  const auto rescale = [](double value, double base) {
    if (!(base < 1)) throw InputError("metrics", concat("BERTScore's baseline is below 1; got ", base));
    return (value - base) / (1 - base);
  };
  return {rescale(score.precision, baseline.precision), rescale(score.recall, baseline.recall),
          rescale(score.f1, baseline.f1)};
}

/// The best of several references, for precision, recall and F1 apart, so that F1 need not be that of the two.
/// Undefined-when: there are no references.
[[nodiscard]] inline std::optional<BertScore> best_reference(std::span<const BertScore> scores) {
  if (scores.empty()) return std::nullopt;
  BertScore best = scores.front();
  for (const BertScore& score : scores)
    best = {std::max(best.precision, score.precision), std::max(best.recall, score.recall),
            std::max(best.f1, score.f1)};
  return best;
}

}  // namespace quantlens::inline QUANTLENS_ABI
