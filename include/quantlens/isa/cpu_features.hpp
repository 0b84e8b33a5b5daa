/// What the CPU and the operating system of this machine support.
#pragma once

#include "quantlens/isa/isa.hpp"
#include "quantlens/version.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace quantlens::inline QUANTLENS_ABI {

#if defined(__x86_64__) || defined(__i386__)
namespace detail {

/// Whether the processor converts halves. Clang 14 has no name for it.
[[nodiscard]] inline bool cpu_has_f16c() noexcept {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

}  // namespace detail
#endif

/// True where code compiled for `isa` can run here.
[[nodiscard]] inline bool cpu_supports(Isa isa) noexcept {
#if defined(__x86_64__) || defined(__i386__)
  // The builtins also ask whether the operating system saves the wide registers.
  __builtin_cpu_init();
  switch (isa) {
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && detail::cpu_has_f16c();
    case Isa::avx512vnni:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
             __builtin_cpu_supports("avx512vnni");
    default:
      return true;
  }
#else
  return isa == Isa::baseline;
#endif
}

}  // namespace quantlens::inline QUANTLENS_ABI
