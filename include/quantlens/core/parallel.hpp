/// Threads: a team that runs one function together. The only header that knows OpenMP.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <thread>

#include "quantlens/core/cgroup.hpp"
#include "quantlens/core/thread_limit.hpp"
#include "quantlens/version.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace quantlens::inline QUANTLENS_ABI {

/// Whether teams of more than one thread are there.
#ifdef _OPENMP
inline constexpr bool has_openmp = true;
#else
inline constexpr bool has_openmp = false;
#endif

/// Half-open [begin, end).
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where the members of a team wait for each other. Spins briefly, then lets other processes have the core: a team that
/// only spins crawls on a machine that is shared.
class Barrier {
 public:
  explicit Barrier(std::size_t size) : size_(size) {}

  void wait() noexcept {
    const std::size_t round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins)
      if (spins >= spin_limit) std::this_thread::yield();
  }

 private:
  /// Tens of microseconds: longer than members of an undisturbed team wait for each other.
  static constexpr int spin_limit = 20000;

  const std::size_t size_;
  alignas(64) std::atomic<std::size_t> arrived_{0};
  alignas(64) std::atomic<std::size_t> round_{0};
};

/// One member of a running team: who it is, and where all wait for each other.
struct Team {
  std::size_t rank = 0;
  std::size_t size = 1;
  Barrier* shared = nullptr;  ///< null: a team of one, or members that never meet

  /// Returns once every member has called it; what they wrote before is visible after.
  void barrier() const noexcept {
    if (shared != nullptr) shared->wait();
  }

  /// This member's part of [0, n): contiguous, sizes differ by at most one.
  [[nodiscard]] Range slice(std::size_t n) const { return {n * rank / size, n * (rank + 1) / size}; }
};

/// As many threads as affinity, the control groups' quota and OMP_NUM_THREADS allow.
[[nodiscard]] inline std::size_t available_threads() {
#ifdef _OPENMP
  const char* asked = std::getenv("OMP_NUM_THREADS");
  return thread_limit(static_cast<std::size_t>(std::max(1, omp_get_num_procs())), cgroup_processors(),
                      parse_omp_threads(asked == nullptr ? "" : asked));
#else
  return 1;
#endif
}

/// Runs `body(team)` on `n_threads` threads at once. `body` must not throw, and every member must reach the same
/// barriers.
template <class Body>
void run_team(std::size_t n_threads, Body&& body) {
#ifdef _OPENMP
  if (n_threads > 1) {
    std::optional<Barrier> barrier;
#pragma omp parallel num_threads(static_cast <int>(n_threads))
    {
      // The system may give fewer threads than asked for.
      const auto size = static_cast<std::size_t>(omp_get_num_threads());
#pragma omp single
      barrier.emplace(size);
      body(Team{static_cast<std::size_t>(omp_get_thread_num()), size, &*barrier});
    }
    return;
  }
#endif
  static_cast<void>(n_threads);
  body(Team{});
}

}  // namespace quantlens::inline QUANTLENS_ABI
