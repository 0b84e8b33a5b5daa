/// SIGINT and SIGTERM as a question that long work asks between its steps: what is finished stays, nothing is torn.
#pragma once

#include <atomic>
#include <csignal>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace interrupt_detail {
inline std::atomic<int> caught_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "a handler of signals may set nothing else");
inline void catch_signal(int signal) {
  caught_signal.store(signal, std::memory_order_relaxed);
  // The next one of either kind ends the program.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}
}  // namespace interrupt_detail

/// Thrown between steps after a signal; no std::exception, so that no handler takes it for a failure.
struct Interrupted {
  int signal = 0;
};

/// From here on a write beyond a file size limit (ulimit -f) fails, so that whoever writes can name the file, instead
/// of ending the program without a word.
inline void report_file_size_limits() { std::signal(SIGXFSZ, SIG_IGN); }

/// While it lives, the first SIGINT or SIGTERM is noted; the second ends the program as usual. One at a time.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupt_detail::caught_signal = 0;
    struct sigaction action {};
    action.sa_handler = interrupt_detail::catch_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGINT, &action, &previous_int_);
    sigaction(SIGTERM, &action, &previous_term_);
  }
  ~InterruptGuard() {
    sigaction(SIGINT, &previous_int_, nullptr);
    sigaction(SIGTERM, &previous_term_, nullptr);
    interrupt_detail::caught_signal = 0;
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Asked at least once a second by whatever takes longer, outside of teams of threads; free where no guard lives.
  /// Errors: Interrupted once a signal came.
  static void check() {
    if (is_pending()) throw Interrupted{interrupt_detail::caught_signal.load(std::memory_order_relaxed)};
  }

  /// Whether check() would throw: for members of a team, who then leave their work undone and check behind it.
  [[nodiscard]] static bool is_pending() noexcept {
    return interrupt_detail::caught_signal.load(std::memory_order_relaxed) != 0;
  }

  /// For whoever has caught an Interrupted and works on to report what is finished: checks pass again. A further signal
  /// ends the program.
  static void forget() noexcept { interrupt_detail::caught_signal = 0; }

 private:
  struct sigaction previous_int_ {};
  struct sigaction previous_term_ {};
};

}  // namespace quantlens::inline QUANTLENS_ABI
