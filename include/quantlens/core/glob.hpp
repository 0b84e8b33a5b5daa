/// Names matched by patterns with `*`.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// `*` stands for any run of characters, or, with a `barrier`, of characters other than that; all else for itself.
/// Example: matches_glob("refworld-*", "refworld-small").
[[nodiscard]] inline bool matches_glob(std::string_view pattern, std::string_view name,
                                       std::optional<char> barrier = std::nullopt) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() != '*')
    return !name.empty() && pattern.front() == name.front() && matches_glob(pattern.substr(1), name.substr(1), barrier);
  for (std::size_t taken = 0;; ++taken) {
    if (matches_glob(pattern.substr(1), name.substr(taken), barrier)) return true;
    if (taken == name.size() || name[taken] == barrier) return false;
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
