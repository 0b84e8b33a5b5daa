#include "quantlens/tasks/toml_bounds.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "../io/temp_folder.hpp"
#include "../protocols/scripted_model.hpp"
#include "quantlens/tasks/toml_table.hpp"

using namespace quantlens;
using Catch::Contains;
using quantlens::test::TempFolder;

namespace {

std::string repeated(const std::string& text, std::size_t n) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += text;
  return all;
}

/// What a task.toml of this text is refused with; empty: nothing.
std::string refusal(const std::string& text) {
  const TempFolder folder;
  folder.write("task.toml", text);
  try {
    static_cast<void>(read_toml(folder.path() / "task.toml"));
  } catch (const InputError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("keys and values that nest too deep are refused by line before they reach the parser") {
  constexpr std::size_t many = 100'000;
  const std::string dotted = "a" + repeated(".a", many);
  for (const std::string& source :
       {dotted + " = 1\n", "[" + dotted + "]\n", "[[" + dotted + "]]\n", "x = { " + dotted + " = 1 }\n",
        "x = [{ " + dotted + " = 1 }]\n", "\"a\"" + repeated(".\"b = c\"", many) + " = 1\n",
        "a" + repeated(" . \ta", many) + " = 1\n", "x = \"\"\"q\"\"\"\"\"\n" + dotted + " = 1",
        "x = '''it's'''\n" + dotted + " = 1"})
    CHECK_THAT(refusal("# first\n" + source), Contains("task.toml line ") && Contains("more than 32 dotted parts"));
  for (const std::string& source :
       {"x = " + repeated("[", many), "x = " + repeated("{a=", many), "x = " + repeated("[\n{a=", many)})
    CHECK_THAT(refusal("\n" + source), Contains("nested deeper than 32 levels"));
  CHECK_THAT(refusal("a = 1\n\n" + dotted), Contains("task.toml line 3:"));
  CHECK_THAT(refusal("x = 1 #" + std::string(max_toml_bytes, ' ')), Contains("1048576"));
}

TEST_CASE("dots and brackets in strings and comments count for nothing") {
  const std::string dots = repeated("a.", 100), brackets = repeated("[{", 100);
  for (const std::string& content : {dots, brackets})
    for (const std::string& source :
         {"x = \"" + content + "\"", "x = '" + content + "'",
          "x = \"\"\"" + content + "\n\"\" " + content + "\"\"\"\"\"", "x = '''" + content + "\n'' " + content + "''''",
          "x = \"\\\"" + content + "\"", "x = 1 # \" " + content, "\"" + content + "\" = 1",
          "# ''' " + content + "\nx = 1"}) {
      INFO(source);
      CHECK(refusal(source).empty());
    }
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += concat("k", i, ".a.b = [[1.5, 2.5], [3.5]]\n");
  CHECK(refusal(lines).empty());
}

TEST_CASE("a table without a name is refused, and no other bracket is taken for one") {
  for (const std::string header :
       {"[=a]", "[?]", "[\x19 data]", "[ .a]", "[[,]]", "\t[#", "[\ncol]", "[\xc3\xa9]", "[[ = ]]"})
    CHECK_THAT(refusal("a = 1\n" + header), Contains("line 2") && Contains("the name of a table"));
  for (const std::string source : {"[ a ]", "[[ \"=\" ]]", "['?']", "[_a]\n[-b]", "x = [\n[1],\n  ['='], [\"?\"]\n]",
                                   "x = \"\"\"\n[=]\"\"\"", "# [=]"})
    CHECK(refusal(source).empty());
  for (const std::string source : {"[", "[[", "[]", "[ [a]]", "  ["})
    CHECK_THAT(refusal(source), Contains("[quantlens.toml]"));
}

TEST_CASE("what is no TOML is the parser's to refuse, and another encoding is named") {
  CHECK_THAT(refusal("x = \"open\ny = 1\n"), Contains("[quantlens.toml]") && Contains("line 1"));
  CHECK_THAT(refusal("]]]]}}}}"), Contains("[quantlens.toml]"));
  CHECK_THAT(refusal("x = \"\\"), Contains("[quantlens.toml]"));
  CHECK_THAT(refusal("x = 'caf\xe9'\n"), Contains("task.toml at byte 8") && Contains("iconv"));
}
