#include "quantlens/core/exclusive.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace quantlens;

TEST_CASE("one use at a time; a second one is a typed error and leaves the first alone") {
  Exclusive in_use;
  std::optional<Exclusive::Use> first;
  first.emplace(in_use, "this model");
  for (int again = 0; again < 2; ++again) {
    try {
      const Exclusive::Use second(in_use, "this model");
      FAIL("two at once");
    } catch (const InputError& error) {
      CHECK(error.id() == "busy");
      CHECK_THAT(error.what(), Catch::Contains("this model is at work for another caller"));
    }
  }
  first.reset();
  const Exclusive::Use after(in_use, "this model");
}

TEST_CASE("of threads that meet in an object all but one are refused, and none sees half a change") {
  Exclusive in_use;
  int inside = 0, entered = 0;
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  constexpr int n_threads = 4, n_calls = 2000;
  for (int t = 0; t < n_threads; ++t)
    threads.emplace_back([&] {
      for (int call = 0; call < n_calls; ++call) try {
          const Exclusive::Use use(in_use, "it");
          ++inside;
          entered += inside;
          --inside;
        } catch (const InputError&) {
          ++refused;
        }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(inside == 0);
  CHECK(entered + refused == n_threads * n_calls);
}
