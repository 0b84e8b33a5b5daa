/// What the bench asks of the machine: the time, who else computes, and how much memory is free. Tests script it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Seconds from some point on that never changes.
[[nodiscard]] double steady_seconds();

/// Work since the machine was started, on the processors that this process may use. Units: seconds of one processor.
struct HostUse {
  double busy = 0;              ///< by anybody, other guests of the same host included
  double own = 0;               ///< by this process
  double processors = 1;        ///< how many there are
  std::uint64_t throttles = 0;  ///< how often a quota or heat has slowed them
};

/// None where the system does not count it (it is Linux's /proc/stat). `root` is put in front of /proc and /sys.
[[nodiscard]] std::optional<HostUse> read_host_use(const std::filesystem::path& root = "/");

/// What a process can still take before the system or its control groups run out. Units: MiB. Infinite where nobody
/// says.
[[nodiscard]] double free_memory_mib(const std::filesystem::path& root = "/");

struct Host {
  std::function<double()> seconds = steady_seconds;
  std::function<std::optional<HostUse>()> use = [] { return read_host_use(); };
  std::function<double()> free_mib = [] { return free_memory_mib(); };
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/bench/host_impl.hpp"
#endif
