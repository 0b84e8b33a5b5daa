#include "quantlens/packed/packed_matrix.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <type_traits>
#include <vector>

using namespace quantlens;
using Catch::Matchers::Contains;

TEST_CASE("a group that does not fit the row is refused with the sizes that do") {
  CHECK_THROWS_WITH((pack<Affine, 4>(4, 576, 128)), Contains("32 64 96 192 288"));
  CHECK_THROWS_AS((pack<Affine, 4>(4, 64, 24)), InputError);
  CHECK_NOTHROW(pack<Affine, 4>(4, 576, 64));
  CHECK_NOTHROW(pack<Affine, 4>(4, 37, 0));
}

TEST_CASE("layouts with two groups a run have groups of 16") {
  CHECK_THROWS_WITH((pack<Symmetric16, 6>(4, 64, 32)), Contains("its groups are of 16"));
  CHECK_THROWS_AS((pack<Symmetric16, 6>(4, 64, 0)), InputError);
  CHECK_THROWS_AS((pack<Affine16, 2>(4, 24, 16)), InputError);
  PackedMatrix matrix = pack<Affine16, 2>(1, 48, 16);
  CHECK(matrix.n_groups() == 3);
  matrix.scale(0, 2) = 0.5f;
  matrix.offset(0, 2) = -1.0f;
  std::vector<std::uint8_t> codes(48);
  codes[32] = 3;
  matrix.set_row_codes(0, codes);
  std::vector<float> values(48);
  matrix.decode_row(0, values);
  CHECK(values[31] == 0.0f);
  CHECK(values[32] == 0.5f);
  CHECK(values[47] == -1.0f);
}

TEST_CASE("a width that the layout has not is refused with those that it has") {
  CHECK_THROWS_WITH(PackedMatrix(LayoutKind::symmetric, 6, 1, 32, 0, 16),
                    Contains("[quantlens.format]") && Contains("symmetric has no codes of 6 bits (known: 2 3 4 5 8)"));
  CHECK_THROWS_WITH(PackedMatrix(LayoutKind::symmetric16, 4, 1, 32, 16, 16), Contains("(known: 3 6)"));
  CHECK_THROWS_WITH(PackedMatrix(LayoutKind::nf4, 8, 1, 32, 0, 16), Contains("nf4 has no codes of 8 bits (known: 4)"));
  CHECK_NOTHROW(PackedMatrix(LayoutKind::affine16, 2, 1, 32, 16, 16));
}

TEMPLATE_TEST_CASE("what is known of a layout at run time is what its type says", "", Symmetric, Affine, Symmetric16,
                   Affine16, Nf4, Fp4) {
  const LayoutInfo& info = info_of(TestType::kind);
  CHECK(info.name == TestType::name);
  CHECK(std::ranges::equal(info.widths, TestType::widths));
  CHECK(info.has_offset == TestType::has_offset);
  CHECK(info.groups_per_run == TestType::groups_per_run);
  CHECK(info.has_codebook() == CodebookLayout<TestType>);
  if constexpr (CodebookLayout<TestType>) CHECK(std::ranges::equal(info.codebook, TestType::codebook));
  with_layout(TestType::kind, []<Layout L>() { CHECK(std::is_same_v<L, TestType>); });
}

TEST_CASE("values follow their layout") {
  const std::vector<std::uint8_t> codes{0, 1, 8, 15};
  std::vector<float> values(4);
  SECTION("symmetric codes are centred") {
    PackedMatrix matrix = pack<Symmetric, 4>(1, 4, 0);
    matrix.scale(0, 0) = 0.5f;
    matrix.set_row_codes(0, codes);
    matrix.decode_row(0, values);
    CHECK(values == std::vector<float>{-4.0f, -3.5f, 0.0f, 3.5f});
  }
  SECTION("affine codes have an offset") {
    PackedMatrix matrix = pack<Affine, 4>(1, 4, 0);
    matrix.scale(0, 0) = 0.5f;
    matrix.offset(0, 0) = 1.0f;
    matrix.set_row_codes(0, codes);
    matrix.decode_row(0, values);
    CHECK(values == std::vector<float>{1.0f, 1.5f, 5.0f, 8.5f});
  }
}

TEST_CASE("bits per weight count scales and offsets") {
  CHECK(pack<Symmetric, 4>(1, 64, 32).bits_per_weight() == Approx(4.5));
  CHECK(pack<Affine, 4>(1, 64, 32).bits_per_weight() == Approx(5.0));
  CHECK(pack<Affine, 4>(1, 64, 64, /*group_bits=*/20).bits_per_weight() == Approx(4.0 + 20.0 / 64));
}

TEST_CASE("codebook layouts decode through their table") {
  PackedMatrix matrix = pack<Nf4, 4>(1, 4, 0);
  matrix.scale(0, 0) = 2.0f;
  matrix.set_row_codes(0, std::vector<std::uint8_t>{0, 7, 15, 13});
  std::vector<float> row(4);
  matrix.decode_row(0, row);
  CHECK(row == std::vector<float>{-2.0f, 0.0f, 2.0f, 2.0f * 0.5626170039176941f});
}

TEST_CASE("columns in another order decode to their own inputs") {
  PackedMatrix matrix = pack<Symmetric, 4>(1, 4, 0);
  matrix.scale(0, 0) = 1.0f;
  matrix.set_row_codes(0, std::vector<std::uint8_t>{9, 10, 11, 12});
  matrix.set_input_order({2, 0, 3, 1});
  std::vector<float> row(4);
  matrix.decode_row(0, row);
  CHECK(row == std::vector<float>{2.0f, 4.0f, 1.0f, 3.0f});
}
