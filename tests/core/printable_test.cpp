#include "quantlens/core/printable.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "quantlens/core/error.hpp"

using namespace quantlens;

TEST_CASE("what moves a cursor, forges a line or turns the direction is spelled out") {
  CHECK(printable("plain naïve 😀 a\\n") == "plain naïve 😀 a\\n");
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\x0dd");
  CHECK(printable("\x1b[31mred\x7f") == "\\x1b[31mred\\x7f");
  CHECK(printable(std::string("nul\0.", 5)) == "nul\\x00.");
  CHECK(printable("\xc2\x9b") == "\\u{9b}");
  CHECK(printable("evil\u202etxt.exe \u2066\u2028\ufeff") == "evil\\u{202e}txt.exe \\u{2066}\\u{2028}\\u{feff}");
  CHECK(printable("\U000E0041") == "\\u{e0041}");
  CHECK(printable("caf\xe9 \xed\xa0\x80 \xe2\x82") == "caf\\xe9 \\xed\\xa0\\x80 \\xe2\\x82");
}

TEST_CASE("a long line loses its middle, between characters, and is stable from then on") {
  const std::string text = "begin " + std::string(5000, 'x') + " end";
  const std::string cut = printable(text, 100);
  CHECK(cut.size() <= 100);
  CHECK(cut.starts_with("begin xx"));
  CHECK(cut.ends_with("xx end"));
  CHECK(cut.find("…") != std::string::npos);
  CHECK(printable(cut, 100) == cut);
  for (std::size_t most = 20; most < 40; ++most) {
    std::string umlauts;
    for (int i = 0; i < 50; ++i) umlauts += "ü";
    const std::string line = printable(umlauts, most);
    CHECK(line.size() <= most);
    CHECK_FALSE(first_invalid_utf8(line));
  }
}

TEST_CASE("a text of many lines keeps them and its tabs, whatever its length") {
  CHECK(printable_lines("a\n\tb\x1b[2J\n") == "a\n\tb\\x1b[2J\n");
  CHECK(printable_lines(std::string(5000, '\n')).size() == 5000);
}

TEST_CASE("an error is one printable line") {
  CHECK(std::string(Error("file", "tensor 'a\n[quantlens.ok] all is well\x1b[1A'").what()) ==
        "[quantlens.file] tensor 'a\\n[quantlens.ok] all is well\\x1b[1A'");
  CHECK(std::string(FormatError("file", "f\r", 3, "x").what()) == "[quantlens.file] f\\x0d at byte 3: x");
}
