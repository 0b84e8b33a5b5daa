/// What one group of a packed matrix stores, and how a code of it decodes.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>

namespace quantlens::inline v0_1 {

/// Inputs that share one int8 activation scale, and the unit in which kernels walk along a row.
inline constexpr std::size_t run_length = 32;

/// value = scale * (code - 2^(bits - 1)).
struct Symmetric {
  static constexpr std::string_view name = "symmetric";
  static constexpr bool has_offset = false;
};

/// value = scale * code + offset.
struct Affine {
  static constexpr std::string_view name = "affine";
  static constexpr bool has_offset = true;
};

template <class L>
concept Layout = requires {
  { L::name } -> std::convertible_to<std::string_view>;
  { L::has_offset } -> std::convertible_to<bool>;
};

/// The bit widths that codes come in.
inline constexpr std::array<int, 5> code_widths{2, 3, 4, 5, 8};

template <int Bits>
concept CodeWidth = Bits == 2 || Bits == 3 || Bits == 4 || Bits == 5 || Bits == 8;

/// The code that means zero in a symmetric group.
[[nodiscard]] constexpr int code_centre(int bits) noexcept { return 1 << (bits - 1); }

}  // namespace quantlens::inline v0_1
