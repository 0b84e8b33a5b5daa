#include "quantlens/io/jsonl.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "temp_folder.hpp"

using namespace quantlens;

TEST_CASE("lines end at line feeds only") {
  std::vector<std::string> lines;
  std::vector<std::size_t> numbers;
  for_each_line(std::string_view("a\r\n\nb\xe2\x80\xa8\x0b\x0c\nlast"), [&](std::string_view line, std::size_t number) {
    lines.emplace_back(line);
    numbers.push_back(number);
  });
  CHECK(lines == std::vector<std::string>{"a\r", "", "b\xe2\x80\xa8\x0b\x0c", "last"});
  CHECK(numbers == std::vector<std::size_t>{1, 2, 3, 4});
}

TEST_CASE("a final line feed starts no further line, and an empty file has none") {
  std::size_t n = 0;
  for_each_line(std::string_view("a\nb\n"), [&](std::string_view, std::size_t) { ++n; });
  CHECK(n == 2);
  for_each_line(std::string_view(), [&](std::string_view, std::size_t) { ++n; });
  CHECK(n == 2);
}

TEST_CASE("each line of a JSONL file is a value, blank ones are not") {
  const test::TempFolder folder;
  const auto values = read_jsonl(folder.write("a.jsonl", "{\"a\":1}\r\n\n  \n[2]"));
  REQUIRE(values.size() == 2);
  CHECK(values[0]["a"] == 1);
  CHECK(values[1][0] == 2);
}

TEST_CASE("a broken JSONL line is named by file and line") {
  const test::TempFolder folder;
  const auto path = folder.write("b.jsonl", "1\n2\n{\"a\":\n");
  CHECK_THROWS_WITH(read_jsonl(path), Catch::Contains("b.jsonl line 3 at byte 5"));
}

TEST_CASE("a byte order mark is no part of the first line, and another encoding is named") {
  const test::TempFolder folder;
  const auto values = read_jsonl(folder.write("bom.jsonl", "\xef\xbb\xbf{\"a\": 1}\r\n"));
  REQUIRE(values.size() == 1);
  CHECK(values[0]["a"] == 1);
  CHECK_THROWS_WITH(read_jsonl(folder.write("latin.jsonl", "{\"a\": \"caf\xe9\"}\n")),
                    Catch::Contains("latin.jsonl at byte 10") && Catch::Contains("iconv"));
}
