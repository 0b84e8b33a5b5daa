/// SIGINT and SIGTERM as a question that long work asks between its steps: what is finished stays, nothing is torn.
#pragma once

#include <csignal>

namespace quantlens::inline v0_1 {

namespace interrupt_detail {
inline volatile std::sig_atomic_t caught_signal = 0;
inline void catch_signal(int signal) { caught_signal = signal; }
}  // namespace interrupt_detail

/// Thrown between steps after a signal; no std::exception, so that no handler takes it for a failure.
struct Interrupted {
  int signal = 0;
};

/// While it lives, the first SIGINT or SIGTERM is noted; the second ends the program as usual.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupt_detail::caught_signal = 0;
    struct sigaction action {};
    action.sa_handler = interrupt_detail::catch_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &previous_int_);
    sigaction(SIGTERM, &action, &previous_term_);
  }
  ~InterruptGuard() {
    sigaction(SIGINT, &previous_int_, nullptr);
    sigaction(SIGTERM, &previous_term_, nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Asked at least once a second by whatever takes longer, outside of teams of threads; free where no guard lives.
  /// Errors: Interrupted once a signal came.
  static void check() {
    if (interrupt_detail::caught_signal != 0) throw Interrupted{interrupt_detail::caught_signal};
  }

 private:
  struct sigaction previous_int_ {};
  struct sigaction previous_term_ {};
};

}  // namespace quantlens::inline v0_1
