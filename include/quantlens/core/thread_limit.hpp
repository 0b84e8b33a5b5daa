/// How many threads a program uses unless it is told.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The outermost number of OMP_NUM_THREADS, such as 4 of "4,2"; none where there is none above 0.
[[nodiscard]] inline std::optional<std::size_t> parse_omp_threads(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::size_t threads = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), threads);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (code != std::errc{} || threads == 0 || !(rest.empty() || rest.front() == ' ' || rest.front() == ','))
    return std::nullopt;
  return threads;
}

/// The smallest of the processors that affinity allows, the control groups' quota (rounded up, as a part of a processor
/// is better than none) and OMP_NUM_THREADS; at least 1. Threads beyond a quota are made to wait for each other.
[[nodiscard]] inline std::size_t thread_limit(std::size_t affinity, std::optional<double> quota,
                                              std::optional<std::size_t> asked) {
  std::size_t threads = std::max<std::size_t>(affinity, 1);
  if (quota && std::ceil(*quota) < static_cast<double>(threads))
    threads = std::max<std::size_t>(static_cast<std::size_t>(std::ceil(*quota)), 1);
  return asked ? std::clamp<std::size_t>(*asked, 1, threads) : threads;
}

}  // namespace quantlens::inline QUANTLENS_ABI
