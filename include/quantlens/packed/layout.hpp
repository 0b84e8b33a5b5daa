/// What one group of a packed matrix stores, and how a code of it decodes.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <span>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The bit widths that symmetric and affine codes come in.
inline constexpr std::array<int, 5> code_widths{2, 3, 4, 5, 8};

/// Inputs that share one int8 activation scale, and the unit in which kernels walk along a row.
inline constexpr std::size_t run_length = 32;

/// The layouts, where one is known at run time only.
enum class LayoutKind { symmetric, affine, symmetric16, affine16, nf4, fp4 };

/// value = scale * (code - 2^(bits - 1)).
struct Symmetric {
  static constexpr LayoutKind kind = LayoutKind::symmetric;
  static constexpr std::string_view name = "symmetric";
  static constexpr auto widths = code_widths;
  static constexpr bool has_offset = false;
  static constexpr std::size_t groups_per_run = 1;
};

/// value = scale * code + offset.
struct Affine {
  static constexpr LayoutKind kind = LayoutKind::affine;
  static constexpr std::string_view name = "affine";
  static constexpr auto widths = code_widths;
  static constexpr bool has_offset = true;
  static constexpr std::size_t groups_per_run = 1;
};

/// Symmetric in groups of 16: each half of a run has its own scale.
struct Symmetric16 {
  static constexpr LayoutKind kind = LayoutKind::symmetric16;
  static constexpr std::string_view name = "symmetric16";
  static constexpr std::array<int, 2> widths{3, 6};
  static constexpr bool has_offset = false;
  static constexpr std::size_t groups_per_run = 2;
};

/// Affine in groups of 16: each half of a run has its own scale and offset.
struct Affine16 {
  static constexpr LayoutKind kind = LayoutKind::affine16;
  static constexpr std::string_view name = "affine16";
  static constexpr std::array<int, 1> widths{2};
  static constexpr bool has_offset = true;
  static constexpr std::size_t groups_per_run = 2;
};

/// value = scale * codebook[code]: sixteen values for quantiles of normally distributed weights.
/// Source: Dettmers et al. 2023, arXiv 2305.14314, appendix E; the values are those of bitsandbytes.
struct Nf4 {
  static constexpr LayoutKind kind = LayoutKind::nf4;
  static constexpr std::string_view name = "nf4";
  static constexpr std::array<int, 1> widths{4};
  static constexpr bool has_offset = false;
  static constexpr std::size_t groups_per_run = 1;
  static constexpr std::array<float, 16> codebook{-1.0f,           -0x1.647362p-1f, -0x1.0cd660p-1f, -0x1.946540p-2f,
                                                  -0x1.23449ap-2f, -0x1.7a6a7ep-3f, -0x1.74f0e2p-4f, 0.0f,
                                                  0x1.45f5fep-4f,  0x1.4995c6p-3f,  0x1.f809bap-3f,  0x1.5a0674p-2f,
                                                  0x1.c34970p-2f,  0x1.200f56p-1f,  0x1.722766p-1f,  1.0f};
};

/// value = scale * codebook[code]: a sign bit and three bits of float, over its largest value.
/// Source: bitsandbytes 0.50, its FP4 type.
struct Fp4 {
  static constexpr LayoutKind kind = LayoutKind::fp4;
  static constexpr std::string_view name = "fp4";
  static constexpr std::array<int, 1> widths{4};
  static constexpr bool has_offset = false;
  static constexpr std::size_t groups_per_run = 1;
  static constexpr std::array<float, 16> codebook{
      0.0f,  0x1.555556p-8f,  0x1.555556p-1f,  1.0f,  0x1.555556p-2f,  0.5f,  0x1.555556p-3f,  0.25f,
      -0.0f, -0x1.555556p-8f, -0x1.555556p-1f, -1.0f, -0x1.555556p-2f, -0.5f, -0x1.555556p-3f, -0.25f};
};

template <class L>
concept Layout = requires {
  { L::kind } -> std::convertible_to<LayoutKind>;
  { L::name } -> std::convertible_to<std::string_view>;
  { L::has_offset } -> std::convertible_to<bool>;
  { L::widths.size() } -> std::convertible_to<std::size_t>;
  { L::groups_per_run } -> std::convertible_to<std::size_t>;
};

/// A layout whose codes are indices into a table.
template <class L>
concept CodebookLayout = Layout<L> && requires {
  { L::codebook.size() } -> std::convertible_to<std::size_t>;
};

/// What is known of a layout at run time.
struct LayoutInfo {
  std::string_view name;
  std::span<const int> widths;
  bool has_offset = false;
  std::size_t groups_per_run = 1;
  std::span<const float> codebook;  ///< empty where codes are numbers

  [[nodiscard]] constexpr bool has_width(int bits) const noexcept {
    return std::find(widths.begin(), widths.end(), bits) != widths.end();
  }
  [[nodiscard]] constexpr bool has_codebook() const noexcept { return !codebook.empty(); }
};

template <Layout L>
inline constexpr LayoutInfo layout_info = [] {
  LayoutInfo info{L::name, L::widths, L::has_offset, L::groups_per_run, {}};
  if constexpr (CodebookLayout<L>) info.codebook = L::codebook;
  return info;
}();

/// Calls f.template operator()<L>() with the layout's type: where templates begin, as those of kernels do.
template <class F>
constexpr decltype(auto) with_layout(LayoutKind kind, F&& f) {
  switch (kind) {
    case LayoutKind::symmetric:
      return f.template operator()<Symmetric>();
    case LayoutKind::affine:
      return f.template operator()<Affine>();
    case LayoutKind::symmetric16:
      return f.template operator()<Symmetric16>();
    case LayoutKind::affine16:
      return f.template operator()<Affine16>();
    case LayoutKind::nf4:
      return f.template operator()<Nf4>();
    default:
      return f.template operator()<Fp4>();
  }
}

[[nodiscard]] constexpr const LayoutInfo& info_of(LayoutKind kind) {
  return with_layout(kind, []<Layout L>() -> const LayoutInfo& { return layout_info<L>; });
}

/// Whether codes of a layout come in a bit width.
template <class L, int Bits>
concept HasWidth = Layout<L> && layout_info<L>
.has_width(Bits);

/// The code that means zero in a symmetric group.
[[nodiscard]] constexpr int code_centre(int bits) noexcept { return 1 << (bits - 1); }

}  // namespace quantlens::inline QUANTLENS_ABI
