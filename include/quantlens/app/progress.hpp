/// One line on a terminal that says how far a run is, and how long it will take.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <iomanip>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/core/printable.hpp"

namespace quantlens::inline v0_1 {

/// "41s", "3m05s" or "2h07m".
[[nodiscard]] inline std::string duration_text(double seconds) {
  const auto total = static_cast<long long>(std::llround(seconds));
  const auto two = [](long long value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  if (total < 60) return concat(total, "s");
  if (total < 3600) return concat(total / 60, "m", two(total % 60), "s");
  return concat(total / 3600, "h", two(total / 60 % 60), "m");
}

/// Rewrites its line in place. Silent unless `enabled`; a colour only where the user's NO_COLOR does not forbid it.
class Progress {
 public:
  /// `unit` names what is counted, in the plural.
  Progress(std::ostream& out, bool enabled, bool color, std::string_view unit = "items")
      : out_(out), enabled_(enabled), color_(color), unit_(unit) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// For stderr: enabled where it is a terminal.
  [[nodiscard]] static Progress on_terminal(std::ostream& out, std::string_view unit = "items") {
    const char* no_color = std::getenv("NO_COLOR");
    return {out, ::isatty(STDERR_FILENO) == 1, no_color == nullptr || *no_color == '\0', unit};
  }

  /// What is left at the rate of what this process has computed so far: what an earlier run has finished takes no time.
  [[nodiscard]] std::optional<double> seconds_left(std::size_t done, std::size_t total, std::size_t computed) const {
    if (computed == 0) return std::nullopt;
    return static_cast<double>(total - done) / rate(computed);
  }

  /// `computed` counts what this process worked on.
  void update(std::string_view cell, std::size_t done, std::size_t total, std::size_t computed) {
    if (!enabled_) return;
    std::ostringstream line;
    line << done << "/" << total << " " << unit_;
    if (const std::optional<double> left = seconds_left(done, total, computed))
      line << std::fixed << std::setprecision(1) << "  " << rate(computed) << " " << unit_ << "/s  ETA "
           << duration_text(*left);
    out_ << "\r\x1b[K" << (color_ ? "\x1b[36m" : "") << printable(cell, 80) << (color_ ? "\x1b[0m" : "") << "  "
         << line.str() << std::flush;
    shown_ = true;
  }

  /// Clears the line, so that other output starts on an empty one.
  void clear() {
    if (shown_) out_ << "\r\x1b[K" << std::flush;
    shown_ = false;
  }

 private:
  [[nodiscard]] double rate(std::size_t computed) const {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
    return static_cast<double>(computed) / elapsed.count();
  }

  std::ostream& out_;
  bool enabled_;
  bool color_;
  std::string unit_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace quantlens::inline v0_1
