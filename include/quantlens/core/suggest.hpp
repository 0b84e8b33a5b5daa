/// "Did you mean": the known name nearest to an unknown one.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/core/edit_distance.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The error for a name that nobody knows; lists the known ones and, where one is near, suggests it. `remedy` ends the
/// message.
/// Example: unknown_name("format", "rtm-w4", names).
[[nodiscard]] inline InputError unknown_name(std::string_view kind, std::string_view name,
                                             std::span<const std::string> known, std::string_view remedy = {}) {
  std::string message = concat("unknown ", kind, " '", name, "'");
  const auto distance = [&](const std::string& candidate) { return edit_distance(name, std::string_view(candidate)); };
  const auto nearest = std::min_element(known.begin(), known.end(),
                                        [&](const auto& a, const auto& b) { return distance(a) < distance(b); });
  if (nearest != known.end() && distance(*nearest) <= 1 + name.size() / 3)
    message += concat("; did you mean '", *nearest, "'?");
  message += "; known:";
  for (const std::string& candidate : known) message += " " + candidate;
  return InputError("unknown_name", concat(message, remedy));
}

}  // namespace quantlens::inline QUANTLENS_ABI
