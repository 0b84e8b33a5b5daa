/// Krippendorff's alpha: how far raters agree beyond chance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How far apart two ratings are.
enum class RatingLevel {
  nominal,  ///< equal or not
  ordinal,  ///< by how many ratings lie between them
  interval  ///< the square of their difference
};

/// The ratings of one unit (an explanation, say), in any order; raters who left it out are left out.
using UnitRatings = std::vector<double>;

namespace detail {

/// A rating and how often it was given, in units of two or more ratings.
struct RatingCount {
  double rating = 0;
  double n = 0;
};

/// Distances between ratings, which are given by their places in `counts`, ascending.
[[nodiscard]] inline double rating_distance(std::span<const RatingCount> counts, std::size_t a, std::size_t b,
                                            RatingLevel level) {
  if (a == b) return 0;
  if (level == RatingLevel::nominal) return 1;
  double difference = counts[b].rating - counts[a].rating;
  if (level == RatingLevel::ordinal) {
    difference = -(counts[a].n + counts[b].n) / 2;
    for (std::size_t k = std::min(a, b); k <= std::max(a, b); ++k) difference += counts[k].n;
  }
  return difference * difference;
}

}  // namespace detail

/// 1 - observed / expected disagreement; of units with one rating nothing is known, so they drop out.
/// Range: (-inf, 1]; 0 is what chance gives. Undefined-when: no unit has two ratings, or all ratings are equal.
/// Errors: InputError for a rating that is not finite.
/// Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability".
/// Example: summarize_set_level(units, baseline, krippendorff_alpha<RatingLevel::ordinal>, seed).
template <RatingLevel level>
[[nodiscard]] std::optional<double> krippendorff_alpha(std::span<const UnitRatings> units) {
  std::map<double, std::size_t> places;
  for (const UnitRatings& unit : units) {
    for (const double rating : unit) {
      if (!std::isfinite(rating)) throw InputError("stats", concat("Krippendorff's alpha of the rating ", rating));
      if (unit.size() > 1) places.emplace(rating, 0);
    }
  }
  std::vector<detail::RatingCount> counts;
  for (auto& [rating, place] : places) {
    place = counts.size();
    counts.push_back({rating, 0});
  }
  for (const UnitRatings& unit : units)
    if (unit.size() > 1)
      for (const double rating : unit) ++counts[places.at(rating)].n;

  std::vector<double> distances;
  for (std::size_t a = 0; a < counts.size(); ++a)
    for (std::size_t b = 0; b < counts.size(); ++b) distances.push_back(detail::rating_distance(counts, a, b, level));
  const auto distance = [&](std::size_t a, std::size_t b) { return distances[a * counts.size() + b]; };

  double n = 0;
  double observed = 0;
  for (const UnitRatings& unit : units) {
    if (unit.size() < 2) continue;
    double apart = 0;
    for (const double a : unit)
      for (const double b : unit) apart += distance(places.at(a), places.at(b));
    observed += apart / static_cast<double>(unit.size() - 1);
    n += static_cast<double>(unit.size());
  }
  double expected = 0;
  for (std::size_t a = 0; a < counts.size(); ++a)
    for (std::size_t b = 0; b < counts.size(); ++b) expected += counts[a].n * counts[b].n * distance(a, b);
  if (!(expected > 0)) return std::nullopt;
  return 1 - (n - 1) * observed / expected;
}

}  // namespace quantlens::inline QUANTLENS_ABI
