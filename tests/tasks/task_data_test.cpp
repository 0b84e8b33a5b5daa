#include "quantlens/tasks/task_data.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "../protocols/scripted_model.hpp"

using namespace quantlens;
using Catch::Contains;
using quantlens::test::TempFolder;
using Columns = std::map<std::string, std::string, std::less<>>;

namespace {

std::vector<DataRow> read(const std::string& text, const std::string& format) {
  const TempFolder folder;
  folder.write("data", text);
  return read_data_rows(folder.path() / "data", format, {});
}

}  // namespace

TEST_CASE("strings, numbers and lists of both are columns of a JSON row, everything else says why it is none") {
  const std::string object =
      R"({"a": "x", "b": 1.5, "c": ["y", 2, "\"é|"], "d": [], "e": true, "f": null, "g": {"h": "i"}, "j": ["k", [1]]})";
  const Columns expected{{"a", "x"}, {"b", "1.5"}, {"c", R"(["y","2","\"é|"])"}, {"d", "[]"}};
  for (const auto& [text, format] : {std::pair("[" + object + "]", "json"), std::pair(object + "\n", "jsonl")}) {
    const auto rows = read(text, format);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].columns == expected);
    CHECK_THROWS_WITH(rows[0].at("e"), Contains("row 1: 'e' is true; use text or a number, such as \"true\""));
    CHECK_THROWS_WITH(rows[0].at("f"), Contains("row 1: 'f' is null; use text or a number, or leave the row out"));
    CHECK_THROWS_WITH(rows[0].at("g"), Contains("row 1: 'g' is an object; use text or a number"));
    CHECK_THROWS_WITH(rows[0].at("j"), Contains("row 1: 'j' is a list of more than texts and numbers"));
    CHECK_THROWS_WITH(rows[0].at("h"), Contains("no column 'h'; it has 'a' 'b' 'c' 'd' 'e' 'f' 'g' 'j'"));
  }
}

TEST_CASE("a JSON file is a list of rows, or an object with one list in it") {
  CHECK(read(R"([{"a": "1"}, {"a": "2"}])", "json").size() == 2);
  const auto rows = read(R"({"note": "x", "data": [{"a": "1"}, {"a": "2"}]})", "json");
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].at("a") == "2");
  CHECK_THAT(rows[1].where, Contains("row 2"));
  CHECK_THROWS_WITH(read(R"({"a": [], "b": []})", "json"), Contains("more than one list"));
  CHECK_THROWS_WITH(read(R"({"a": 1})", "json"), Contains("no list of rows"));
  CHECK_THROWS_WITH(read("3", "json"), Contains("no list of rows"));
  CHECK_THROWS_WITH(read("[{\"a\": 1}]\n", "jsonl"),
                    Contains("row 1") && Contains("a list; is the file's format json?"));
  CHECK_THROWS_WITH(read(R"([{"a": "1"}, 2])", "json"),
                    Contains("row 2: expected a JSON object whose keys name columns, got 2"));
}

TEST_CASE("a column that the header of a CSV file lacks, or names twice, is refused with what is there") {
  const auto rows = read("text,label ,x,x\n a,0,1,2\n", "csv");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].at("text") == " a");
  CHECK_THROWS_WITH(rows[0].at("label"), Contains("row 1: no column 'label'; it has 'label ' 'text' 'x'"));
  CHECK_THROWS_WITH(rows[0].at("x"), Contains("row 1: 'x' is the name of two columns; rename one"));
}

TEST_CASE("LRE: every pair of every relation file is a row, with the first phrasing filled in") {
  const TempFolder folder;
  folder.write("factual/capital.json",
               R"({"name": "capital of", "prompt_templates": ["{} has its capital, ", "The capital of {} is"],
                   "prompt_templates_zs": ["x"], "properties": {"symmetric": false},
                   "samples": [{"subject": " Norway", "object": "Oslo "}, {"subject": "{}", "object": "b"}]})");
  folder.write("bias/a.json",
               R"({"name": "A", "prompt_templates": ["To {}:"], "samples": [{"subject": "s", "object": "o"}]})");
  folder.write("SOURCE.txt", "no relation");
  const auto rows = read_data_rows(folder.path(), "lre", {});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].columns == Columns{{"id", "bias/a-1"},
                                   {"category", "bias"},
                                   {"relation", "A"},
                                   {"subject", "s"},
                                   {"object", "o"},
                                   {"prompt", "To s:"}});
  CHECK(rows[1].columns == Columns{{"id", "factual/capital-1"},
                                   {"category", "factual"},
                                   {"relation", "capital of"},
                                   {"subject", "Norway"},
                                   {"object", "Oslo"},
                                   {"prompt", "Norway has its capital,"}});
  CHECK(rows[2].at("prompt") == "{} has its capital,");
  CHECK_THAT(rows[2].where, Contains("capital.json sample 2"));
}

TEST_CASE("LRE: files come in the order of their paths, not in that of the disk") {
  const TempFolder folder;
  for (const std::string name : {"b", "d", "f", "a", "e", "c"})
    folder.write(name + ".json",
                 R"({"name": "r", "prompt_templates": ["{}"], "samples": [{"subject": "s", "object": "o"}]})");
  std::string order;
  for (const DataRow& row : read_data_rows(folder.path(), "lre", {})) order += row.at("id") + " ";
  CHECK(order == "a-1 b-1 c-1 d-1 e-1 f-1 ");
}

TEST_CASE("LRE: what is no relation file is refused by file and pair") {
  const auto refused = [](const std::string& text) {
    const TempFolder folder;
    folder.write("r.json", text);
    return read_data_rows(folder.path(), "lre", {});
  };
  CHECK_THROWS_WITH(refused(R"({"prompt_templates": ["{}"], "samples": []})"),
                    Contains("r.json: expected the text 'name'"));
  CHECK_THROWS_WITH(refused(R"({"name": "r", "samples": []})"), Contains("r.json: no prompt_templates"));
  CHECK_THROWS_WITH(refused(R"({"name": "r", "prompt_templates": ["none"], "samples": []})"), Contains("one {}"));
  CHECK_THROWS_WITH(refused(R"({"name": "r", "prompt_templates": ["{} {}"], "samples": []})"), Contains("one {}"));
  CHECK_THROWS_WITH(refused(R"({"name": "r", "prompt_templates": ["{}"]})"), Contains("no samples"));
  CHECK_THROWS_WITH(refused(R"({"name": "r", "prompt_templates": ["{}"], "samples": [{"subject": "s", "object": 1}]})"),
                    Contains("r.json sample 1: expected the text 'object'"));
  CHECK_THROWS_AS(refused("[1]"), InputError);
  CHECK_THROWS_AS(refused("{"), InputError);
  const TempFolder folder;
  folder.write("file", "{}");
  CHECK_THROWS_WITH(read_data_rows(folder.path() / "file", "lre", {}), Contains("file is no folder"));
}
