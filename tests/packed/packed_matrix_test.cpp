#include "quantlens/packed/packed_matrix.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

using namespace quantlens;
using Catch::Matchers::Contains;

TEST_CASE("a group that does not fit the row is refused with the sizes that do") {
  CHECK_THROWS_WITH((PackedMatrix<Affine, 4>(4, 576, 128)), Contains("32 64 96 192 288"));
  CHECK_THROWS_AS((PackedMatrix<Affine, 4>(4, 64, 24)), InputError);
  CHECK_NOTHROW(PackedMatrix<Affine, 4>(4, 576, 64));
  CHECK_NOTHROW(PackedMatrix<Affine, 4>(4, 37, 0));
}

TEST_CASE("values follow their layout") {
  const std::vector<std::uint8_t> codes{0, 1, 8, 15};
  std::vector<float> values(4);
  SECTION("symmetric codes are centred") {
    PackedMatrix<Symmetric, 4> matrix(1, 4, 0);
    matrix.scale(0, 0) = 0.5f;
    matrix.set_row_codes(0, codes);
    matrix.decode_row(0, values);
    CHECK(values == std::vector<float>{-4.0f, -3.5f, 0.0f, 3.5f});
  }
  SECTION("affine codes have an offset") {
    PackedMatrix<Affine, 4> matrix(1, 4, 0);
    matrix.scale(0, 0) = 0.5f;
    matrix.offset(0, 0) = 1.0f;
    matrix.set_row_codes(0, codes);
    matrix.decode_row(0, values);
    CHECK(values == std::vector<float>{1.0f, 1.5f, 5.0f, 8.5f});
  }
}

TEST_CASE("bits per weight count scales and offsets") {
  CHECK(PackedMatrix<Symmetric, 4>(1, 64, 32).bits_per_weight() == Approx(4.5));
  CHECK(PackedMatrix<Affine, 4>(1, 64, 32).bits_per_weight() == Approx(5.0));
  CHECK(PackedMatrix<Affine, 4>(1, 64, 64, 4).bits_per_weight() == Approx(4.0 + 20.0 / 64));
}
