#include "quantlens/core/crc32c.hpp"

#include <catch2/catch.hpp>
#include <string>

using quantlens::crc32c;

TEST_CASE("crc32c: the values of RFC 3720", "[core]") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283U);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAU);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62A8AB43U);
}

TEST_CASE("crc32c: no flipped bit goes unseen", "[core]") {
  const std::string text = R"({"kind":"item","key":"a","value":0.5})";
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    REQUIRE(crc32c(flipped) != crc32c(text));
  }
}
