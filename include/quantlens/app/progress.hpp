/// One line on a terminal that says how far a run is, and how long it will take.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// "41s", "3m05s" or "2h07m".
[[nodiscard]] std::string duration_text(double seconds);

/// Rewrites its line in place. Silent unless `enabled`; a colour only where the user's NO_COLOR does not forbid it.
class Progress {
 public:
  /// `unit` names what is counted, in the plural.
  Progress(std::ostream& out, bool enabled, bool color, std::string_view unit = "items");
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// For stderr: enabled where it is a terminal.
  [[nodiscard]] static Progress on_terminal(std::ostream& out, std::string_view unit = "items");

  /// What is left at the rate of what this process has computed so far: what an earlier run has finished takes no time.
  [[nodiscard]] std::optional<double> seconds_left(std::size_t done, std::size_t total, std::size_t computed) const;

  /// `computed` counts what this process worked on.
  void update(std::string_view cell, std::size_t done, std::size_t total, std::size_t computed);

  /// Clears the line, so that other output starts on an empty one.
  void clear();

 private:
  [[nodiscard]] double rate(std::size_t computed) const;

  std::ostream& out_;
  bool enabled_;
  bool color_;
  std::string unit_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/app/progress_impl.hpp"
#endif
