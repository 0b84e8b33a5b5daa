/// The instruction sets that kernels are compiled for: one tag type each, and their run-time names.
#pragma once

#include <array>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Run-time twin of the tags, weakest first.
enum class Isa { baseline, avx2, avx512vnni };

inline constexpr std::array<Isa, 3> all_isas{Isa::baseline, Isa::avx2, Isa::avx512vnni};

[[nodiscard]] constexpr std::string_view isa_name(Isa isa) noexcept {
  switch (isa) {
    case Isa::avx2:
      return "avx2";
    case Isa::avx512vnni:
      return "avx512vnni";
    default:
      return "baseline";
  }
}

namespace isa {

/// What every CPU of the target has: SSE2 on x86-64, NEON on AArch64.
struct baseline {
  static constexpr Isa value = Isa::baseline;
};

/// AVX2 with FMA and F16C.
struct avx2 {
  static constexpr Isa value = Isa::avx2;
};

/// AVX-512 F, BW, DQ, VL and VNNI.
struct avx512vnni {
  static constexpr Isa value = Isa::avx512vnni;
};

/// The best one that this translation unit's own compiler flags allow.
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
using native = avx512vnni;
#elif defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
using native = avx2;
#else
using native = baseline;
#endif

}  // namespace isa
}  // namespace quantlens::inline QUANTLENS_ABI
