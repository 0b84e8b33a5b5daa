#include "quantlens/core/cgroup.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "../bench/scripted_provider.hpp"
#include "../io/temp_folder.hpp"

using namespace quantlens;
using quantlens::test::TempFolder;
using quantlens::test::write_text;

namespace {

/// A system in a folder.
struct Root {
  TempFolder folder;

  void write(const std::string& path, const std::string& text) const { write_text(folder.path() / path, text); }
  [[nodiscard]] std::optional<double> processors() const { return cgroup_processors(folder.path()); }
};

constexpr const char* v2_mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* v1_mount =
    "29 23 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n";

}  // namespace

TEST_CASE("cgroup: what a quota file says", "[core]") {
  CHECK(parse_cpu_max("max 100000\n") == std::nullopt);
  CHECK(parse_cpu_max("150000 100000\n") == 1.5);
  CHECK(parse_cpu_max("-1\n 100000\n") == std::nullopt);
  for (const char* none : {"", "100000", "x 100000", "100000 0"}) CHECK(parse_cpu_max(none) == std::nullopt);
}

TEST_CASE("cgroup: version 2, the smallest quota from the process's own group up to the root", "[core]") {
  const Root root;
  root.write("proc/self/mountinfo", v2_mount);
  root.write("proc/self/cgroup", "0::/user.slice/job\n");
  CHECK_FALSE(root.processors());
  root.write("sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
  CHECK_FALSE(root.processors());
  root.write("sys/fs/cgroup/user.slice/cpu.max", "300000 100000\n");
  CHECK(root.processors() == 3.0);
  root.write("sys/fs/cgroup/user.slice/job/cpu.max", "50000 100000\n");
  CHECK(root.processors() == 0.5);
  root.write("sys/fs/cgroup/cpu.max", "20000 100000\n");
  CHECK(root.processors() == 0.2);
  root.write("sys/fs/cgroup/other/cpu.max", "10000 100000\n");
  CHECK(root.processors() == 0.2);
}

TEST_CASE("cgroup: version 1, whose hierarchies are mounted one by one", "[core]") {
  const Root root;
  root.write("proc/self/mountinfo", v1_mount);
  root.write("proc/self/cgroup", "5:memory:/m\n4:cpu,cpuacct:/a/b\n1:name=systemd:/a\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(root.processors());
  root.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  CHECK(root.processors() == 2.5);
}

TEST_CASE("cgroup: in a container the mount shows the container's group as its root", "[core]") {
  const Root root;
  root.write("proc/self/mountinfo",
             "31 23 0:27 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n"
             "garbage\n");
  root.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  root.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  for (const char* own : {"2:cpu:/docker/abc\n", "2:cpu:/docker/abc/below\n", "2:cpu:/elsewhere\n", "2:cpu:/../..\n"}) {
    CAPTURE(own);
    root.write("proc/self/cgroup", own);
    CHECK(root.processors() == 2.0);
  }
}

TEST_CASE("cgroup: memory left, and throttling, over all groups", "[core]") {
  const Root root;
  CHECK_FALSE(cgroup_free_bytes(root.folder.path()));
  root.write("proc/self/mountinfo", v2_mount);
  root.write("proc/self/cgroup", "0::/job\n");
  root.write("sys/fs/cgroup/job/memory.max", "max\n");
  root.write("sys/fs/cgroup/job/memory.current", "700\n");
  CHECK_FALSE(cgroup_free_bytes(root.folder.path()));
  root.write("sys/fs/cgroup/job/memory.max", "1000\n");
  CHECK(cgroup_free_bytes(root.folder.path()) == 300.0);
  root.write("sys/fs/cgroup/job/cpu.stat", "usage_usec 5\nnr_periods 4\nnr_throttled 3\nthrottled_usec 9\n");
  root.write("sys/fs/cgroup/cpu.stat", "usage_usec 5\n");
  CHECK(cgroup_throttles(root.folder.path()) == 3);
}
