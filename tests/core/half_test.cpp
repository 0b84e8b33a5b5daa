#include "quantlens/core/half.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>

using namespace quantlens;

TEST_CASE("every half survives the way to float and back") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = to_float(Half{static_cast<std::uint16_t>(bits)});
    if (!std::isnan(value)) CHECK(to_half(value).bits == bits);
  }
}

TEST_CASE("truncating gives the half below, rounding the nearest") {
  for (std::uint32_t bits = 0; bits + 1 < 0x7c00; bits += 13) {
    const float below = to_float(Half{static_cast<std::uint16_t>(bits)});
    const float above = to_float(Half{static_cast<std::uint16_t>(bits + 1)});
    const float near_above = below + 0.75f * (above - below);
    CAPTURE(bits);
    CHECK(truncate_to_half(below) == below);
    CHECK(truncate_to_half(near_above) == below);
    CHECK(truncate_to_half(-near_above) == -below);
    CHECK(round_to_half(near_above) == above);
  }
  CHECK(truncate_to_half(1e6f) == 65504.0f);
  CHECK(truncate_to_half(1e-9f) == 0.0f);
}
