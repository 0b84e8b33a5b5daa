/// A judge's rating on a Likert scale: from the probabilities of the scale's tokens, or from a written reply.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/metrics/leading_number.hpp"
#include "quantlens/metrics/words.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A scale of whole numbers; both ends are ratings.
struct LikertScale {
  int lowest = 1, highest = 5;

  friend constexpr bool operator==(const LikertScale&, const LikertScale&) = default;
};

/// A rating that nobody had to sample.
struct ExpectedRating {
  double value = 0;     ///< the ratings' mean, weighted by their probabilities, on the scale
  double mass = 0;      ///< all ratings' probability, in (0, 1]: how far the judge is inclined to rate at all
  int most_likely = 0;  ///< the lowest of them where several are
};

/// The rating that a judge gives on average, from the probability of each rating of the scale, lowest first.
/// Undefined-when: no rating has any probability. Errors: InputError "metrics" for another number of probabilities than
/// the scale has ratings, and for one outside of [0, 1].
/// Source: the weighting of Liu et al. 2023, "G-Eval", with probabilities in place of 20 samples.
[[nodiscard]] inline std::optional<ExpectedRating> expected_rating(std::span<const double> probabilities,
                                                                   LikertScale scale = {}) {
  const auto n_ratings = static_cast<std::size_t>(scale.highest - scale.lowest + 1);
  if (scale.highest < scale.lowest || probabilities.size() != n_ratings)
    throw InputError("metrics", concat("a scale from ", scale.lowest, " to ", scale.highest, " and ",
                                       probabilities.size(), " probabilities"));
  ExpectedRating rating;
  double sum = 0;
  double largest = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double p = probabilities[i];
    if (!(p >= 0 && p <= 1)) throw InputError("metrics", concat("a rating's probability is from 0 to 1; got ", p));
    const int value = scale.lowest + static_cast<int>(i);
    sum += p * value;
    rating.mass += p;
    if (p > largest) rating.most_likely = value;
    largest = std::max(largest, p);
  }
  if (!(rating.mass > 0)) return std::nullopt;
  rating.value = sum / rating.mass;
  return rating;
}

/// The rating with which a judge's reply begins, blanks before it aside; "3.5/5" is 3.5. None where it begins with no
/// number, or with one outside of the scale: that is a failure to rate, which counts as such and never as 0.
[[nodiscard]] inline std::optional<double> parse_rating(std::string_view reply, LikertScale scale = {}) {
  while (!reply.empty() && is_blank(reply.front())) reply.remove_prefix(1);
  const auto number = leading_number(reply);
  if (!number || number->value < scale.lowest || number->value > scale.highest) return std::nullopt;
  return number->value;
}

}  // namespace quantlens::inline QUANTLENS_ABI
