/// What the bench asks of the machine: the time, who else computes, and how much memory is free. Tests script it.
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
#include <functional>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "quantlens/core/cgroup.hpp"

namespace quantlens::inline v0_1 {

/// Seconds from some point on that never changes.
[[nodiscard]] inline double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Work since the machine was started, on the processors that this process may use. Units: seconds of one processor.
struct HostUse {
  double busy = 0;              ///< by anybody, other guests of the same host included
  double own = 0;               ///< by this process
  double processors = 1;        ///< how many there are
  std::uint64_t throttles = 0;  ///< how often a quota or heat has slowed them
};

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

/// None where the system does not count it (it is Linux's /proc/stat). `root` is put in front of /proc and /sys.
[[nodiscard]] inline std::optional<HostUse> read_host_use(const std::filesystem::path& root = "/") {
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

/// What a process can still take before the system or its control groups run out. Units: MiB. Infinite where nobody
/// says.
[[nodiscard]] inline double free_memory_mib(const std::filesystem::path& root = "/") {
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

struct Host {
  std::function<double()> seconds = steady_seconds;
  std::function<std::optional<HostUse>()> use = [] { return read_host_use(); };
  std::function<double()> free_mib = [] { return free_memory_mib(); };
};

}  // namespace quantlens::inline v0_1
