/// The distributions that intervals and tests ask.
#pragma once

#include <cstddef>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The standard normal's value below which a share `probability` lies; 0 < probability < 1.
[[nodiscard]] double normal_quantile(double probability);

/// The standard normal's share below `z`.
[[nodiscard]] double normal_cdf(double z);

/// Of `n` throws of a fair coin.
struct FairCoin {
  double at_most = 0;  ///< the probability of so many heads or fewer
  double exactly = 0;
};

/// Precondition: 0 <= heads <= n, and n is not 0.
[[nodiscard]] FairCoin fair_coin(std::size_t n, std::size_t heads);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/stats/distributions_impl.hpp"
#endif
