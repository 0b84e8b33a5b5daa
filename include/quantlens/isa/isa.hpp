/// The instruction sets that kernels are compiled for: a traits struct each, listed in one place.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "quantlens/version.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace quantlens::inline QUANTLENS_ABI {

/// Run-time twin of the traits, weakest first.
enum class Isa { baseline, avx2, avx512vnni };

namespace isa {

/// What every CPU of the target has: SSE2 on x86-64, NEON on AArch64.
struct baseline {
  static constexpr Isa value = Isa::baseline;
  static constexpr std::string_view name = "baseline";
  static constexpr bool is_compiled = true;            ///< this translation unit's own compiler flags allow it
  static constexpr bool fuses = false;                 ///< mul_add rounds once
  static constexpr std::size_t block_rows = 2;         ///< rows of activations whose sums stay in registers together
  static constexpr std::size_t sums_in_registers = 2;  ///< sums of sixteen lanes that do

  /// Whether the processor has it, and the operating system saves its registers.
  [[nodiscard]] static bool runs_here() noexcept { return true; }
};

#if defined(__x86_64__) || defined(__i386__)

/// AVX2 with FMA and F16C.
struct avx2 {
  static constexpr Isa value = Isa::avx2;
  static constexpr std::string_view name = "avx2";
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
  static constexpr bool is_compiled = true;
#else
  static constexpr bool is_compiled = false;
#endif
  static constexpr bool fuses = true;
  static constexpr std::size_t block_rows = 4;
  static constexpr std::size_t sums_in_registers = 4;

  [[nodiscard]] static bool runs_here() noexcept {
    // Clang 14 has no name for F16C.
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    const bool has_f16c = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c;
  }
};

/// AVX-512 F, BW, DQ, VL and VNNI.
struct avx512vnni {
  static constexpr Isa value = Isa::avx512vnni;
  static constexpr std::string_view name = "avx512vnni";
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
  static constexpr bool is_compiled = true;
#else
  static constexpr bool is_compiled = false;
#endif
  static constexpr bool fuses = true;
  static constexpr std::size_t block_rows = 8;
  static constexpr std::size_t sums_in_registers = 16;

  [[nodiscard]] static bool runs_here() noexcept {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vnni");
  }
};

#endif

template <class... I>
struct List {
  static constexpr std::array all{I::value...};
};

/// Those of this target, weakest first.
#if defined(__x86_64__) || defined(__i386__)
using Known = List<baseline, avx2, avx512vnni>;
#else
using Known = List<baseline>;
#endif

template <class Weakest, class... Others>
[[nodiscard]] constexpr auto best_compiled(List<Weakest, Others...>) {
  if constexpr ((Others::is_compiled || ...))
    return best_compiled(List<Others...>{});
  else
    return Weakest{};
}

/// The best one that this translation unit's own compiler flags allow.
using native = decltype(best_compiled(Known{}));

}  // namespace isa

inline constexpr auto all_isas = isa::Known::all;

[[nodiscard]] constexpr std::string_view isa_name(Isa isa) noexcept {
  return []<class... I>(Isa wanted, isa::List<I...>) {
    std::string_view name;
    static_cast<void>(((I::value == wanted && (name = I::name, true)) || ...));
    return name;
  }(isa, isa::Known{});
}

/// True where code compiled for `isa` can run here.
[[nodiscard]] inline bool cpu_supports(Isa isa) noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_cpu_init();
#endif
  return []<class... I>(Isa wanted, isa::List<I...>) { return ((I::value == wanted && I::runs_here()) || ...); }(
             isa, isa::Known{});
}

}  // namespace quantlens::inline QUANTLENS_ABI
