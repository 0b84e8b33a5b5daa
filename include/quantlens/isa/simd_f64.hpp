/// Eight doubles at a time on any ISA, for what float is too coarse for.
#pragma once

#include <cstddef>

#include "quantlens/isa/simd.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Eight lanes of double.
template <class Isa>
struct F64x8 {
  using Batch = xsimd::batch<double, typename SimdArch<Isa>::type>;
  static constexpr std::size_t lanes = 8;
  static constexpr std::size_t width = Batch::size;
  static constexpr std::size_t parts = lanes / width;
  Batch part[parts];

  QUANTLENS_ALWAYS_INLINE static F64x8 broadcast(double value) {
    F64x8 r;
    for (std::size_t i = 0; i < parts; ++i) r.part[i] = Batch(value);
    return r;
  }

  QUANTLENS_ALWAYS_INLINE static F64x8 load(const double* from) {
    F64x8 r;
    for (std::size_t i = 0; i < parts; ++i) r.part[i] = Batch::load_unaligned(from + i * width);
    return r;
  }

  QUANTLENS_ALWAYS_INLINE void store(double* to) const {
    for (std::size_t i = 0; i < parts; ++i) part[i].store_unaligned(to + i * width);
  }
};

/// a * b + c, fused where the hardware has it; two roundings at the baseline.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F64x8<Isa> mul_add(const F64x8<Isa>& a, const F64x8<Isa>& b, const F64x8<Isa>& c) {
  F64x8<Isa> r;
  for (std::size_t i = 0; i < F64x8<Isa>::parts; ++i) r.part[i] = xsimd::fma(a.part[i], b.part[i], c.part[i]);
  return r;
}

}  // namespace quantlens::inline QUANTLENS_ABI
