#include "quantlens/core/parallel.hpp"

#include <catch2/catch.hpp>
#include <numeric>
#include <vector>

using namespace quantlens;

TEST_CASE("slices cover everything once, in order, for any team") {
  const std::size_t n = GENERATE(0u, 1u, 5u, 16u, 17u);
  const std::size_t size = GENERATE(1u, 2u, 3u, 7u);
  std::size_t next = 0;
  for (std::size_t rank = 0; rank < size; ++rank) {
    const Range range = Team{rank, size}.slice(n);
    CHECK(range.begin == next);
    CHECK(range.end - range.begin <= n / size + 1);
    next = range.end;
  }
  CHECK(next == n);
}

TEST_CASE("what members wrote before a barrier is there after it") {
  const std::size_t n_threads = GENERATE(1u, 2u, 3u, 8u);
  constexpr std::size_t rounds = 200;
  std::vector<std::size_t> written(n_threads, 0);
  std::vector<char> wrong(n_threads, 0);
  run_team(n_threads, [&](const Team& team) {
    for (std::size_t round = 1; round <= rounds; ++round) {
      written[team.rank] = round;
      team.barrier();
      const std::size_t sum =
          std::accumulate(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(team.size), std::size_t{0});
      if (sum != round * team.size) wrong[team.rank] = 1;
      team.barrier();
    }
  });
  CHECK(wrong == std::vector<char>(n_threads, 0));
}
