#include "quantlens/quant/cascade_sum.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;

TEST_CASE("a cascade sum adds every value once") {
  for (const std::size_t n : {0u, 1u, 7u, 8u, 9u, 31u, 32u, 33u, 255u, 512u, 1000u, 4096u, 65537u}) {
    std::vector<float> values(n);
    double expected = 0;
    // Whole numbers whose sums a float holds exactly: any order gives the same sum.
    for (std::size_t i = 0; i < n; ++i) expected += values[i] = static_cast<float>(i % 101);
    CAPTURE(n);
    CHECK(cascade_sum(values) == static_cast<float>(expected));
  }
}

TEST_CASE("a cascade sum loses less than adding in a row") {
  const std::vector<float> values(1u << 20, 0.1f);
  float in_a_row = 0.0f;
  for (const float v : values) in_a_row += v;
  const double exact = static_cast<double>(0.1f) * static_cast<double>(values.size());
  CHECK(cascade_mean(values) == Approx(0.1f).epsilon(1e-6));
  CHECK(std::abs(static_cast<double>(in_a_row) - exact) > 100.0);
}
