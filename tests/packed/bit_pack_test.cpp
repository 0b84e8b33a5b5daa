#include "quantlens/packed/bit_pack.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include "quantlens/core/rng.hpp"

using namespace quantlens;

TEST_CASE("codes survive packing at every width and awkward size") {
  const int bits = GENERATE(2, 3, 4, 5, 6, 8);
  const std::size_t n = GENERATE(1u, 2u, 7u, 8u, 9u, 31u, 32u, 33u, 127u, 576u, 1001u);
  Rng rng(seed_of(1, bits, n));
  std::vector<std::uint8_t> codes(n), back(n);
  for (auto& code : codes) code = static_cast<std::uint8_t>(rng.below(1u << bits));
  std::vector<std::uint8_t> packed(packed_bytes(n, bits));
  pack_codes(codes, bits, packed);
  unpack_codes(packed, bits, back);
  CHECK(back == codes);
}

TEST_CASE("the bit order is a little-endian stream, first code lowest") {
  SECTION("4 bit: the golden word of eight inputs") {
    const std::vector<std::uint8_t> codes{1, 2, 3, 4, 5, 6, 7, 8};
    std::vector<std::uint8_t> packed(4);
    pack_codes(codes, 4, packed);
    CHECK(packed == std::vector<std::uint8_t>{0x21, 0x43, 0x65, 0x87});
  }
  SECTION("3 bit: the golden words 0x43C67543 0x7543C675 0xC67543C6 of (5 i + 3) mod 8") {
    std::vector<std::uint8_t> codes;
    for (unsigned i = 0; i < 32; ++i) codes.push_back(static_cast<std::uint8_t>((5 * i + 3) % 8));
    std::vector<std::uint8_t> packed(12);
    pack_codes(codes, 3, packed);
    CHECK(packed == std::vector<std::uint8_t>{0x43, 0x75, 0xC6, 0x43, 0x75, 0xC6, 0x43, 0x75, 0xC6, 0x43, 0x75, 0xC6});
  }
}
