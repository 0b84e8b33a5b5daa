#include "quantlens/core/thread_limit.hpp"

#include <catch2/catch.hpp>
#include <optional>

using namespace quantlens;

TEST_CASE("thread limit: the smallest of affinity, quota and what was asked for", "[core]") {
  CHECK(thread_limit(8, std::nullopt, std::nullopt) == 8);
  CHECK(thread_limit(8, 2.0, std::nullopt) == 2);
  CHECK(thread_limit(8, 1.5, std::nullopt) == 2);
  CHECK(thread_limit(8, 0.25, std::nullopt) == 1);
  CHECK(thread_limit(2, 4.0, std::nullopt) == 2);
  CHECK(thread_limit(8, 1e12, std::nullopt) == 8);
  CHECK(thread_limit(8, std::nullopt, 3) == 3);
  CHECK(thread_limit(8, 2.0, 3) == 2);
  CHECK(thread_limit(8, std::nullopt, 64) == 8);
  CHECK(thread_limit(0, std::nullopt, std::nullopt) == 1);
}

TEST_CASE("thread limit: OMP_NUM_THREADS is a list, of which the first number counts", "[core]") {
  CHECK(parse_omp_threads("4") == 4u);
  CHECK(parse_omp_threads(" 4 ") == 4u);
  CHECK(parse_omp_threads("4,2") == 4u);
  for (const char* none : {"", "0", "-1", "x", "4x", ",2", "99999999999999999999999"})
    CHECK(parse_omp_threads(none) == std::nullopt);
}
