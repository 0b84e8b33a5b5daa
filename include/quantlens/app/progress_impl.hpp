/// What progress.hpp declares, defined.
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

#include "quantlens/app/progress.hpp"
#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::string duration_text(double seconds) {
  const auto total = static_cast<long long>(std::llround(seconds));
  const auto two = [](long long value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  if (total < 60) return concat(total, "s");
  if (total < 3600) return concat(total / 60, "m", two(total % 60), "s");
  return concat(total / 3600, "h", two(total / 60 % 60), "m");
}

QUANTLENS_INLINE Progress::Progress(std::ostream& out, bool enabled, bool color, std::string_view unit)
    : out_(out), enabled_(enabled), color_(color), unit_(unit) {}

QUANTLENS_INLINE Progress Progress::on_terminal(std::ostream& out, std::string_view unit) {
  const char* no_color = std::getenv("NO_COLOR");
  return {out, ::isatty(STDERR_FILENO) == 1, no_color == nullptr || *no_color == '\0', unit};
}

QUANTLENS_INLINE std::optional<double> Progress::seconds_left(std::size_t done, std::size_t total,
                                                              std::size_t computed) const {
  if (computed == 0) return std::nullopt;
  return static_cast<double>(total - done) / rate(computed);
}

QUANTLENS_INLINE void Progress::update(std::string_view cell, std::size_t done, std::size_t total,
                                       std::size_t computed) {
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

QUANTLENS_INLINE void Progress::clear() {
  if (shown_) out_ << "\r\x1b[K" << std::flush;
  shown_ = false;
}

QUANTLENS_INLINE double Progress::rate(std::size_t computed) const {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  return static_cast<double>(computed) / elapsed.count();
}

}  // namespace quantlens::inline QUANTLENS_ABI
