#include "quantlens/io/json.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "temp_folder.hpp"

using namespace quantlens;

namespace {

void check_refused(const std::string& text, std::uint64_t offset, const std::string& fragment) {
  INFO(text.substr(0, 80));
  try {
    static_cast<void>(parse_json_strict(text, "here.json"));
    FAIL_CHECK("accepted");
  } catch (const FormatError& error) {
    CHECK(error.id() == "json");
    CHECK(error.offset() == offset);
    CHECK_THAT(error.what(), Catch::Contains("here.json at byte") && Catch::Contains(fragment));
  }
}

}  // namespace

TEST_CASE("strict JSON reads what plain JSON reads") {
  for (const std::string text :
       {"null", "true", "-0.5", "\"a\\u00e9\\ud83d\\ude00\"", "[]", "{}", " [1,[2,{\"a\":[]}],3] ",
        R"({"a":{"b":[{"c":1},{"c":2}]},"d":"x","e":[[],{}]})", "[18446744073709551615,-9223372036854775808]"})
    CHECK(parse_json_strict(text, "x") == nlohmann::json::parse(text));
}

TEST_CASE("strict JSON keeps the order of keys where asked to") {
  const std::string text = R"({"z":1,"a":{"y":2,"b":3}})";
  CHECK(parse_json_strict<nlohmann::ordered_json>(text, "x").dump() == text);
}

TEST_CASE("strict JSON refuses what is ambiguous, with its offset") {
  check_refused("", 0, "end of input");
  check_refused("[1,]", 3, "unexpected ']'");
  check_refused("[1] 2", 4, "expected end of input");
  check_refused(R"({"a":1,"b":{"a":1},"a":2})", 22, "duplicate key 'a'");
  check_refused("[\"\xc0\x80\"]", 2, "UTF-8");
  check_refused("[1e999]", 5, "number overflow");
  check_refused("[18446744073709551616]", 22, "18446744073709551616 does not fit");
  check_refused("[-9223372036854775809]", 22, "-9223372036854775809 does not fit");
  check_refused("[NaN]", 1, "invalid literal");
}

TEST_CASE("JSON may be nested 64 levels deep and no deeper") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json_strict(nested(64), "x").is_array());
  check_refused(nested(65), 65, "nested deeper than 64");
  check_refused(std::string(1000000, '['), 65, "nested deeper than 64");
}

TEST_CASE("integers beyond 64 bits become floats only where asked to") {
  const auto value = parse_json_strict("1000000000000000019884624838656", "x", LargeIntegers::as_floats);
  CHECK(value.is_number_float());
  CHECK(value.get<double>() == 1e30);
}

TEST_CASE("a JSON file in another encoding is called so") {
  const test::TempFolder folder;
  CHECK(read_json_file(folder.write("bom.json", "\xef\xbb\xbf[1]"))[0] == 1);
  CHECK_THROWS_WITH(read_json_file(folder.write("wide.json", std::string("\xff\xfe[\0]\0", 6))),
                    Catch::Contains("[quantlens.json] wide.json at byte 0: not UTF-8 but UTF-16"));
}
