/// A mapped file that shrinks while it is in use: programs say which one it is instead of dying of SIGBUS without a
/// word.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/core/printable.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// One mapping, readable from a signal handler: `begin` is written last and cleared first.
struct LiveMapping {
  static constexpr std::uintptr_t none = 0, reserved = 1;
  std::atomic<std::uintptr_t> begin = none;
  std::atomic<std::uintptr_t> end = 0;
  std::array<char, 256> path{};  ///< printable, ends with 0
};
static_assert(std::atomic<std::uintptr_t>::is_always_lock_free, "a signal handler reads the table");

/// Of fixed size, since a handler may not follow what another thread reallocates. What finds no place has no name.
inline constinit std::array<LiveMapping, 512> live_mappings{};

inline void note_mapping(std::span<const std::byte> bytes, const std::filesystem::path& path) {
  for (LiveMapping& mapping : live_mappings) {
    std::uintptr_t expected = LiveMapping::none;
    if (!mapping.begin.compare_exchange_strong(expected, LiveMapping::reserved)) continue;
    const std::string name = printable(path.string(), mapping.path.size() - 1);
    std::memcpy(mapping.path.data(), name.c_str(), name.size() + 1);
    const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
    mapping.end = begin + bytes.size();
    mapping.begin = begin;
    return;
  }
}

inline void forget_mapping(std::span<const std::byte> bytes) noexcept {
  for (LiveMapping& mapping : live_mappings)
    if (mapping.begin == reinterpret_cast<std::uintptr_t>(bytes.data())) mapping.begin = LiveMapping::none;
}

inline struct sigaction previous_bus_action {};

/// Nothing here allocates or locks.
inline void on_bus_error(int signal, siginfo_t* info, void* context) {
  const auto at = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (const LiveMapping& mapping : live_mappings) {
    if (const std::uintptr_t begin = mapping.begin; begin <= LiveMapping::reserved || at < begin || at >= mapping.end)
      continue;
    for (const char* part : {"[quantlens.file] ", mapping.path.data(),
                             " was truncated or became unreadable while in use; run again when it is whole\n"})
      if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
    ::_exit(1);
  }
  if ((previous_bus_action.sa_flags & SA_SIGINFO) != 0)
    previous_bus_action.sa_sigaction(signal, info, context);
  else if (previous_bus_action.sa_handler != SIG_DFL && previous_bus_action.sa_handler != SIG_IGN)
    previous_bus_action.sa_handler(signal);
  else
    ::sigaction(SIGBUS, &previous_bus_action, nullptr);  // the access is tried again and ends the process
}

}  // namespace detail

/// From here on the process ends with a message and status 1 where a file that a MappedFile holds was truncated. For
/// main() of a program, once; other faults go to the handler that was there before.
inline void install_truncated_file_handler() {
  struct sigaction action {};
  action.sa_sigaction = detail::on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, &detail::previous_bus_action);
}

}  // namespace quantlens::inline QUANTLENS_ABI
