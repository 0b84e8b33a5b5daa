/// Arguments as a shell takes them.
#pragma once

#include <string>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// An argument, quoted where it has to be.
[[nodiscard]] inline std::string shell_argument(std::string_view argument) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!argument.empty() && argument.find_first_not_of(plain) == std::string_view::npos) return std::string(argument);
  std::string quoted = "'";
  for (const char c : argument) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace quantlens::inline QUANTLENS_ABI
