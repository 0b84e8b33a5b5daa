/// SIGINT and SIGTERM as a question that is asked between slices: what is finished stays, nothing is torn.
#pragma once

#include <csignal>

namespace quantlens::inline v0_1 {

namespace bench_detail {
inline volatile std::sig_atomic_t caught_signal = 0;
inline void catch_signal(int signal) { caught_signal = signal; }
}  // namespace bench_detail

/// Thrown between slices after a signal; no std::exception, so that no handler takes it for a failed cell.
struct Interrupted {
  int signal = 0;
};

/// While it lives, the first SIGINT or SIGTERM is noted; the second ends the program as usual.
class InterruptGuard {
 public:
  InterruptGuard() {
    bench_detail::caught_signal = 0;
    struct sigaction action {};
    action.sa_handler = bench_detail::catch_signal;
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

  /// Errors: Interrupted once a signal came.
  static void check() {
    if (bench_detail::caught_signal != 0) throw Interrupted{bench_detail::caught_signal};
  }

 private:
  struct sigaction previous_int_ {};
  struct sigaction previous_term_ {};
};

}  // namespace quantlens::inline v0_1
