/// AVX2 with FMA and F16C. Codes are widened to 16 bits: maddubs would saturate with 8-bit codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "quantlens/core/half.hpp"
#include "quantlens/isa/int_dot.hpp"
#include "quantlens/isa/simd.hpp"
#include "quantlens/version.hpp"

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>

namespace quantlens::inline QUANTLENS_ABI {

template <>
struct SimdArch<isa::avx2> {
  using type = xsimd::fma3<xsimd::avx2>;
};

template <>
QUANTLENS_ALWAYS_INLINE F32x16<isa::avx2> load_floats<isa::avx2>(const Half* from) {
  F32x16<isa::avx2> r;
  const auto* bits = reinterpret_cast<const __m128i*>(from);
  r.part[0] = _mm256_cvtph_ps(_mm_loadu_si128(bits));
  r.part[1] = _mm256_cvtph_ps(_mm_loadu_si128(bits + 1));
  return r;
}

template <>
struct Table16<isa::avx2> {
  __m256 half[2];

  QUANTLENS_ALWAYS_INLINE static Table16 load(const float* from) {
    return {{_mm256_loadu_ps(from), _mm256_loadu_ps(from + 8)}};
  }
};

template <>
struct Codes64<isa::avx2> {
  __m256i half[2];

  QUANTLENS_ALWAYS_INLINE static Codes64 load(const std::uint8_t* from) {
    const auto* p = reinterpret_cast<const __m256i*>(from);
    return {{_mm256_loadu_si256(p), _mm256_loadu_si256(p + 1)}};
  }

  QUANTLENS_ALWAYS_INLINE static Codes64 broadcast(std::uint8_t code) {
    const __m256i all = _mm256_set1_epi8(static_cast<char>(code));
    return {{all, all}};
  }

  template <int Shift, int Mask, int To = 0>
  QUANTLENS_ALWAYS_INLINE Codes64 field() const {
    const __m256i mask = _mm256_set1_epi8(static_cast<char>(Mask << To));
    const auto move = [&](__m256i v) {
      if constexpr (Shift >= To)
        return _mm256_and_si256(_mm256_srli_epi16(v, Shift - To), mask);
      else
        return _mm256_and_si256(_mm256_slli_epi16(v, To - Shift), mask);
    };
    return {{move(half[0]), move(half[1])}};
  }

  QUANTLENS_ALWAYS_INLINE Codes64 operator|(const Codes64& other) const {
    return {{_mm256_or_si256(half[0], other.half[0]), _mm256_or_si256(half[1], other.half[1])}};
  }

  template <int Lane>
  QUANTLENS_ALWAYS_INLINE F32x16<isa::avx2> lane() const {
    const __m256i low = _mm256_set1_epi32(0xff);
    F32x16<isa::avx2> r;
    for (std::size_t i = 0; i < 2; ++i)
      r.part[i] = _mm256_cvtepi32_ps(_mm256_and_si256(_mm256_srli_epi32(half[i], 8 * Lane), low));
    return r;
  }

  template <int Lane>
  QUANTLENS_ALWAYS_INLINE F32x16<isa::avx2> lookup(const Table16<isa::avx2>& table) const {
    F32x16<isa::avx2> r;
    for (std::size_t i = 0; i < 2; ++i) {
      // The permutation reads the three low bits of each index; the fourth, moved to the sign, picks the half.
      const __m256i index = _mm256_srli_epi32(half[i], 8 * Lane);
      const __m256 upper = _mm256_castsi256_ps(_mm256_slli_epi32(half[i], 28 - 8 * Lane));
      r.part[i] = _mm256_blendv_ps(_mm256_permutevar8x32_ps(table.half[0], index),
                                   _mm256_permutevar8x32_ps(table.half[1], index), upper);
    }
    return r;
  }
};

template <>
struct I32x16<isa::avx2> {
  __m256i half[2];

  QUANTLENS_ALWAYS_INLINE static I32x16 zero() { return {{_mm256_setzero_si256(), _mm256_setzero_si256()}}; }

  QUANTLENS_ALWAYS_INLINE void dot4(const Codes64<isa::avx2>& codes, const std::int8_t* x) {
    std::int32_t quad;
    std::memcpy(&quad, x, sizeof quad);
    const __m256i even = _mm256_set1_epi16(0xff);
    // Even and odd codes as 16-bit numbers, against the even and odd activations of the quad.
    const __m256i q = _mm256_set1_epi32(quad);
    const __m256i x_even = _mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8);
    const __m256i x_odd = _mm256_srai_epi16(q, 8);
    for (std::size_t i = 0; i < 2; ++i) {
      const __m256i products = _mm256_add_epi32(_mm256_madd_epi16(_mm256_and_si256(codes.half[i], even), x_even),
                                                _mm256_madd_epi16(_mm256_srli_epi16(codes.half[i], 8), x_odd));
      half[i] = _mm256_add_epi32(half[i], products);
    }
  }

  QUANTLENS_ALWAYS_INLINE I32x16 operator+(const I32x16& other) const {
    return {{_mm256_add_epi32(half[0], other.half[0]), _mm256_add_epi32(half[1], other.half[1])}};
  }

  QUANTLENS_ALWAYS_INLINE I32x16 operator-(const I32x16& other) const {
    return {{_mm256_sub_epi32(half[0], other.half[0]), _mm256_sub_epi32(half[1], other.half[1])}};
  }

  QUANTLENS_ALWAYS_INLINE I32x16 minus(std::int32_t amount) const {
    const __m256i v = _mm256_set1_epi32(amount);
    return {{_mm256_sub_epi32(half[0], v), _mm256_sub_epi32(half[1], v)}};
  }

  QUANTLENS_ALWAYS_INLINE F32x16<isa::avx2> to_float() const {
    F32x16<isa::avx2> r;
    for (std::size_t i = 0; i < 2; ++i) r.part[i] = _mm256_cvtepi32_ps(half[i]);
    return r;
  }

  QUANTLENS_ALWAYS_INLINE static I32x16 round(const F32x16<isa::avx2>& a) {
    return {{_mm256_cvtps_epi32(a.part[0]), _mm256_cvtps_epi32(a.part[1])}};
  }

  QUANTLENS_ALWAYS_INLINE void store(std::int32_t* to) const {
    for (std::size_t i = 0; i < 2; ++i) _mm256_storeu_si256(reinterpret_cast<__m256i*>(to) + i, half[i]);
  }
};

}  // namespace quantlens::inline QUANTLENS_ABI
#endif
