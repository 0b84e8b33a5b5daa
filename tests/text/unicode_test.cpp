#include "quantlens/text/unicode.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace quantlens;

TEST_CASE("UTF-8 units are read and written back for every scalar value") {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Unit unit = read_utf8(text, 0);
    if (!unit.valid || unit.value != c || unit.size != text.size()) FAIL("U+" << std::hex << std::uint32_t{c});
  }
}

TEST_CASE("every maximal subpart becomes one replacement character, as the Unicode Standard's examples say") {
  // Tables 3-8 to 3-11 of the standard.
  CHECK(replace_invalid_utf8("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
        "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
        "A");
  CHECK(replace_invalid_utf8("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41") ==
        "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
        "A");
  CHECK(replace_invalid_utf8("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") ==
        "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"
        "A\uFFFD\uFFFD"
        "B");
  CHECK(replace_invalid_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") ==
        "\uFFFD\uFFFD\uFFFD\uFFFD"
        "A");
  CHECK(replace_invalid_utf8("a\xC3\xA9z\xF0\x9F\x9A\x80") == "a\u00e9z\U0001F680");
  CHECK(replace_invalid_utf8("") == "");
}

TEST_CASE("invalid UTF-8 is an error that says where") {
  CHECK_NOTHROW(require_utf8("a\u00e9\U0001F680", "text"));
  for (const auto& [text, offset] :
       {std::pair("ab\xff", 2), std::pair("\u00e9\xC3", 2), std::pair("abc\xED\xA0\x80", 3)}) {
    try {
      require_utf8(text, "text");
      FAIL("accepted");
    } catch (const FormatError& error) {
      CHECK(error.offset() == static_cast<std::uint64_t>(offset));
    }
  }
}
