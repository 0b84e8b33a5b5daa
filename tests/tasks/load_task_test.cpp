#include "quantlens/tasks/load_task.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/metrics/classification.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/tasks/dialogue.hpp"
#include "task_folder.hpp"

using namespace quantlens;
using Catch::Contains;
using quantlens::test::load_toy;
using quantlens::test::replaced;
using quantlens::test::TempFolder;

namespace {

const std::string good_toml = R"toml(
schema = "quantlens-task/1"
name = "toy"
description = "A toy."
[data]
location = "task"
format = "csv"
test = "test.csv"
demonstrations = "demonstrations.jsonl"
[fields]
id = "nr"
label = "class"
references = ["why", "why2"]
content = { text = ["title", "body"], note = "note" }
[labels]
names = ["good", "bad"]
values = { "1" = "good", "2" = "bad" }
counterfactual_target = { good = "bad", bad = "good" }
[counterfactual]
edit_field = "text"
[prompts.classify]
system = "One of {labels}."
user = "{text} ({note})"
answer_prefix = "A:"
answer = "A: {label}"
demonstrations = 2
[prompts.explain]
user = "Why is {text} {label}, not {target}?"
answer = "{explanation}"
demonstrations = 1
max_new_tokens = 9
)toml";

const std::string good_csv =
    "nr,class,title,body,note,why,why2\n"
    "a,1,Big {text},\"two\nlines, \"\"quoted\"\"\",n,because,\n"
    "b,2,Small,,,first,second\n";

const std::string good_demonstrations =
    R"({"id": "d1", "text": "x", "note": "-", "label": "good", "explanation": "y", "hard": true})"
    "\n"
    R"({"id": "d2", "text": "z", "note": "-", "label": "bad", "explanation": "w"})"
    "\n";

Task load(const std::string& toml, const std::string& csv = good_csv,
          const std::string& demonstrations = good_demonstrations) {
  return load_toy(toml, csv, demonstrations);
}

}  // namespace

TEST_CASE("a task folder becomes labels, prompts, demonstrations and items") {
  const Task task = load(good_toml);
  CHECK(task.name == "toy");
  CHECK(task.labels == std::vector<std::string>{"good", "bad"});
  CHECK(task.counterfactual_target == std::vector<std::size_t>{1, 0});
  CHECK(task.edit_field == "text");
  CHECK(task.label_list() == "good or bad");

  REQUIRE(task.items.size() == 2);
  CHECK(task.items[0].id == "a");
  CHECK(task.items[0].label == 0);
  CHECK(task.items[0].fields == PromptValues{{"text", "Big {text} two\nlines, \"quoted\""}, {"note", "n"}});
  CHECK(task.items[0].references == std::vector<std::string>{"because"});
  CHECK(task.items[1].label == 1);
  CHECK(task.items[1].references == std::vector<std::string>{"first", "second"});

  REQUIRE(task.demonstrations.size() == 2);
  CHECK(task.demonstrations[1].label == 1);
  CHECK(task.demonstrations[1].fields.at("explanation") == "w");

  const PromptTemplate& classify = task.prompt("classify");
  REQUIRE(classify.system);
  CHECK(classify.system->fill({{"labels", "x"}}) == "One of x.");
  CHECK(classify.answer_prefix == "A:");
  CHECK(classify.n_demonstrations == 2);
  CHECK_FALSE(task.prompt("explain").system);
  CHECK(task.prompt("explain").answer_prefix.empty());
  CHECK(task.prompt("explain").max_new_tokens == 9);
}

TEST_CASE("items without an id column are numbered, and empty parts of a field leave no blank") {
  const Task task = load(replaced(good_toml, "id = \"nr\"\n", ""), replaced(good_csv, "b,2,Small,,", "b,2,,Small,"));
  CHECK(task.items[0].id == "1");
  CHECK(task.items[1].id == "2");
  CHECK(task.items[1].fields.at("text") == "Small");
  CHECK(load(good_toml).items[1].fields.at("text") == "Small");
}

TEST_CASE("items whose ids the data repeat are numbered behind them, past ids that are there") {
  std::string csv = good_csv.substr(0, good_csv.find('\n') + 1);
  for (const char* id : {"a", "b", "a", "a#3", "a", "", "b", "", "b#2"}) csv += concat(id, ",1,x,,,,\n");
  std::vector<std::string> ids;
  for (const Item& item : load(good_toml, csv).items) ids.push_back(item.id);
  CHECK(ids == std::vector<std::string>{"a", "b", "a#2", "a#3", "a#4", "", "b#3", "#2", "b#2"});
}

TEST_CASE("a task without demonstrations has zero-shot prompts, whose answers nobody is shown") {
  const std::string bare =
      replaced(replaced(good_toml, "demonstrations = \"demonstrations.jsonl\"\n", ""), "demonstrations = 1\n", "");
  const std::string toml = replaced(bare, "demonstrations = 2\n", "demonstrations = 0\n");
  const Task task = load(toml);
  CHECK(task.demonstrations.empty());
  CHECK(make_protocol("nle")->supports(task));
  const Dialogue dialogue(task, std::vector<std::string_view>{"classify"}, 1);
  const Prompt prompt = dialogue.prompt(prompt_values(task, task.items[1], no_label));
  REQUIRE(prompt.messages.size() == 2);
  CHECK(prompt.messages[0].content == "One of good or bad.");
  CHECK(prompt.messages[1].content == "Small ()");
  CHECK(prompt.answer_prefix == "A:");

  CHECK_THROWS_WITH(load(bare), Contains("asks for 2 demonstrations; there are 0"));
  CHECK_THROWS_WITH(load(replaced(toml, "{label}, not", "{lable}, not")), Contains("did you mean 'label"));
  CHECK_THROWS_WITH(load(replaced(toml, "\"A: {label}\"", "\"A: {lable}\"")), Contains("did you mean 'label'"));
  CHECK_THROWS_WITH(load(replaced(toml, "{explanation}", "{explanation")),
                    Contains("[explain] answer: expected a {placeholder}"));
}

TEST_CASE("a task.toml that is wrong is refused by file, table and key") {
  const auto [what, by, message] = GENERATE(table<std::string, std::string, std::string>({
      {"quantlens-task/1", "quantlens-task/2", "expected schema 'quantlens-task/1'"},
      {"description = \"A toy.\"\n", "", "task.toml: the key 'description' is missing"},
      {"name = \"toy\"", "name = \"other\"", "expected the name of its folder, 'toy', got 'other'"},
      {"description =", "descripton =", "did you mean 'description'"},
      {"schema =", "schema = = ", "line 2 column"},
      {"format = \"csv\"", "format = \"cvs\"", "did you mean 'csv'"},
      {"location = \"task\"", "location = \"tusk\"", "did you mean 'task'"},
      {"location = \"task\"", "", "[data]: the key 'location' is missing"},
      {"demonstrations = \"demonstrations.jsonl\"", "demos = \"d\"", "unknown key in"},
      {"references =", "reference =", "did you mean 'references'"},
      {"label = \"class\"", "label = 3", "[fields]: 'label' must be a string"},
      {"note = \"note\"", "label = \"note\"", "{label} is a placeholder of its own"},
      {"names = [\"good\", \"bad\"]", "names = [\"good\", \"good\"]", "two or more different labels"},
      {"names = [\"good\", \"bad\"]", "names = [\"good\", \"\"]", "two or more different labels"},
      {"\"2\" = \"bad\"", "\"2\" = \"bat\"", "did you mean 'bad'"},
      {"{ good = \"bad\", bad = \"good\" }", "{ good = \"bad\" }", "the key 'bad' is missing"},
      {"bad = \"good\" }", "bad = \"bad\" }", "must be another label"},
      {"edit_field = \"text\"", "edit_field = \"test\"", "did you mean 'text'"},
      {"[prompts.explain]", "[prompts.explane]", "did you mean 'explain'"},
      {"{text} ({note})", "{txt} ({note})", "[classify] user: 'txt'; did you mean 'text'"},
      {"{text} ({note})", "{text} {label}", "unknown placeholder"},
      {"One of {labels}.", "One of {text}.", "unknown placeholder"},
      {"{text} ({note})", "{text} {", "[prompts] [classify] user: expected a {placeholder}"},
      {"answer = \"A: {label}\"", "answer = \"B: {label}\"", "must start with the answer_prefix 'A:'"},
      {"answer = \"A: {label}\"", "answer = \"A: yes\"", "must hold {label}"},
      {"{explanation}", "{reason}", "unknown placeholder"},
      {"demonstrations = 2", "demonstrations = 3", "asks for 3 demonstrations; there are 2"},
      {"demonstrations = 2", "demonstrations = -1", "'demonstrations' must be a whole number from 0"},
      {"max_new_tokens = 9", "max_new_tokens = 0", "'max_new_tokens' must be at least 1"},
      {"max_new_tokens = 9", "max_new_token = 9", "did you mean 'max_new_tokens'"},
      {"[prompts.explain]", "[prompts.counterfactual_guided]", "unknown"},
      {"note = \"note\"", "unknown = \"note\"", "{unknown} is a placeholder of its own"},
      {"One of {labels}.", "One of {labels}, else {unknown}.", "unknown placeholder"},
      {"names = [\"good\", \"bad\"]", "names = [\"good\", \"bad\"]\nunknown = \"bad\"", "must not be among 'names'"},
  }));
  CAPTURE(what, by);
  CHECK_THROWS_AS(load(replaced(good_toml, what, by)), InputError);
  CHECK_THROWS_WITH(load(replaced(good_toml, what, by)), Contains(message));
}

TEST_CASE("a classification prompt has no plain form") {
  CHECK_THROWS_WITH(load(replaced(good_toml, "[prompts.classify]\n", "[prompts.classify]\nplain = true\n")),
                    Contains("unknown key in"));
}

TEST_CASE("the prompts that models were trained on may be fewer than the ordinary ones") {
  const Task task = load(good_toml + "[trained]\nmodels = [\"m\"]\n[trained.prompts.classify]\n" +
                         "user = \"topic: {text}\"\nanswer = \"{label}\"\n");
  CHECK(task.trained.prompts.size() == 1);
  CHECK_FALSE(task.trained.prompts.at("classify").system);
  CHECK(task.prompts.size() == 2);
}

TEST_CASE("a prompt that continues a chat needs the prompt before it") {
  const std::string guided = "[prompts.counterfactual_guided]\nuser = \"to {target}\"\nanswer = \"{explanation}\"\n";
  CHECK_THROWS_WITH(load(good_toml + guided), Contains("counterfactual_words"));
  const std::string words = "[prompts.counterfactual_words]\nuser = \"{text}\"\nanswer = \"{explanation}\"\n";
  CHECK_NOTHROW(load(good_toml + words + guided));
}

TEST_CASE("a task may say what an answer is called when the deciding words are gone") {
  CHECK(load(good_toml).unknown_label.empty());
  const std::string with_unknown = replaced(good_toml, "[labels]", "[labels]\nunknown = \"open\"");
  const std::string redacted =
      "[prompts.classify_redacted]\nsystem = \"{labels}, else {unknown}\"\nuser = \"{text}, else {unknown}\"\n"
      "answer = \"{label}\"\n";
  const Task task = load(with_unknown + redacted);
  CHECK(task.unknown_label == "open");
  CHECK(task.labels == std::vector<std::string>{"good", "bad"});
  CHECK(task.prompt("classify_redacted").user.placeholders() == std::vector<std::string>{"text", "unknown"});
  CHECK_THROWS_WITH(load(good_toml + redacted), Contains("unknown placeholder"));
  CHECK_THROWS_WITH(load(with_unknown + replaced(redacted, "\"{label}\"", "\"A\"")), Contains("must hold {label}"));
}

TEST_CASE("classify_redacted has the redacted demonstrations besides, and counts them") {
  const std::string toml = replaced(good_toml, "[labels]", "[labels]\nunknown = \"open\"") +
                           "[prompts.classify_redacted]\nuser = \"{text}\"\nanswer = \"{label}\"\ndemonstrations = ";
  const std::string one_redacted =
      replaced(good_demonstrations, "\"explanation\": \"w\"", "\"explanation\": \"w\", \"redacted\": \"r\"");
  CHECK_NOTHROW(load(toml + "2\n"));
  CHECK_THROWS_WITH(load(toml + "3\n"), Contains("asks for 3 demonstrations; there are 2"));
  CHECK_NOTHROW(load(toml + "3\n", good_csv, one_redacted));
  CHECK_THROWS_WITH(load(toml + "4\n", good_csv, one_redacted), Contains("there are 3"));
}

TEST_CASE("the prompts redact and words know the label and the target") {
  const std::string more =
      "[prompts.redact]\nuser = \"hide {label} of {text}\"\nanswer = \"<new>{explanation}</new>\"\n"
      "[prompts.words]\nuser = \"list {label} not {target}\"\nanswer = \"{explanation}\"\n";
  const Task task = load(good_toml + more);
  CHECK(task.prompt("redact").user.placeholders() == std::vector<std::string>{"label", "text"});
  CHECK(task.prompt("words").max_new_tokens == 256);
}

TEST_CASE("insertions come from their column, checked against the edit field and the labels") {
  const std::string toml =
      replaced(good_toml, "references = [\"why\", \"why2\"]", "references = [\"why\"]\ninsertions = \"why2\"");
  const std::string csv = replaced(replaced(good_csv, "because,", "because,2:quite:harmless 0:so:bad"), "first,second",
                                   "first,0:very:good");
  const Task task = load(toml, csv);
  CHECK(task.items[0].insertions == std::vector<Insertion>{{2, "quite", "harmless"}, {0, "so", "bad"}});
  CHECK(task.items[1].insertions == std::vector<Insertion>{{0, "very", "good"}});
  CHECK(load(good_toml).items[0].insertions.empty());

  CHECK_THROWS_WITH(load(toml, replaced(csv, "0:very:good", "1:very:good")),
                    Contains("test.csv row 2 why2: '1:very:good' lies beyond a text of 1 words"));
  CHECK_THROWS_WITH(load(toml, replaced(csv, "0:very:good", "0:very:goood")),
                    Contains("test.csv row 2 why2") && Contains("did you mean 'good'"));
  CHECK_THROWS_WITH(load(toml, replaced(csv, "0:very:good", "")), Contains("row 2 why2: expected at least one"));
  CHECK_THROWS_WITH(load(replaced(toml, "\"why2\"", "\"why3\""), csv), Contains("no column 'why3'"));
  CHECK_THROWS_WITH(load(replaced(toml, "[counterfactual]\nedit_field = \"text\"\n", ""), csv),
                    Contains("insertions needs a [counterfactual] edit_field"));
}

TEST_CASE("paths in a task.toml stay inside the folder") {
  for (const std::string path : {"../test.csv", "/etc/passwd", "a/../../test.csv", ""}) {
    CAPTURE(path);
    CHECK_THROWS_WITH(load(replaced(good_toml, "\"test.csv\"", '"' + path + '"')), Contains("inside the folder"));
    CHECK_THROWS_WITH(load(replaced(good_toml, "\"demonstrations.jsonl\"", '"' + path + '"')),
                      Contains("inside the folder"));
  }
}

TEST_CASE("bad data is refused by file and row") {
  CHECK_THROWS_WITH(load(good_toml, replaced(good_csv, "b,2", "b,3")), Contains("test.csv row 2: '3'"));
  CHECK_THROWS_WITH(load(good_toml, replaced(good_csv, "class", "clas")), Contains("row 1: no column 'class'"));
  CHECK_THROWS_WITH(load(good_toml, good_csv, replaced(good_demonstrations, "d2", "d1")),
                    Contains("two items have the id 'd1'"));
  CHECK_THROWS_WITH(load(good_toml, good_csv.substr(0, good_csv.find('\n') + 1)), Contains("has no items"));
  CHECK_THROWS_AS(load(good_toml, replaced(good_csv, "Small", "Sm\xffll")), InputError);
  CHECK_THROWS_AS(load(good_toml, good_csv + "c,1\n"), InputError);
  CHECK_THROWS_WITH(load(good_toml, good_csv, replaced(good_demonstrations, "\"bad\"", "\"bat\"")),
                    Contains("demonstrations.jsonl row 2: 'bat'; did you mean 'bad'"));
  CHECK_THROWS_WITH(load(good_toml, good_csv,
                         replaced(good_demonstrations, "\"note\": \"-\", \"label\": \"bad\"", "\"label\": \"bad\"")),
                    Contains("demonstrations.jsonl row 2: no column 'note'"));
  CHECK_THROWS_WITH(load(good_toml, good_csv, replaced(good_demonstrations, "\"explanation\": \"w\"", "\"e\": \"w\"")),
                    Contains("placeholder"));
  CHECK_THROWS_AS(load(good_toml, good_csv, "[1]\n"), InputError);
  CHECK_THROWS_AS(load(good_toml, good_csv, "{\"id\":"), InputError);
}

TEST_CASE("a label that is no text, or no value that the task knows, is refused by value, row and remedy") {
  const auto refusal = [](const std::string& rows) -> std::string {
    const TempFolder folder;
    std::string toml =
        replaced(good_toml, "format = \"csv\"\ntest = \"test.csv\"", "format = \"jsonl\"\ntest = \"t.jsonl\"");
    folder.write("toy/task.toml", toml);
    folder.write("toy/t.jsonl", rows);
    folder.write("toy/demonstrations.jsonl", good_demonstrations);
    try {
      static_cast<void>(load_task(folder.path() / "toy", {}, known_prompts()));
    } catch (const InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string good =
      "{\"nr\": 1, \"class\": 1, \"title\": \"t\", \"body\": \"b\", \"note\": \"\", \"why\": \"\", \"why2\": \"\"}\n";
  CHECK(refusal(good) == "accepted");
  const auto with = [&](const std::string& what, const std::string& by) {
    return refusal(good + replaced(replaced(good, "\"nr\": 1", "\"nr\": 2"), what, by));
  };
  CHECK_THAT(with("\"class\": 1", "\"class\": true"),
             Contains("t.jsonl row 2: 'class' is true; use text or a number, such as \"true\""));
  CHECK_THAT(with("\"class\": 1", "\"class\": null"), Contains("t.jsonl row 2: 'class' is null; use text or a number"));
  CHECK_THAT(with("\"class\": 1", "\"class\": 1.0"),
             Contains("'class' of ") && Contains("t.jsonl row 2: '1.0'") &&
                 Contains("known: 1 2; write one of these, or map '1.0' in [labels.values]"));
  CHECK_THAT(with("\"title\": \"t\"", "\"title\": false"), Contains("row 2: 'title' is false; use text or a number"));
  CHECK_THAT(with("\"title\"", "\"Title\""), Contains("row 2: no column 'title'; it has 'Title' 'body'"));
}

TEST_CASE("a task whose data the user brings says where it looks for it") {
  const TempFolder folder;
  const std::string toml =
      replaced(replaced(good_toml, "location = \"task\"", "location = \"data\""), "\"test.csv\"", "\"sub/test.csv\"");
  folder.write("tasks/toy/task.toml", toml);
  folder.write("tasks/toy/demonstrations.jsonl", good_demonstrations);
  CHECK_THROWS_WITH(load_task(folder.path() / "tasks/toy", {}, known_prompts()),
                    Contains("pass --data DIR") && Contains("DIR/toy/sub/test.csv"));
  CHECK_THROWS_WITH(load_task(folder.path() / "tasks/toy", folder.path(), known_prompts()),
                    Contains("pass --data DIR"));
  folder.write("toy/sub/test.csv", good_csv);
  CHECK(load_task(folder.path() / "tasks/toy/", folder.path(), known_prompts()).items.size() == 2);
}

TEST_CASE("a data set that is not there has an error id of its own, so that a run can go on without it") {
  const TempFolder folder;
  folder.write("toy/task.toml", replaced(good_toml, "location = \"task\"", "location = \"data\""));
  folder.write("toy/demonstrations.jsonl", good_demonstrations);
  const auto id_of = [&] {
    try {
      static_cast<void>(load_task(folder.path() / "toy", folder.path() / "data", known_prompts()));
    } catch (const InputError& error) {
      return std::string(error.id().name());
    }
    return std::string("none");
  };
  CHECK(id_of() == "task_data");
  folder.write("data/toy/test.csv", replaced(good_csv, "class", "clas"));
  CHECK(id_of() == "task_row");
}

TEST_CASE("a task is named in one printable line") {
  const TempFolder folder;
  folder.write("a\nb/task.toml", replaced(good_toml, "name = \"toy\"", "name = \"a\\nb\""));
  CHECK_THROWS_WITH(load_task(folder.path() / "a\nb", {}, known_prompts()),
                    Contains("without control characters, got 'a\\nb'"));
}

TEST_CASE("a folder that is no task is an error") {
  CHECK_THROWS_AS(load_task(std::string(5000, 'x'), {}, known_prompts()), InputError);
  const TempFolder folder;
  CHECK_THROWS_AS(load_task(folder.path(), {}, known_prompts()), InputError);
  CHECK_THROWS_AS(load_task(folder.path() / "absent", {}, known_prompts()), InputError);
}

TEST_CASE("the task that brings its data loads and supports every protocol about labels") {
  const std::filesystem::path folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tasks/starter_topics";
  const Task task = load_task(folder, {}, known_prompts());
  CHECK(task.items.size() >= 200);
  CHECK(task.labels.size() == 4);
  for (const Item& item : task.items) CHECK(item.references.size() == 1);
  for (const char* name : {"nle", "counterfactual", "counterfactual_guided"})
    CHECK(make_protocol(name)->supports(task));
}
