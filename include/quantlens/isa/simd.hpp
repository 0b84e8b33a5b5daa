/// Sixteen floats at a time on any ISA: the only header that includes xsimd. Kernels include isa/instructions.hpp.
///
/// A tile of weights has sixteen outputs, so every kernel is written once, over `F32x16<Isa>`: one register with
/// AVX-512, two with AVX2, four at the baseline. All functions are small enough to be inlined always, and carry the ISA
/// in their type, so that units compiled with different flags share no symbol.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#include "quantlens/core/half.hpp"
#include "quantlens/isa/isa.hpp"
#include "quantlens/packed/packed_view.hpp"
#include "quantlens/version.hpp"

#define QUANTLENS_ALWAYS_INLINE [[gnu::always_inline]] inline

namespace quantlens::inline QUANTLENS_ABI {

template <class Isa>
struct SimdArch {
  static_assert(Isa::value == quantlens::Isa::baseline, "an instruction set names its own xsimd architecture");
#if defined(__x86_64__) || defined(__i386__)
  using type = xsimd::sse2;
#else
  using type = xsimd::default_arch;
#endif
};

/// Sixteen lanes of float.
template <class Isa>
struct F32x16 {
  using Batch = xsimd::batch<float, typename SimdArch<Isa>::type>;
  static constexpr std::size_t width = Batch::size;
  static constexpr std::size_t parts = tile_width / width;
  Batch part[parts];

  QUANTLENS_ALWAYS_INLINE static F32x16 zero() { return broadcast(0.0f); }

  QUANTLENS_ALWAYS_INLINE static F32x16 broadcast(float value) {
    F32x16 r;
    for (std::size_t i = 0; i < parts; ++i) r.part[i] = Batch(value);
    return r;
  }

  QUANTLENS_ALWAYS_INLINE static F32x16 load(const float* from) {
    F32x16 r;
    for (std::size_t i = 0; i < parts; ++i) r.part[i] = Batch::load_unaligned(from + i * width);
    return r;
  }

  /// The first n lanes from memory, the rest zero.
  QUANTLENS_ALWAYS_INLINE static F32x16 load_first(const float* from, std::size_t n) {
    alignas(64) float lanes[tile_width] = {};
    for (std::size_t i = 0; i < n; ++i) lanes[i] = from[i];
    return load(lanes);
  }

  QUANTLENS_ALWAYS_INLINE void store(float* to) const {
    for (std::size_t i = 0; i < parts; ++i) part[i].store_unaligned(to + i * width);
  }

  QUANTLENS_ALWAYS_INLINE void store_first(float* to, std::size_t n) const {
    if (n >= tile_width) return store(to);
    alignas(64) float lanes[tile_width];
    store(lanes);
    for (std::size_t i = 0; i < n; ++i) to[i] = lanes[i];
  }
};

#define QUANTLENS_LANEWISE(name, expression)                                             \
  template <class Isa>                                                                   \
  QUANTLENS_ALWAYS_INLINE F32x16<Isa> name(const F32x16<Isa>& a, const F32x16<Isa>& b) { \
    F32x16<Isa> r;                                                                       \
    for (std::size_t i = 0; i < F32x16<Isa>::parts; ++i) r.part[i] = expression;         \
    return r;                                                                            \
  }

QUANTLENS_LANEWISE(operator+, a.part[i] + b.part[i])
QUANTLENS_LANEWISE(operator-, a.part[i] - b.part[i])
QUANTLENS_LANEWISE(operator*, a.part[i] * b.part[i])
QUANTLENS_LANEWISE(operator/, a.part[i] / b.part[i])
QUANTLENS_LANEWISE(max, xsimd::max(a.part[i], b.part[i]))
#undef QUANTLENS_LANEWISE

/// |a|.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> abs(const F32x16<Isa>& a) {
  F32x16<Isa> r;
  for (std::size_t i = 0; i < F32x16<Isa>::parts; ++i) r.part[i] = xsimd::abs(a.part[i]);
  return r;
}

/// e to the a.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> exp(const F32x16<Isa>& a) {
  F32x16<Isa> r;
  for (std::size_t i = 0; i < F32x16<Isa>::parts; ++i) r.part[i] = xsimd::exp(a.part[i]);
  return r;
}

/// The error function.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> erf(const F32x16<Isa>& a) {
  F32x16<Isa> r;
  for (std::size_t i = 0; i < F32x16<Isa>::parts; ++i) r.part[i] = xsimd::erf(a.part[i]);
  return r;
}

/// a * b + c, fused where the hardware has it; two roundings at the baseline. For sums that only a tolerance binds.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> mul_add(const F32x16<Isa>& a, const F32x16<Isa>& b, const F32x16<Isa>& c) {
  F32x16<Isa> r;
  for (std::size_t i = 0; i < F32x16<Isa>::parts; ++i) r.part[i] = xsimd::fma(a.part[i], b.part[i], c.part[i]);
  return r;
}

/// a * b + c with one rounding on every ISA. For sums that must be bit for bit equal across ISAs.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> fused_mul_add(const F32x16<Isa>& a, const F32x16<Isa>& b, const F32x16<Isa>& c) {
  if constexpr (Isa::fuses) {
    return mul_add(a, b, c);
  } else {
    alignas(64) float x[tile_width], y[tile_width], z[tile_width];
    a.store(x);
    b.store(y);
    c.store(z);
    for (std::size_t i = 0; i < tile_width; ++i) z[i] = std::fma(x[i], y[i], z[i]);
    return F32x16<Isa>::load(z);
  }
}

/// Sum of the lanes by a fixed tree, the same on every ISA.
template <class Isa>
QUANTLENS_ALWAYS_INLINE float reduce_add(const F32x16<Isa>& a) {
  alignas(64) float lanes[tile_width];
  a.store(lanes);
  for (std::size_t half = tile_width / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  return lanes[0];
}

/// Largest lane.
template <class Isa>
QUANTLENS_ALWAYS_INLINE float reduce_max(const F32x16<Isa>& a) {
  alignas(64) float lanes[tile_width];
  a.store(lanes);
  for (std::size_t half = tile_width / 2; half > 0; half /= 2)
    for (std::size_t i = 0; i < half; ++i) lanes[i] = lanes[i] > lanes[i + half] ? lanes[i] : lanes[i + half];
  return lanes[0];
}

/// Sixteen stored weights as floats.
template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> load_floats(const float* from) {
  return F32x16<Isa>::load(from);
}

template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> load_floats(const BFloat16* from) {
  alignas(64) std::uint32_t bits[tile_width];
  for (std::size_t i = 0; i < tile_width; ++i) bits[i] = std::uint32_t{from[i].bits} << 16;
  alignas(64) float lanes[tile_width];
  for (std::size_t i = 0; i < tile_width; ++i) lanes[i] = std::bit_cast<float>(bits[i]);
  return F32x16<Isa>::load(lanes);
}

template <class Isa>
QUANTLENS_ALWAYS_INLINE F32x16<Isa> load_floats(const Half* from) {
  alignas(64) float lanes[tile_width];
  for (std::size_t i = 0; i < tile_width; ++i) lanes[i] = to_float(from[i]);
  return F32x16<Isa>::load(lanes);
}

}  // namespace quantlens::inline QUANTLENS_ABI
