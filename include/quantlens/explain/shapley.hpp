/// Shapley values, exact for a few groups of players or estimated from random orders of many.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/explain/explainer.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Players [begin, end), who join a coalition together.
struct PlayerGroup {
  std::size_t begin = 0, end = 0;
};

/// Every coalition of at most 12 groups is evaluated, in one round. A group's value goes to its players in equal parts.
/// Source: Shapley 1953, "A value for n-person games".
class ExactShapley final : public Explainer {
 public:
  static constexpr std::size_t max_groups = 12;

  /// The groups hold every player once, in order. Errors: InputError "shape" for more than max_groups.
  explicit ExactShapley(std::vector<PlayerGroup> groups) : groups_(std::move(groups)) {
    if (groups_.size() > max_groups)
      throw InputError("shape", concat("exact Shapley values of ", groups_.size(), " groups: ", max_groups,
                                       " are the end; join some, or sample"));
  }

  [[nodiscard]] std::vector<Coalition> ask() override {
    std::vector<Coalition> asked;
    if (groups_.empty() || !worths_.empty()) return asked;
    for (std::size_t members = 0; members < n_coalitions(); ++members) {
      asked.emplace_back(groups_.back().end, false);
      for (std::size_t g = 0; g < groups_.size(); ++g)
        for (std::size_t i = groups_[g].begin; i < groups_[g].end; ++i) asked.back()[i] = is_in(g, members);
    }
    return asked;
  }

  void tell(const std::vector<Worth>& worths) override {
    require_answers(worths, n_coalitions());
    worths_ = worths;
  }

  [[nodiscard]] Attribution attribution() const override {
    const std::size_t n = groups_.size();
    Attribution result;
    result.n_evaluations = worths_.size();
    // Of the orders in which a group comes behind k given others: k! (n - k - 1)! / n!.
    std::vector<double> share(n, n == 0 ? 0.0 : 1.0 / static_cast<double>(n));
    for (std::size_t k = 1; k < n; ++k) share[k] = share[k - 1] * static_cast<double>(k) / static_cast<double>(n - k);
    for (std::size_t g = 0; g < n; ++g) {
      Worth value;
      for (std::size_t members = 0; members < worths_.size(); ++members)
        if (!is_in(g, members))
          explain_detail::add_difference(value, worths_[members | std::size_t{1} << g], worths_[members],
                                         share[static_cast<std::size_t>(std::popcount(members))]);
      const std::size_t n_players = groups_[g].end - groups_[g].begin;
      for (double& of_output : value) of_output /= static_cast<double>(n_players);
      result.values.insert(result.values.end(), n_players, value);
    }
    return result;
  }

 private:
  /// Coalitions of groups are numbers whose bit g stands for group g.
  [[nodiscard]] std::size_t n_coalitions() const noexcept { return std::size_t{1} << groups_.size(); }
  [[nodiscard]] static bool is_in(std::size_t group, std::size_t members) noexcept {
    return (members >> group & 1) != 0;
  }

  std::vector<PlayerGroup> groups_;
  std::vector<Worth> worths_;
};

/// Players join in a random order, then in its reverse; what each of them adds in the two orders is averaged. Values
/// are means over such pairs, and their standard errors come from the pairs' spread; there are none of a single pair.
/// One pair a round. Source: Mitchell et al. 2022, "Sampling permutations for Shapley value estimation" (antithetic
/// sampling).
class PermutationShapley final : public Explainer {
 public:
  /// As many pairs as `max_evaluations` pay for, but one at least: a pair takes 2 (n_players - 1) coalitions, besides
  /// those of nobody and of all.
  PermutationShapley(std::size_t n_players, std::size_t max_evaluations, std::uint64_t seed)
      : random_(seed), order_(n_players), means_(n_players), squares_(n_players) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    // All orders of one or two players are a pair.
    n_pairs_ = n_players < 3 || max_evaluations < 2 ? 1 : (max_evaluations - 2) / (2 * (n_players - 1));
    if (n_pairs_ == 0) n_pairs_ = 1;
  }

  [[nodiscard]] std::vector<Coalition> ask() override {
    const std::size_t n = order_.size();
    if (n == 0 || n_done_ == n_pairs_) return {};
    if (ends_.empty()) return {Coalition(n, false), Coalition(n, true)};
    random_.shuffle(std::span(order_));
    std::vector<Coalition> asked;
    add_walk(order_.begin(), asked);
    add_walk(order_.rbegin(), asked);
    // A single player has no coalition between nobody and all.
    if (asked.empty()) tell({});
    return asked;
  }

  void tell(const std::vector<Worth>& worths) override {
    if (ends_.empty()) {
      require_answers(worths, 2);
      ends_ = worths;
      return;
    }
    const std::size_t n = order_.size();
    require_answers(worths, 2 * (n - 1));
    n_told_ += worths.size();
    ++n_done_;
    for (std::size_t k = 0; k < n; ++k) {
      const std::span forth = std::span(worths).first(n - 1), back = std::span(worths).subspan(n - 1);
      Worth mean;
      add_step(forth, k, mean);
      add_step(back, n - 1 - k, mean);
      Worth &running = means_[order_[k]], &squares = squares_[order_[k]];
      running.resize(mean.size());
      squares.resize(mean.size());
      // Welford's running mean and sum of squared deviations.
      for (std::size_t t = 0; t < mean.size(); ++t) {
        const double from_mean = mean[t] - running[t];
        running[t] += from_mean / static_cast<double>(n_done_);
        squares[t] += from_mean * (mean[t] - running[t]);
      }
    }
  }

  [[nodiscard]] Attribution attribution() const override {
    Attribution result{means_, {}, ends_.size() + n_told_};
    if (n_done_ < 2) return result;
    result.standard_errors = squares_;
    for (Worth& errors : result.standard_errors)
      for (double& error : errors) error = std::sqrt(error / static_cast<double>(n_done_ * (n_done_ - 1)));
    return result;
  }

 private:
  /// The coalitions between nobody and all as players join in the order that begins here.
  template <class Iterator>
  void add_walk(Iterator next, std::vector<Coalition>& asked) const {
    Coalition coalition(order_.size(), false);
    for (std::size_t k = 0; k + 1 < order_.size(); ++k) {
      coalition[*next++] = true;
      asked.push_back(coalition);
    }
  }

  /// Adds half of what the k-th of a walk's players adds.
  void add_step(std::span<const Worth> walk, std::size_t k, Worth& mean) const {
    explain_detail::add_difference(mean, k < walk.size() ? walk[k] : ends_[1], k == 0 ? ends_[0] : walk[k - 1], 0.5);
  }

  Rng random_;
  std::vector<std::size_t> order_;
  std::vector<Worth> ends_;             ///< what nobody and what all are worth
  std::vector<Worth> means_, squares_;  ///< of each player: mean, and squared deviations from it
  std::size_t n_pairs_, n_done_ = 0, n_told_ = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
