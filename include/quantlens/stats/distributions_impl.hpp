/// What distributions.hpp declares, defined.
#pragma once

#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cstddef>

#include "quantlens/core/compiled.hpp"
#include "quantlens/stats/distributions.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE double normal_quantile(double probability) {
  return boost::math::quantile(boost::math::normal(), probability);
}

QUANTLENS_INLINE double normal_cdf(double z) { return boost::math::cdf(boost::math::normal(), z); }

QUANTLENS_INLINE FairCoin fair_coin(std::size_t n, std::size_t heads) {
  const boost::math::binomial fair(static_cast<double>(n), 0.5);
  const auto at = static_cast<double>(heads);
  return {boost::math::cdf(fair, at), boost::math::pdf(fair, at)};
}

}  // namespace quantlens::inline QUANTLENS_ABI
