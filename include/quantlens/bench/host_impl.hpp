/// What host.hpp declares, defined.
#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "quantlens/bench/host.hpp"
#include "quantlens/core/cgroup.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

namespace host_detail {

inline std::uint64_t heat_throttles(const std::filesystem::path& root) {
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root / "sys/devices/system/cpu", error)) {
    std::ifstream file(entry.path() / "thermal_throttle/core_throttle_count");
    if (std::uint64_t count = 0; file >> count) total += count;
  }
  return total;
}

inline double own_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// "cpu3 user nice system idle iowait irq softirq steal ...": ticks of all but idle and iowait. Source: proc(5).
inline double busy_ticks(std::istringstream& fields) {
  double total = 0;
  for (int field = 0; field < 8; ++field) {
    double ticks = 0;
    if (!(fields >> ticks)) break;
    if (field != 3 && field != 4) total += ticks;
  }
  return total;
}

}  // namespace host_detail

QUANTLENS_INLINE std::optional<HostUse> read_host_use(const std::filesystem::path& root) {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  const bool knows_mine = sched_getaffinity(0, sizeof mine, &mine) == 0;
  HostUse use;
  use.processors = 0;
  double ticks = 0;
  std::ifstream file(root / "proc/stat");
  for (std::string line; std::getline(file, line) && line.starts_with("cpu");) {
    std::istringstream fields(line.substr(3));
    int cpu = 0;
    if (line.starts_with("cpu ") || !(fields >> cpu)) continue;
    if (knows_mine && cpu < CPU_SETSIZE && !CPU_ISSET(static_cast<std::size_t>(cpu), &mine)) continue;
    ticks += host_detail::busy_ticks(fields);
    ++use.processors;
  }
  if (use.processors == 0) return std::nullopt;
  use.busy = ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  use.own = host_detail::own_seconds();
  use.throttles = host_detail::heat_throttles(root) + cgroup_throttles(root);
  return use;
}

QUANTLENS_INLINE double free_memory_mib(const std::filesystem::path& root) {
  constexpr double mib = 1024 * 1024;
  double left = std::numeric_limits<double>::infinity();
  std::ifstream file(root / "proc/meminfo");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == "MemAvailable:" && file >> kib) left = kib / 1024;
  }
  if (const std::optional<double> bytes = cgroup_free_bytes(root)) left = std::min(left, *bytes / mib);
  return left;
}

}  // namespace quantlens::inline QUANTLENS_ABI
