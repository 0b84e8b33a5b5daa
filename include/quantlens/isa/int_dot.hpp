/// Integer dot products: sixteen int32 sums, each of four unsigned weight codes times four signed activation codes.
///
/// xsimd has no such primitive, so it is written here once per ISA. All of them are exact, hence equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "quantlens/isa/simd.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What follows is for the baseline. Other instruction sets bring their own, and none falls back on it by mistake.
template <class Isa>
inline constexpr bool is_portable = Isa::value == quantlens::Isa::baseline;

/// Sixteen floats that codes are looked up in.
template <class Isa>
struct Table16 {
  static_assert(is_portable<Isa>, "an instruction set brings its own Table16");
  alignas(64) float value[16];

  QUANTLENS_ALWAYS_INLINE static Table16 load(const float* from) {
    Table16 r;
    std::memcpy(r.value, from, sizeof r.value);
    return r;
  }
};

/// Sixty-four weight codes: four consecutive inputs of each of sixteen outputs.
/// Every ISA offers: load, masked shift, or, and the three uses of codes (dot4, lane, lookup).
template <class Isa>
struct Codes64 {
  static_assert(is_portable<Isa>, "an instruction set brings its own Codes64");
  alignas(64) std::uint8_t byte[64];

  QUANTLENS_ALWAYS_INLINE static Codes64 load(const std::uint8_t* from) {
    Codes64 r;
    std::memcpy(r.byte, from, sizeof r.byte);
    return r;
  }

  /// The same code sixty-four times.
  QUANTLENS_ALWAYS_INLINE static Codes64 broadcast(std::uint8_t code) {
    Codes64 r;
    std::memset(r.byte, code, sizeof r.byte);
    return r;
  }

  /// ((code >> Shift) & Mask) << To of every byte.
  template <int Shift, int Mask, int To = 0>
  QUANTLENS_ALWAYS_INLINE Codes64 field() const {
    Codes64 r;
    for (std::size_t i = 0; i < 64; ++i) r.byte[i] = static_cast<std::uint8_t>(((byte[i] >> Shift) & Mask) << To);
    return r;
  }

  QUANTLENS_ALWAYS_INLINE Codes64 operator|(const Codes64& other) const {
    Codes64 r;
    for (std::size_t i = 0; i < 64; ++i) r.byte[i] = static_cast<std::uint8_t>(byte[i] | other.byte[i]);
    return r;
  }

  /// Code number Lane (0..3) of every output, as float.
  template <int Lane>
  QUANTLENS_ALWAYS_INLINE F32x16<Isa> lane() const {
    alignas(64) float lanes[tile_width];
    for (std::size_t i = 0; i < tile_width; ++i) lanes[i] = static_cast<float>(byte[4 * i + Lane]);
    return F32x16<Isa>::load(lanes);
  }

  /// The table's entry for code number Lane (0..3) of every output; its four low bits count.
  template <int Lane>
  QUANTLENS_ALWAYS_INLINE F32x16<Isa> lookup(const Table16<Isa>& table) const {
    alignas(64) float lanes[tile_width];
    for (std::size_t i = 0; i < tile_width; ++i) lanes[i] = table.value[byte[4 * i + Lane] & 15];
    return F32x16<Isa>::load(lanes);
  }
};

/// Sixteen int32 sums.
template <class Isa>
struct I32x16 {
  static_assert(is_portable<Isa>, "an instruction set brings its own I32x16");
  alignas(64) std::int32_t value[tile_width];

  QUANTLENS_ALWAYS_INLINE static I32x16 zero() { return {}; }

  /// value[i] += sum over j of codes[4 i + j] * x[j].
  QUANTLENS_ALWAYS_INLINE void dot4(const Codes64<Isa>& codes, const std::int8_t* x) {
    for (std::size_t i = 0; i < tile_width; ++i)
      for (std::size_t j = 0; j < 4; ++j) value[i] += codes.byte[4 * i + j] * x[j];
  }

  QUANTLENS_ALWAYS_INLINE I32x16 operator+(const I32x16& other) const {
    I32x16 r;
    for (std::size_t i = 0; i < tile_width; ++i) r.value[i] = value[i] + other.value[i];
    return r;
  }

  QUANTLENS_ALWAYS_INLINE I32x16 operator-(const I32x16& other) const {
    I32x16 r;
    for (std::size_t i = 0; i < tile_width; ++i) r.value[i] = value[i] - other.value[i];
    return r;
  }

  QUANTLENS_ALWAYS_INLINE I32x16 minus(std::int32_t amount) const {
    I32x16 r;
    for (std::size_t i = 0; i < tile_width; ++i) r.value[i] = value[i] - amount;
    return r;
  }

  QUANTLENS_ALWAYS_INLINE F32x16<Isa> to_float() const {
    alignas(64) float lanes[tile_width];
    for (std::size_t i = 0; i < tile_width; ++i) lanes[i] = static_cast<float>(value[i]);
    return F32x16<Isa>::load(lanes);
  }

  /// Round half to even; values beyond int32 (and NaN) give the most negative integer.
  QUANTLENS_ALWAYS_INLINE static I32x16 round(const F32x16<Isa>& a) {
    alignas(64) float lanes[tile_width];
    a.store(lanes);
    I32x16 r;
    for (std::size_t i = 0; i < tile_width; ++i) {
      const bool fits = lanes[i] >= -2147483648.0f && lanes[i] < 2147483648.0f;
      r.value[i] = fits ? static_cast<std::int32_t>(std::nearbyint(lanes[i])) : INT32_MIN;
    }
    return r;
  }

  QUANTLENS_ALWAYS_INLINE void store(std::int32_t* to) const { std::memcpy(to, value, sizeof value); }
};

}  // namespace quantlens::inline QUANTLENS_ABI
