/// IEEE half and bfloat16 as storage types: conversion to and from float, round to nearest even.
#pragma once

#include <bit>
#include <cstdint>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// IEEE 754 binary16.
struct Half {
  std::uint16_t bits = 0;
};

/// The upper half of an IEEE 754 binary32.
struct BFloat16 {
  std::uint16_t bits = 0;
};

[[nodiscard]] constexpr float to_float(float value) noexcept { return value; }

[[nodiscard]] constexpr float to_float(BFloat16 value) noexcept {
  return std::bit_cast<float>(std::uint32_t{value.bits} << 16);
}

[[nodiscard]] constexpr float to_float(Half value) noexcept {
  const std::uint32_t sign = std::uint32_t{value.bits & 0x8000u} << 16;
  const std::uint32_t exponent = (value.bits >> 10) & 0x1fu;
  const std::uint32_t mantissa = value.bits & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  // Zero and subnormals are mantissa * 2^-24, exact in float.
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

[[nodiscard]] constexpr BFloat16 to_bfloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return {static_cast<std::uint16_t>((bits >> 16) | 0x40u)};
  return {static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16)};
}

[[nodiscard]] constexpr Half to_half(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return {static_cast<std::uint16_t>(sign | 0x7e00u)};
  if (magnitude >= 0x477ff000u) return {static_cast<std::uint16_t>(sign | 0x7c00u)};  // 65520 and above
  if (magnitude < 0x38800000u) {
    // Below 2^-14 the result counts units of 2^-24; adding 0.5 aligns them with float's last bit.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(aligned) - 0x3f000000u))};
  }
  const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return {static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13))};
}

/// The nearest value that a half can hold.
[[nodiscard]] constexpr float round_to_half(float value) noexcept { return to_float(to_half(value)); }

/// The nearest value that a half can hold and that is no larger in magnitude.
[[nodiscard]] constexpr float truncate_to_half(float value) noexcept {
  Half half = to_half(value);
  const float magnitude = value < 0.0f ? -value : value;
  if (to_float(Half{static_cast<std::uint16_t>(half.bits & 0x7fffu)}) > magnitude) --half.bits;
  return to_float(half);
}

}  // namespace quantlens::inline QUANTLENS_ABI
