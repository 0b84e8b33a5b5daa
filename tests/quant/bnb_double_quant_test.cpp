#include "quantlens/quant/bnb_double_quant.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "seeded_matrix.hpp"

using namespace quantlens;

TEST_CASE("the dynamic map is the package's, bit for bit") {
  const auto expected = quantizer_fixture("bitsandbytes/dynamic_map.json").get<std::vector<float>>();
  REQUIRE(expected.size() == 256);
  for (std::size_t i = 0; i < 256; ++i) {
    CAPTURE(i);
    CHECK(std::bit_cast<std::uint32_t>(bnb_dynamic_map()[i]) == std::bit_cast<std::uint32_t>(expected[i]));
  }
}

TEST_CASE("hand-checked scales") {
  const std::vector<float> scales{0.5f, 0.75f, 1.0f, 1.25f, 2.0f, 0.9f, 1.1f, 0.6f};
  const auto quantized = bnb_double_quantize(scales);
  CHECK(quantized.offset == Approx(1.0125));
  REQUIRE(quantized.nested_absmax.size() == 1);
  CHECK(quantized.nested_absmax[0] == Approx(0.9875));
  CHECK(quantized.codes == std::vector<std::uint8_t>{34, 52, 95, 200, 255, 63, 186, 41});
  const std::vector<float> expected{0.50409186f, 0.75405276f, 1.00123632f, 1.24317384f,
                                    2.0f,        0.90680671f, 1.09875202f, 0.60129887f};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(quantized.scale(i) == Approx(expected[i]));
}

TEST_CASE("every point of the map is its own code, but for those nearer to zero than the table's steps") {
  for (std::size_t i = 0; i < 256; ++i) {
    CAPTURE(i);
    if (std::fabs(bnb_dynamic_map()[i]) > 1e-4f) CHECK(bnb_dynamic_code(bnb_dynamic_map()[i]) == i);
  }
  // Zero falls between two of 65,536 steps and takes the upper one, 1.5e-5, whose nearest code is the fourth above
  // zero.
  CHECK(bnb_dynamic_map()[127] == 0.0f);
  CHECK(bnb_dynamic_code(0.0f) == 131);
}

TEST_CASE("scales that are all equal, and none at all") {
  const auto equal = bnb_double_quantize(std::vector<float>(300, 0.25f));
  CHECK(equal.nested_absmax == std::vector<float>{0.0f, 0.0f});
  CHECK(equal.scale(299) == 0.25f);
  CHECK(bnb_double_quantize({}).codes.empty());
}
