/// The control groups that this process is in: what they leave it of processors and memory, and whether they throttle.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A folder of the control group file system; `v2`: of the unified hierarchy, whose files have other names.
struct CgroupFolder {
  std::filesystem::path path;
  bool v2 = false;
};

namespace cgroup_detail {

/// Empty where there is no such file.
inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

inline bool lists(const std::string& comma_separated, std::string_view word) {
  const std::vector<std::string> words = split(comma_separated, ',');
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A line of /proc/self/mountinfo that mounts a control group hierarchy. Source: proc(5).
struct Mount {
  std::string root;   ///< the group that is seen at `point`
  std::string point;  ///< where it is mounted
  bool v2 = false;
};

inline std::optional<Mount> parse_mount(const std::string& line, std::string_view controller) {
  const std::size_t dash = line.find(" - ");
  if (dash == std::string::npos) return std::nullopt;
  const std::vector<std::string> before = split(line.substr(0, dash), ' '), after = split(line.substr(dash + 3), ' ');
  if (before.size() < 5 || after.size() < 3) return std::nullopt;
  const bool v2 = after[0] == "cgroup2";
  if (!v2 && !(after[0] == "cgroup" && lists(after[2], controller))) return std::nullopt;
  return Mount{before[3], before[4], v2};
}

/// The path of this process's group in a hierarchy, from the lines "4:cpu,cpuacct:/path" or "0::/path".
inline std::optional<std::string> group_path(const std::string& proc_cgroup, bool v2, std::string_view controller) {
  for (const std::string& line : split(proc_cgroup, '\n')) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (v2 ? line.starts_with("0::") : lists(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Files hold whole numbers; what is none ("max", or no file) is no limit.
inline std::optional<double> number_in(const std::string& text) {
  std::istringstream stream(text);
  double value = 0;
  return stream >> value ? std::optional(value) : std::nullopt;
}

}  // namespace cgroup_detail

/// The groups of this process that `controller` ("cpu" or "memory") may limit, its own first and then those around it,
/// as far as they are mounted. `root` is put in front of /proc and of mount points.
[[nodiscard]] inline std::vector<CgroupFolder> cgroup_folders(std::string_view controller,
                                                              const std::filesystem::path& root = "/") {
  using namespace cgroup_detail;
  namespace fs = std::filesystem;
  const std::string own_groups = text_of(root / "proc/self/cgroup");
  std::vector<CgroupFolder> folders;
  for (const std::string& line : split(text_of(root / "proc/self/mountinfo"), '\n')) {
    const std::optional<Mount> mount = parse_mount(line, controller);
    if (!mount) continue;
    std::optional<std::string> path = group_path(own_groups, mount->v2, controller);
    if (!path) continue;
    // In a container the mount shows a group of the host as its root; a path that is not below it is not visible.
    if (mount->root != "/" && path->starts_with(mount->root)) path->erase(0, mount->root.size());
    const fs::path top = root / fs::path(mount->point).relative_path();
    std::vector<fs::path> groups{top};  // outermost first
    if (path->find("..") == std::string::npos)
      for (const std::string& name : split(*path, '/'))
        if (!name.empty()) groups.push_back(groups.back() / name);
    std::error_code error;
    for (auto folder = groups.rbegin(); folder != groups.rend(); ++folder)
      if (fs::is_directory(*folder, error)) folders.push_back({*folder, mount->v2});
  }
  return folders;
}

/// "max 100000", or "150000 100000" for one and a half processors; none where nothing is limited.
[[nodiscard]] inline std::optional<double> parse_cpu_max(const std::string& text) {
  std::istringstream stream(text);
  double quota = 0, period = 0;
  return stream >> quota >> period && quota > 0 && period > 0 ? std::optional(quota / period) : std::nullopt;
}

/// The smallest quota of all groups. Units: processors, not whole. None where nothing is limited.
[[nodiscard]] inline std::optional<double> cgroup_processors(const std::filesystem::path& root = "/") {
  using namespace cgroup_detail;
  std::optional<double> least;
  for (const auto& [folder, v2] : cgroup_folders("cpu", root)) {
    const std::optional<double> quota =
        parse_cpu_max(v2 ? text_of(folder / "cpu.max")
                         : text_of(folder / "cpu.cfs_quota_us") + " " + text_of(folder / "cpu.cfs_period_us"));
    if (quota) least = std::min(least.value_or(*quota), *quota);
  }
  return least;
}

/// What the groups leave free of their memory limits, the least of them. Units: bytes. None where nothing is limited.
[[nodiscard]] inline std::optional<double> cgroup_free_bytes(const std::filesystem::path& root = "/") {
  using namespace cgroup_detail;
  std::optional<double> least;
  for (const auto& [folder, v2] : cgroup_folders("memory", root)) {
    const auto limit = number_in(text_of(folder / (v2 ? "memory.max" : "memory.limit_in_bytes")));
    const auto used = number_in(text_of(folder / (v2 ? "memory.current" : "memory.usage_in_bytes")));
    if (!limit || !used) continue;
    const double left = std::max(0.0, *limit - *used);
    least = std::min(least.value_or(left), left);
  }
  return least;
}

/// How often the quotas of the groups have made processes wait.
[[nodiscard]] inline std::uint64_t cgroup_throttles(const std::filesystem::path& root = "/") {
  std::uint64_t total = 0;
  for (const auto& [folder, v2] : cgroup_folders("cpu", root)) {
    std::ifstream file(folder / "cpu.stat");
    for (std::string name; file >> name;) {
      std::uint64_t value = 0;
      if (!(file >> value)) break;
      if (name == "nr_throttled") total += value;
    }
  }
  return total;
}

}  // namespace quantlens::inline QUANTLENS_ABI
