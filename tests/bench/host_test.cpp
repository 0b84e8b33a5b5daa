#include "quantlens/bench/host.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "../io/temp_folder.hpp"
#include "scripted_provider.hpp"

using namespace quantlens;
using quantlens::test::TempFolder;
using quantlens::test::write_text;

namespace {

/// The first processor that this process may use, as /proc/stat calls it.
std::string own_cpu() {
  cpu_set_t mine;
  CPU_ZERO(&mine);
  REQUIRE(sched_getaffinity(0, sizeof mine, &mine) == 0);
  std::size_t cpu = 0;
  while (!CPU_ISSET(cpu, &mine)) ++cpu;
  return concat("cpu", cpu);
}

}  // namespace

TEST_CASE("host: busy is all but idle and waiting, of the processors that are ours", "[bench]") {
  const TempFolder root;
  CHECK_FALSE(read_host_use(root.path()));
  write_text(root.path() / "proc/stat", "cpu  9 9 9 9 9 9 9 9 9 9\n" + own_cpu() +
                                            " 100 20 30 7777 555 4 6 40 0 0\ncpu1023 1 1 1 1 1 1 1 1 0 0\nintr 5\n");
  const auto use = read_host_use(root.path());
  REQUIRE(use);
  CHECK(use->processors == 1);
  CHECK(use->busy == Approx(200.0 / static_cast<double>(sysconf(_SC_CLK_TCK))));
  CHECK(use->own > 0);
  CHECK(use->throttles == 0);
}

TEST_CASE("host: heat and quotas count as throttling", "[bench]") {
  const TempFolder root;
  write_text(root.path() / "proc/stat", own_cpu() + " 1 1 1 1 1 1 1 1 0 0\n");
  write_text(root.path() / "sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "4\n");
  write_text(root.path() / "sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "5\n");
  write_text(root.path() / "proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write_text(root.path() / "proc/self/cgroup", "0::/\n");
  write_text(root.path() / "sys/fs/cgroup/cpu.stat", "nr_throttled 2\n");
  CHECK(read_host_use(root.path())->throttles == 11);
}

TEST_CASE("host: memory is what the system has left, or the control group if that is less", "[bench]") {
  const TempFolder root;
  CHECK(std::isinf(free_memory_mib(root.path())));
  write_text(root.path() / "proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1024 kB\nMemAvailable: 4194304 kB\n");
  CHECK(free_memory_mib(root.path()) == 4096);
  write_text(root.path() / "proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  write_text(root.path() / "proc/self/cgroup", "0::/\n");
  write_text(root.path() / "sys/fs/cgroup/memory.max", "1073741824\n");
  write_text(root.path() / "sys/fs/cgroup/memory.current", "536870912\n");
  CHECK(free_memory_mib(root.path()) == 512);
}
