/// Seeded random numbers that are the same on every platform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// SplitMix64: one 64-bit state, every seed good. Source: Steele, Lea, Flood 2014, "Fast splittable PRNGs".
class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1) with 53 random bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  /// Uniform in [0, bound); bound > 0. Rejection keeps it free of bias.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % bound;
    std::uint64_t value = next();
    while (value >= limit) value = next();
    return value % bound;
  }

  /// Fisher-Yates, in place.
  template <class T>
  void shuffle(std::span<T> values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::uint64_t state_;
};

/// A seed that depends on every part and on their order; for example seed_of(seed, "agnews", "item-17", 0).
template <class... Parts>
[[nodiscard]] std::uint64_t seed_of(std::uint64_t seed, const Parts&... parts) {
  std::uint64_t state = seed;
  const auto mix = [&](std::uint64_t value) { state = Rng(state ^ value).next(); };
  const auto add = [&](const auto& part) {
    if constexpr (std::is_convertible_v<decltype(part), std::string_view>) {
      const std::string_view text = part;
      mix(text.size());
      for (const char c : text) mix(static_cast<unsigned char>(c));
    } else {
      mix(static_cast<std::uint64_t>(part));
    }
  };
  (add(parts), ...);
  return state;
}

}  // namespace quantlens::inline QUANTLENS_ABI
