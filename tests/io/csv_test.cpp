#include "quantlens/io/csv.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "temp_folder.hpp"

using namespace quantlens;

using Records = std::vector<std::vector<std::string>>;

TEST_CASE("CSV fields follow RFC 4180") {
  CHECK(parse_csv("a,b\r\n1,2\r\n", "x") == Records{{"a", "b"}, {"1", "2"}});
  CHECK(parse_csv("\"a,b\",\"c\"\"d\"\n\"line\r\nbreak\",\n", "x") == Records{{"a,b", "c\"d"}, {"line\r\nbreak", ""}});
  CHECK(parse_csv("a,\"\"\n,b", "x") == Records{{"a", ""}, {"", "b"}});
  CHECK(parse_csv("a\"b,c\"\n", "x") == Records{{"a\"b", "c\""}});
  CHECK(parse_csv("\xef\xbb\xbfh\n\n\r\nv\n", "x") == Records{{"h"}, {"v"}});
  CHECK(parse_csv("a b\tc,d\n", "x", '\t') == Records{{"a b", "c,d"}});
  CHECK(parse_csv("a\rb,c\n", "x") == Records{{"a\rb", "c"}});
  CHECK(parse_csv("", "x").empty());
}

TEST_CASE("broken CSV is refused with its offset") {
  const auto offset_of = [](std::string_view text) {
    try {
      static_cast<void>(parse_csv(text, "x"));
    } catch (const FormatError& error) {
      return static_cast<long>(error.offset());
    }
    return -1L;
  };
  CHECK(offset_of("a,\"b\n") == 2);
  CHECK(offset_of("\"a\"b,c\n") == 3);
  CHECK(offset_of("a,b\nc\n") == 4);
  CHECK(offset_of("a,b\nc,d,e\n") == 4);
  CHECK(offset_of("a,\xff\n") == 2);
}

TEST_CASE("a CSV file's first record names its columns") {
  const test::TempFolder folder;
  const CsvTable table = read_csv(folder.write("t.tsv", "id\tlabel\n7\tyes\n8\tno\n"), '\t');
  CHECK(table.column("label") == std::optional<std::size_t>(1));
  CHECK_FALSE(table.column("lab"));
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[1][*table.column("id")] == "8");
  CHECK_THROWS_WITH(read_csv(folder.write("e.csv", "")), Catch::Contains("no header"));
}

TEST_CASE("fields that something else separates are refused with the remedy, wherever it shows first") {
  const auto refused = [](std::string_view text, char separator = ',', std::size_t n_fields = 0) -> std::string {
    try {
      static_cast<void>(parse_csv(text, "t.csv", separator, n_fields));
    } catch (const FormatError& error) {
      return error.what();
    }
    return "accepted";
  };
  using Catch::Contains;
  CHECK_THAT(refused("\xef\xbb\xbftext;label\r\n\"a, \"\"b\"\"\";0\r\n"),
             Contains("'text;label'; fields seem to be separated by ';': save the file with commas"));
  CHECK_THAT(refused("\"text\";\"label\"\n\"a\";\"0\"\n"), Contains("separated by ';'"));
  CHECK_THAT(refused("text|label\na|0\n"), Contains("separated by '|'"));
  CHECK_THAT(refused("text\tlabel\na\t0\n"), Contains("format = \"tsv\""));
  CHECK_THAT(refused("text,label\na,0\n", '\t'), Contains("format = \"csv\""));
  CHECK_THAT(refused("a;0\nb;1\n", ',', 2), Contains("separated by ';'"));
  CHECK_THAT(refused("a;b\nc,d\n", ',', 1), Contains("record 2 has 2 fields, expected 1"));
  CHECK(refused("a;b\n", ',', 1) == "accepted");
  CHECK(refused("a;b,c;d\n1;2,3\n") == "accepted");
  CHECK_THAT(refused("a,b\n1\n"), Contains("record 2 has 1 fields, expected 2"));
}
