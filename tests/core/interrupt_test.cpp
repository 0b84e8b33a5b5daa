#include "quantlens/core/interrupt.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/core/sha256.hpp"

using namespace quantlens;

TEST_CASE("a signal is noted while a guard lives, thrown from the next check, and gone with the guard") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  InterruptGuard::check();
  {
    const InterruptGuard guard;
    InterruptGuard::check();
    CHECK_FALSE(InterruptGuard::is_pending());
    std::raise(signal);
    for (int again = 0; again < 2; ++again) {
      CHECK(InterruptGuard::is_pending());
      try {
        InterruptGuard::check();
        FAIL("not interrupted");
      } catch (const Interrupted& interrupted) {
        CHECK(interrupted.signal == signal);
      }
    }
  }
  CHECK_FALSE(InterruptGuard::is_pending());
  InterruptGuard::check();
}

TEST_CASE("a signal that is dealt with lets checks pass again") {
  const InterruptGuard guard;
  std::raise(SIGTERM);
  CHECK_THROWS_AS(InterruptGuard::check(), Interrupted);
  InterruptGuard::forget();
  InterruptGuard::check();
}

TEST_CASE("hashing a large file can be interrupted, hashing a key cannot") {
  const std::vector<std::byte> bytes(std::size_t{3} << 20, std::byte{7});
  const InterruptGuard guard;
  std::raise(SIGTERM);
  CHECK_THROWS_AS(sha256_hex(bytes), Interrupted);
  static_cast<void>(sha256_hex(std::span(bytes).first(1000)));
  CHECK(sha256_hex(std::as_bytes(std::span("abc", 3))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
