#include "quantlens/packed/gguf_encode.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

using namespace quantlens;
using Catch::Matchers::Contains;

namespace {

std::string hex_of(std::span<const std::byte> bytes) {
  std::string hex;
  for (const std::byte byte : bytes)
    for (const unsigned nibble : {std::to_integer<unsigned>(byte) >> 4, std::to_integer<unsigned>(byte) & 15u})
      hex += "0123456789abcdef"[nibble];
  return hex;
}

std::string encoded(GgmlType type, const std::function<float(int)>& element) {
  std::array<float, 32> row;
  for (int j = 0; j < 32; ++j) row[static_cast<std::size_t>(j)] = element(j);
  std::vector<std::byte> bytes(32 / block_elements(type) * block_bytes(type));
  encode_row(type, row, bytes);
  return hex_of(bytes);
}

}  // namespace

TEST_CASE("hand-checked blocks are encoded as ggml encodes them") {
  CHECK(encoded(GgmlType::q4_0, [](int j) { return static_cast<float>(j - 16) / 8; }) ==
        "0034809191a2a2b3b3c4c4d5d5e6e6f7f7f8");
  CHECK(encoded(GgmlType::q4_1, [](int j) { return -1.0f + 0.5f * static_cast<float>((3 * j) % 16); }) ==
        "003800bc00336699ccff225588bbee114477aadd");
  CHECK(encoded(GgmlType::q8_0, [](int j) {
          return j == 0 ? 127.0f / 4 : static_cast<float>((37 * j) % 255 - 127) / 4;
        }) == "00347fa6cbf0153a5f85aacff4193e6389aed3f81d42678db2d7fc21466b91b6db00");
  CHECK(encoded(GgmlType::q8_0, [](int j) { return 0.5f * static_cast<float>(j % 5) - 1.1f; }) ==
        "6f2081bbf42e6881bbf42e6881bbf42e6881bbf42e6881bbf42e6881bbf42e6881bb");
}

TEST_CASE("blocks of zeros have a scale of zero") {
  CHECK(encoded(GgmlType::q4_0, [](int) { return 0.0f; }) == "0080" + std::string(32, '8'));
  CHECK(encoded(GgmlType::q4_1, [](int) { return 0.5f; }) == "00000038" + std::string(32, '0'));
  CHECK(encoded(GgmlType::q8_0, [](int) { return 0.0f; }) == std::string(68, '0'));
}

TEST_CASE("a packed matrix becomes the blocks that hold its own codes") {
  const auto check = [](PackedMatrix matrix, GgmlType type) {
    std::vector<std::uint8_t> codes(matrix.cols());
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      for (std::size_t c = 0; c < codes.size(); ++c)
        codes[c] = static_cast<std::uint8_t>((7 * c + 3 * r) % (1u << matrix.bits()));
      matrix.set_row_codes(r, codes);
      for (std::size_t g = 0; g < matrix.n_groups(); ++g) {
        matrix.scale(r, g) = 0.25f + static_cast<float>(g + r);
        if (matrix.has_offset()) matrix.offset(r, g) = -1.5f * static_cast<float>(g);
      }
    }
    REQUIRE(gguf_type_of_codes(matrix) == type);
    std::vector<std::byte> bytes(matrix.cols() / 32 * block_bytes(type));
    std::vector<float> got(matrix.cols()), wanted(matrix.cols());
    for (std::size_t r = 0; r < matrix.rows(); ++r) {
      encode_codes(matrix, r, bytes);
      decode_row(type, bytes.data(), got);
      matrix.decode_row(r, wanted);
      CHECK(got == wanted);
    }
  };
  check(pack<Symmetric, 4>(3, 96, 32), GgmlType::q4_0);
  check(pack<Symmetric, 4>(3, 128, 64), GgmlType::q4_0);
  check(pack<Affine, 4>(3, 96, 32), GgmlType::q4_1);
  check(pack<Symmetric, 8>(3, 64, 0), GgmlType::q8_0);
}

TEST_CASE("codes that no GGUF block holds are refused, saying why") {
  CHECK_THROWS_WITH(gguf_type_of_codes(pack<Affine, 8>(1, 32, 0)), Contains("affine codes of 8 bits"));
  CHECK_THROWS_WITH(gguf_type_of_codes(pack<Nf4, 4>(1, 32, 0)), Contains("nf4 codes of 4 bits"));
  CHECK_THROWS_WITH(gguf_type_of_codes(pack<Symmetric, 4>(1, 40, 0)), Contains("groups of 40"));
  PackedMatrix matrix = pack<Symmetric, 4>(1, 32, 0);
  matrix.scale(0, 0) = 0.1f;
  CHECK_THROWS_WITH(gguf_type_of_codes(matrix), Contains("the scale of row 0, group 0, 0.1, is no f16"));
  matrix.scale(0, 0) = 0.5f;
  matrix.set_input_order(std::vector<std::uint32_t>(32));
  CHECK_THROWS_WITH(gguf_type_of_codes(matrix), Contains("act-order"));
}
