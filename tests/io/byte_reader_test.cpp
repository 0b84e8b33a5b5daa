#include "quantlens/io/byte_reader.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <optional>

#include "gguf_builder.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("a reader takes values one after the other and stops at the end") {
  const auto bytes = exact_bytes(raw<std::uint16_t>(0x0201) + raw_string("hey") + "x");
  ByteReader reader(bytes, "gguf", "file");
  CHECK(reader.read<std::uint16_t>("a number") == 0x0201);
  CHECK(reader.length_and_text("a text") == "hey");
  CHECK(reader.offset() == 13);
  CHECK(reader.since(10).size() == 3);
  CHECK_THROWS_WITH(reader.read<std::uint32_t>("a word"),
                    "[quantlens.gguf] file at byte 13: a word needs 4 bytes, but only 1 are left");
  CHECK(reader.remaining() == 1);
}

TEST_CASE("a count is refused before its records could be allocated") {
  const auto bytes = exact_bytes(raw<std::uint64_t>(3) + std::string(20, 'x'));
  CHECK(ByteReader(bytes, "gguf", "file").count("the count", 6) == 3);
  try {
    ByteReader(bytes, "gguf", "file").count("the count", 7);
    FAIL_CHECK("accepted");
  } catch (const FormatError& error) {
    CHECK(error.offset() == 0);
  }
}

TEST_CASE("products beyond a signed 64-bit size are seen") {
  constexpr std::uint64_t big = std::uint64_t{1} << 32;
  CHECK(checked_product(big, big / 2 - 1) == std::optional<std::uint64_t>(big * (big / 2 - 1)));
  CHECK_FALSE(checked_product(big, big / 2));
  CHECK_FALSE(checked_product(big, big));
  CHECK(checked_product(~std::uint64_t{0}, 0) == std::optional<std::uint64_t>(0));
}
