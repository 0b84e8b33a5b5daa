/// AVX-512 with VNNI: one vpdpbusd a quad.
#pragma once

#include <cstdint>
#include <cstring>

#include "quantlens/core/half.hpp"
#include "quantlens/isa/int_dot.hpp"
#include "quantlens/isa/simd.hpp"
#include "quantlens/isa/simd_f64.hpp"
#include "quantlens/version.hpp"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace quantlens::inline QUANTLENS_ABI {

template <>
struct SimdArch<isa::avx512vnni> {
  using type = xsimd::avx512bw;
};

// xsimd 8.1 has no fused form for AVX-512: its fma rounds twice.
template <>
QUANTLENS_ALWAYS_INLINE F32x16<isa::avx512vnni> mul_add(const F32x16<isa::avx512vnni>& a,
                                                        const F32x16<isa::avx512vnni>& b,
                                                        const F32x16<isa::avx512vnni>& c) {
  F32x16<isa::avx512vnni> r;
  r.part[0] = _mm512_fmadd_ps(a.part[0], b.part[0], c.part[0]);
  return r;
}

template <>
QUANTLENS_ALWAYS_INLINE F64x8<isa::avx512vnni> mul_add(const F64x8<isa::avx512vnni>& a, const F64x8<isa::avx512vnni>& b,
                                                       const F64x8<isa::avx512vnni>& c) {
  F64x8<isa::avx512vnni> r;
  r.part[0] = _mm512_fmadd_pd(a.part[0], b.part[0], c.part[0]);
  return r;
}

template <>
QUANTLENS_ALWAYS_INLINE F32x16<isa::avx512vnni> load_floats<isa::avx512vnni>(const Half* from) {
  F32x16<isa::avx512vnni> r;
  r.part[0] = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  return r;
}

template <>
struct Table16<isa::avx512vnni> {
  __m512 all;

  QUANTLENS_ALWAYS_INLINE static Table16 load(const float* from) { return {_mm512_loadu_ps(from)}; }
};

template <>
struct Codes64<isa::avx512vnni> {
  __m512i all;

  QUANTLENS_ALWAYS_INLINE static Codes64 load(const std::uint8_t* from) { return {_mm512_loadu_si512(from)}; }

  QUANTLENS_ALWAYS_INLINE static Codes64 broadcast(std::uint8_t code) {
    return {_mm512_set1_epi8(static_cast<char>(code))};
  }

  template <int Shift, int Mask, int To = 0>
  QUANTLENS_ALWAYS_INLINE Codes64 field() const {
    const __m512i mask = _mm512_set1_epi8(static_cast<char>(Mask << To));
    if constexpr (Shift >= To)
      return {_mm512_and_si512(_mm512_srli_epi16(all, Shift - To), mask)};
    else
      return {_mm512_and_si512(_mm512_slli_epi16(all, To - Shift), mask)};
  }

  QUANTLENS_ALWAYS_INLINE Codes64 operator|(const Codes64& other) const { return {_mm512_or_si512(all, other.all)}; }

  template <int Lane>
  QUANTLENS_ALWAYS_INLINE F32x16<isa::avx512vnni> lane() const {
    F32x16<isa::avx512vnni> r;
    r.part[0] = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(all, 8 * Lane), _mm512_set1_epi32(0xff)));
    return r;
  }

  template <int Lane>
  QUANTLENS_ALWAYS_INLINE F32x16<isa::avx512vnni> lookup(const Table16<isa::avx512vnni>& table) const {
    F32x16<isa::avx512vnni> r;
    r.part[0] = _mm512_permutexvar_ps(_mm512_srli_epi32(all, 8 * Lane), table.all);
    return r;
  }
};

template <>
struct I32x16<isa::avx512vnni> {
  __m512i all;

  QUANTLENS_ALWAYS_INLINE static I32x16 zero() { return {_mm512_setzero_si512()}; }

  QUANTLENS_ALWAYS_INLINE void dot4(const Codes64<isa::avx512vnni>& codes, const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof quad);
    all = _mm512_dpbusd_epi32(all, codes.all, _mm512_set1_epi32(quad));
  }

  QUANTLENS_ALWAYS_INLINE I32x16 operator+(const I32x16& other) const { return {_mm512_add_epi32(all, other.all)}; }

  QUANTLENS_ALWAYS_INLINE I32x16 operator-(const I32x16& other) const { return {_mm512_sub_epi32(all, other.all)}; }

  QUANTLENS_ALWAYS_INLINE I32x16 minus(std::int32_t amount) const {
    return {_mm512_sub_epi32(all, _mm512_set1_epi32(amount))};
  }

  QUANTLENS_ALWAYS_INLINE F32x16<isa::avx512vnni> to_float() const {
    F32x16<isa::avx512vnni> r;
    r.part[0] = _mm512_cvtepi32_ps(all);
    return r;
  }

  QUANTLENS_ALWAYS_INLINE static I32x16 round(const F32x16<isa::avx512vnni>& a) {
    return {_mm512_cvtps_epi32(a.part[0])};
  }

  QUANTLENS_ALWAYS_INLINE void store(std::int32_t* to) const { _mm512_storeu_si512(to, all); }
};

}  // namespace quantlens::inline QUANTLENS_ABI
#endif
