#include "quantlens/core/utf8.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <string_view>

using namespace quantlens;

TEST_CASE("well-formed UTF-8 up to the edges of each length is accepted") {
  for (const std::string_view text :
       {"", "plain", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "na\xc3\xafve \xf0\x9f\x98\x80"})
    CHECK_FALSE(first_invalid_utf8(text));
  CHECK_FALSE(first_invalid_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("ill-formed UTF-8 is found where it starts") {
  for (const std::string_view text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe1\x80", "\xe1\x80\xc0",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf1\x80\x80", "\xf1\x80\x80\xc0", "\xf5\x80\x80\x80",
        "\xff"}) {
    CHECK(first_invalid_utf8(text) == std::optional<std::size_t>(0));
    CHECK(first_invalid_utf8(std::string("\xc3\xa9") + std::string(text)) == std::optional<std::size_t>(2));
  }
}
