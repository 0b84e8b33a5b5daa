/// Two-sided tests of paired items: exact McNemar, sign-flip permutation, and swaps of whole outcomes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/stats/distributions.hpp"
#include "quantlens/stats/moments.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Which p McNemar's test reports.
enum class McNemarP {
  exact,  ///< never above its nominal size
  mid_p   ///< counts the observed table half: closer to the nominal size, which it may exceed a little
};

/// McNemar's p for `only_a` and `only_b` discordant pairs; 1 without any.
/// Source: McNemar 1947; mid-p: Fagerland, Lydersen, Laake 2013.
[[nodiscard]] inline double mcnemar_p(std::size_t only_a, std::size_t only_b, McNemarP kind = McNemarP::exact) {
  const std::size_t n = only_a + only_b;
  if (n == 0) return 1;
  const auto [at_most, exactly] = fair_coin(n, std::min(only_a, only_b));
  return std::min(1.0, kind == McNemarP::mid_p ? 2 * at_most - exactly : 2 * at_most);
}

namespace detail {

/// Sums of `values` under every choice of signs: bit i of the position set means that value i is negated.
[[nodiscard]] inline std::vector<double> signed_sums(std::span<const double> values) {
  std::vector<double> sums(std::size_t{1} << values.size());
  sums[0] = std::accumulate(values.begin(), values.end(), 0.0);
  for (std::size_t signs = 1; signs < sums.size(); ++signs)
    sums[signs] = sums[signs & (signs - 1)] - 2 * values[static_cast<std::size_t>(std::countr_zero(signs))];
  return sums;
}

inline constexpr std::size_t exact_sign_flip_limit = 20;

/// Share of all sign choices whose sum is as far from 0 as `observed`; two halves keep the tables small.
[[nodiscard]] inline double exact_sign_flip_p(std::span<const double> values, double observed) {
  const std::size_t half = values.size() / 2;
  const std::vector<double> left = signed_sums(values.first(half));
  const std::vector<double> right = signed_sums(values.subspan(half));
  std::size_t as_far = 0;
  for (const double a : left)
    for (const double b : right) as_far += std::abs(a + b) >= observed ? 1 : 0;
  return static_cast<double>(as_far) / static_cast<double>(left.size() * right.size());
}

/// The same share from random signs, a byte of signs at a time through a table of each eight values' sums.
[[nodiscard]] inline double sampled_sign_flip_p(std::span<const double> values, double observed, std::uint64_t seed,
                                                std::size_t draws) {
  std::vector<std::array<double, 256>> tables;
  for (std::size_t begin = 0; begin < values.size(); begin += 8) {
    std::array<double, 8> eight{};  // a last short group is padded with zeros, whose signs do not matter
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), std::min<std::size_t>(8, values.size() - begin),
                eight.begin());
    const std::vector<double> sums = signed_sums(eight);
    std::copy(sums.begin(), sums.end(), tables.emplace_back().begin());
  }
  Rng rng(seed);
  std::size_t as_far = 0;
  for (std::size_t draw = 0; draw < draws; ++draw) {
    InterruptGuard::check();
    double sum = 0;
    std::uint64_t signs = 0;
    for (std::size_t table = 0; table < tables.size(); ++table) {
      signs = table % 8 == 0 ? rng.next() : signs >> 8;
      sum += tables[table][signs & 0xffu];
    }
    as_far += std::abs(sum) >= observed ? 1 : 0;
  }
  return static_cast<double>(1 + as_far) / static_cast<double>(1 + draws);
}

/// The distance from 0 at which a permuted statistic counts as far as the observed one: sums in another order differ
/// in their last digits, and a tie must count.
[[nodiscard]] inline double tie_threshold(double observed, double scale) { return std::abs(observed) - 1e-12 * scale; }

}  // namespace detail

/// Two-sided sign-flip permutation p of the sum of paired differences.
/// Zeros change no sum and are left out; up to 20 other differences it is exact, else (1 + as far) / (1 + draws).
/// Errors: InputError for no differences.
[[nodiscard]] inline double sign_flip_p(std::span<const double> differences, std::uint64_t seed,
                                        std::size_t draws = 100'000) {
  require_values(differences.size(), "sign-flip test");
  std::vector<double> values;
  std::copy_if(differences.begin(), differences.end(), std::back_inserter(values), [](double d) { return d != 0; });
  double sum = 0;
  double scale = 0;
  for (const double value : values) {
    sum += value;
    scale += std::abs(value);
  }
  const double observed = detail::tie_threshold(sum, scale);
  if (values.size() <= detail::exact_sign_flip_limit) return detail::exact_sign_flip_p(values, observed);
  return detail::sampled_sign_flip_p(values, observed, seed, draws);
}

/// Two-sided permutation p of statistic(a) - statistic(b), with the two outcomes of random pairs swapped.
/// `statistic` maps std::span<const Outcome> to a number or none; draws where it is undefined count as far.
/// Errors: InputError for no pairs, or lists of different lengths.
template <class Outcome, class Statistic>
[[nodiscard]] double swap_p(std::span<const Outcome> a, std::span<const Outcome> b, const Statistic& statistic,
                            std::uint64_t seed, std::size_t draws = 10'000) {
  require_values(a.size(), "swap test");
  if (a.size() != b.size()) throw InputError("stats", concat("pairs of ", a.size(), " and ", b.size(), " outcomes"));
  const auto difference = [&](std::span<const Outcome> x, std::span<const Outcome> y) -> std::optional<double> {
    const std::optional<double> of_x = statistic(x);
    const std::optional<double> of_y = statistic(y);
    if (!of_x || !of_y) return std::nullopt;
    return *of_x - *of_y;
  };
  const std::optional<double> delta = difference(a, b);
  if (!delta) return 1;
  const double observed = detail::tie_threshold(*delta, 1);
  Rng rng(seed);
  std::vector<Outcome> x(a.size());
  std::vector<Outcome> y(a.size());
  std::size_t as_far = 0;
  for (std::size_t draw = 0; draw < draws; ++draw) {
    InterruptGuard::check();
    std::uint64_t swaps = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      swaps = i % 64 == 0 ? rng.next() : swaps >> 1;
      const bool swapped = (swaps & 1u) != 0;
      x[i] = swapped ? b[i] : a[i];
      y[i] = swapped ? a[i] : b[i];
    }
    const std::optional<double> permuted = difference(x, y);
    as_far += !permuted || std::abs(*permuted) >= observed ? 1 : 0;
  }
  return static_cast<double>(1 + as_far) / static_cast<double>(1 + draws);
}

}  // namespace quantlens::inline QUANTLENS_ABI
