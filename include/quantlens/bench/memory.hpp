/// Peak memory of this process, reset where the system allows it.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "quantlens/version.hpp"
#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace quantlens::inline QUANTLENS_ABI {

/// Forgets the peak so far; false where the system has no such switch (it is Linux's /proc/self/clear_refs).
/// Freed memory that the allocator holds goes back to the system first: what is measured next would use it unseen.
[[nodiscard]] inline bool reset_peak_memory() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  std::ofstream file("/proc/self/clear_refs");
  file << "5\n" << std::flush;
  return file.good();
}

namespace bench_detail {

/// An entry of /proc/self/status that is an amount of memory.
inline std::optional<double> status_mib(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == name && file >> kib) return kib / 1024;
  }
  return std::nullopt;
}

}  // namespace bench_detail

/// The largest resident size since the last reset. Units: MiB. None where the system does not say.
[[nodiscard]] inline std::optional<double> peak_memory_mib() { return bench_detail::status_mib("VmHWM:"); }

/// The resident size of this process. Units: MiB. 0 where the system does not say.
[[nodiscard]] inline double resident_memory_mib() { return bench_detail::status_mib("VmRSS:").value_or(0); }

}  // namespace quantlens::inline QUANTLENS_ABI
