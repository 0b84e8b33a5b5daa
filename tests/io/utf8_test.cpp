#include "quantlens/io/utf8.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <string_view>

using namespace quantlens;

namespace {

void check_refused(std::string_view text, std::uint64_t offset, const std::string& fragment) {
  INFO(fragment);
  try {
    require_text(text, "csv", "t.csv");
    FAIL_CHECK("accepted");
  } catch (const FormatError& error) {
    CHECK(error.id() == "csv");
    CHECK(error.offset() == offset);
    CHECK_THAT(error.what(), Catch::Contains("t.csv") && Catch::Contains(fragment));
  }
}

}  // namespace

TEST_CASE("text is text, with a byte order mark or without") {
  for (const std::string_view text : {"", "a", "\xef\xbb\xbfh", "PK is no archive", "<p>", "naïve 😀"})
    CHECK_NOTHROW(require_text(text, "csv", "t.csv"));
  CHECK_NOTHROW(require_text(std::string_view("ab\0c", 4), "csv", "t.csv"));
}

TEST_CASE("what is no UTF-8 text is called what it is, with the remedy") {
  using namespace std::string_view_literals;
  check_refused("caf\xe9 closed", 3, "iconv -f windows-1252 -t utf-8");
  check_refused("caf\xe9", 3, "the text ends within a character");
  check_refused("\xff\xfet\0e\0"sv, 0, "iconv -f utf-16 -t utf-8");
  check_refused("\xfe\xff\0t\0e"sv, 0, "UTF-16");
  check_refused("t\0e\0x\0t\0"sv, 0, "UTF-16");
  check_refused("\0t\0e\0x\0t"sv, 0, "UTF-16");
  check_refused("\x1f\x8b\x08\0\0"sv, 1, "gzip");
  check_refused("PK\x03\x04\x14\0"sv, 0, "spreadsheet");
  check_refused("PAR1\x15\x04", 0, "Parquet");
  check_refused("<!DOCTYPE html><html>", 0, "web page");
}
