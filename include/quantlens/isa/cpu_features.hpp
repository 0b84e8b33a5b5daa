/// What the CPU and the operating system of this machine support.
#pragma once

#include "quantlens/isa/isa.hpp"

namespace quantlens::inline v0_1 {

/// True where code compiled for `isa` can run here.
[[nodiscard]] inline bool cpu_supports(Isa isa) noexcept {
#if defined(__x86_64__) || defined(__i386__)
  // The builtins also ask whether the operating system saves the wide registers.
  __builtin_cpu_init();
  switch (isa) {
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
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

}  // namespace quantlens::inline v0_1
