#include "quantlens/tasks/label_column.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "task_folder.hpp"

using namespace quantlens;
using Catch::Contains;
using quantlens::test::replaced;

namespace {

const std::string by_text = R"toml(
schema = "quantlens-task/1"
name = "toy"
description = "A toy."
[data]
location = "task"
format = "csv"
test = "test.csv"
demonstrations = "demonstrations.jsonl"
[fields]
label = "right"
options = ["one", "two", "three"]
content = { question = "asked" }
[labels]
names = ["A", "B", "C"]
[prompts.classify]
user = "{question} {options}"
answer = "{label}"
demonstrations = 1
)toml";

std::string by_letter() {
  return replaced(by_text, "names = ", "values = { a = \"A\", b = \"B\", c = \"C\" }\nnames = ");
}

Task load(const std::string& toml, const std::string& rows,
          const std::string& demonstration =
              R"({"id": "d1", "question": "Which flies?", "options": "A) ox B) owl", "label": "B"})") {
  return quantlens::test::load_toy(toml, "asked,one,two,three,right\n" + rows, demonstration + "\n");
}

}  // namespace

TEST_CASE("a label stands for the option whose text the label column holds, and prompts list all options") {
  const Task task = load(by_text, "Which swims?,oak,\"eel, young\",ox,\"eel, young\"\nWhich grows?,elm,fir,elm,elm\n");
  CHECK(task.items[0].label == 1);
  CHECK(task.items[0].fields == PromptValues{{"question", "Which swims?"}, {"options", "A) oak B) eel, young C) ox"}});
  CHECK(task.items[1].label == 0);  // the first of two with the same text
  CHECK(task.prompt("classify").user.fill(task.items[1].fields) == "Which grows? A) elm B) fir C) elm");
}

TEST_CASE("with values, the label column names the right option, and there may be fewer of them") {
  const Task task = load(by_letter(), "q,oak,elm,ox,c\nq,a,b,,b\n");
  CHECK(task.items[0].label == 2);
  CHECK(task.items[1].label == 1);
  CHECK(task.items[1].fields.at("options") == "A) a B) b");
}

TEST_CASE("options that do not fit the labels, the rows or the demonstrations are refused") {
  const std::string row = "q,oak,elm,ox,elm\n";
  CHECK_NOTHROW(load(by_text, row));
  CHECK_THROWS_WITH(load(by_text, row + "q,oak,elm,ox,fir\n"),
                    Contains("row 2: 'right' is 'fir', and the options are 'oak' 'elm' 'ox'; write the text of one"));
  CHECK_THROWS_WITH(load(by_text, "q,oak,,ox,\n"), Contains("row 1: 'right' is ''"));
  CHECK_THROWS_WITH(load(by_letter(), "q,oak,elm,,c\n"), Contains("'right' is c, and the option in 'three' is empty"));
  CHECK_THROWS_WITH(load(by_letter(), "q,oak,elm,ox,d\n"), Contains("or map 'd' in [labels.values]"));
  CHECK_THROWS_WITH(load(replaced(by_text, ", \"three\"", ""), row),
                    Contains("2 columns, expected one for each of the 3"));
  CHECK_THROWS_WITH(load(replaced(by_text, "\"three\"", "\"four\""), row), Contains("no column 'four'"));
  CHECK_THROWS_WITH(load(replaced(by_text, "question = \"asked\"", "options = \"asked\""), row),
                    Contains("{options} is a placeholder of its own"));
  CHECK_THROWS_WITH(load(by_text, row, R"({"id": "d1", "question": "Which?", "label": "B"})"),
                    Contains("demonstrations.jsonl row 1: no column 'options'"));
}
