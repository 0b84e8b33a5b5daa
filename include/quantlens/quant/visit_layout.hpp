/// From a bit width and symmetry that are known at run time to the templates that quantizers are.
#pragma once

#include "quantlens/packed/layout.hpp"

namespace quantlens::inline v0_1 {

/// Calls `f.template operator()<Bits>()`. Precondition: bits is one that formats offer.
template <class F>
decltype(auto) visit_bits(int bits, F&& f) {
  switch (bits) {
    case 2:
      return f.template operator()<2>();
    case 3:
      return f.template operator()<3>();
    case 4:
      return f.template operator()<4>();
    default:
      return f.template operator()<8>();
  }
}

/// Calls f.template operator()<L, Bits>(). Precondition: bits is one that formats offer.
template <class F>
decltype(auto) visit_layout(bool symmetric, int bits, F&& f) {
  return visit_bits(bits, [&]<int Bits>() -> decltype(auto) {
    return symmetric ? f.template operator()<Symmetric, Bits>() : f.template operator()<Affine, Bits>();
  });
}

}  // namespace quantlens::inline v0_1
