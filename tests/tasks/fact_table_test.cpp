#include "quantlens/tasks/fact_table.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/protocols/registry.hpp"
#include "task_folder.hpp"

using namespace quantlens;
using Catch::Contains;
using quantlens::test::load_toy;
using quantlens::test::replaced;
using quantlens::test::TempFolder;

namespace {

const std::string recall_toml = R"toml(
schema = "quantlens-task/1"
name = "toy"
description = "Facts."
[data]
location = "task"
format = "csv"
test = "test.csv"
[fields]
content = { prompt = "line" }
[recall]
relation = "rel"
subject = "who"
object = "what"
answers = "also"
separator = "|"
[prompts.recall]
plain = true
user = "{prompt}"
answer = " {object}."
demonstrations = 2
max_new_tokens = 8
[trained]
models = ["refworld-*", "mine"]
[trained.prompts.recall]
plain = true
user = "{relation} of {subject}: {prompt}"
answer = " {object}"
)toml";

const std::string recall_csv =
    "line,rel,who,what,also\n"
    "The capital of Norway is,capital, Norway,Oslo ,Oslo|Oslo by|\n"
    "The currency of Japan is,currency,Japan,yen,\n";

const std::string two_hop_toml = R"toml(
schema = "quantlens-task/1"
name = "toy"
description = "Chains."
[data]
location = "task"
format = "csv"
test = "test.csv"
[fields]
content = { one = "p1", two = "p2", both = "p3" }
[two_hop]
bridge_answers = "bridge"
answers = "end"
group = "seen"
[prompts.first_hop]
plain = true
user = "{one}"
answer = " {bridge}."
[prompts.second_hop]
plain = true
user = "{two}"
answer = " {answer}."
[prompts.two_hop]
user = "{both}"
answer = "{answer}"
)toml";

const std::string two_hop_csv =
    "p1,p2,p3,bridge,end,seen\n"
    "Bergen lies in,Norway's capital is,The capital of Bergen's land is,\"(('Norway', "
    "'Norge'),)\",\"[\"\"Oslo\"\"]\",yes\n";

Task load(const std::string& toml, const std::string& csv, const std::string& demonstrations = "") {
  return load_toy(toml, csv, demonstrations);
}

}  // namespace

TEST_CASE("a task about facts has answers and groups in place of labels") {
  const Task task = load(recall_toml, recall_csv);
  CHECK(task.labels.empty());
  REQUIRE(task.items.size() == 2);
  CHECK(task.items[0].id == "1");
  CHECK(task.items[0].group == "capital");
  CHECK(task.items[0].fields == PromptValues{{"prompt", "The capital of Norway is"},
                                             {"relation", "capital"},
                                             {"subject", "Norway"},
                                             {"object", "Oslo"}});
  CHECK(task.items[0].answers.at("object") == std::vector<std::string>{"Oslo", "Oslo by"});
  CHECK(task.items[1].answers.at("object") == std::vector<std::string>{"yen"});
  const PromptTemplate& prompt = task.prompt("recall");
  CHECK(prompt.plain);
  CHECK(prompt.n_demonstrations == 2);
  CHECK(prompt.max_new_tokens == 8);

  const Task chains = load(two_hop_toml, two_hop_csv);
  REQUIRE(chains.items.size() == 1);
  CHECK(chains.items[0].group == "yes");
  CHECK(chains.items[0].answers.at("bridge") == std::vector<std::string>{"Norway", "Norge"});
  CHECK(chains.items[0].answers.at("answer") == std::vector<std::string>{"Oslo"});
  CHECK(chains.items[0].fields.at("bridge") == "Norway");
  CHECK(chains.prompt("first_hop").plain);
  CHECK_FALSE(chains.prompt("two_hop").plain);
  CHECK(chains.prompt("two_hop").max_new_tokens == 32);
  CHECK(chains.demonstrations.empty());
}

TEST_CASE("a task about facts shows its own items as examples, unless it brings demonstrations") {
  CHECK(load(recall_toml, recall_csv).demonstrations.size() == 2);
  const std::string toml = replaced(recall_toml, "test = \"test.csv\"\n",
                                    "test = \"test.csv\"\ndemonstrations = \"demonstrations.jsonl\"\n");
  const std::string demonstrations =
      R"({"id": "d1", "relation": "capital", "subject": "Spain", "object": "Madrid", "prompt": "Spain has", "x": "y"})"
      "\n"
      R"({"id": "d2", "relation": "capital", "subject": "Kenya", "object": "Nairobi", "prompt": "Kenya has", "x": "z"})"
      "\n";
  const Task task = load(toml, recall_csv, demonstrations);
  REQUIRE(task.demonstrations.size() == 2);
  CHECK(task.demonstrations[0].group == "capital");
  CHECK(task.demonstrations[0].fields.at("object") == "Madrid");
  CHECK_NOTHROW(
      load(replaced(toml, "answer = \" {object}.\"", "answer = \" {object}, {x}\""), recall_csv, demonstrations));
  CHECK_THROWS_WITH(load(replaced(toml, "demonstrations = 2", "demonstrations = 3"), recall_csv, demonstrations),
                    Contains("asks for 3 demonstrations; there are 2"));
  CHECK_THROWS_WITH(load(toml, recall_csv, replaced(demonstrations, "\"object\": \"Madrid\", ", "")),
                    Contains("row 1: no column 'object'"));
}

TEST_CASE("the prompts that models were trained on are apart from the ordinary ones") {
  const Task task = load(recall_toml, recall_csv);
  CHECK(task.trained.models == std::vector<std::string>{"refworld-*", "mine"});
  const PromptTemplate& prompt = task.trained.prompts.at("recall");
  CHECK(prompt.user.fill(task.items[0].fields) == "capital of Norway: The capital of Norway is");
  CHECK(prompt.n_demonstrations == 0);
  CHECK(task.prompt("recall").user.fill(task.items[0].fields) == "The capital of Norway is");
}

TEST_CASE("a task about facts that is wrong is refused by table and key") {
  const auto [what, by, message] = GENERATE(table<std::string, std::string, std::string>({
      {"[recall]\n", "[labels]\nnames = [\"a\", \"b\"]\n[recall]\n",
       "one of the tables [labels], [recall] and [two_hop]"},
      {"[recall]\n", "[recal]\n", "did you mean 'recall'"},
      {"subject = \"who\"\n", "", "[recall]: the key 'subject' is missing"},
      {"separator =", "seperator =", "did you mean 'separator'"},
      {"content = { prompt", "content = { object = \"what\", prompt", "{object} is a placeholder of its own"},
      {"content = {", "label = \"rel\"\ncontent = {", "unknown key in"},
      {"[prompts.recall]\n", "[counterfactual]\nedit_field = \"prompt\"\n[prompts.recall]\n",
       "[counterfactual] is for"},
      {"[prompts.recall]", "[prompts.classify]", "known: recall"},
      {"user = \"{prompt}\"", "user = \"{prompt} {object}\"", "unknown placeholder"},
      {"user = \"{prompt}\"", "user = \"{labels} {prompt}\"", "unknown placeholder"},
      {"user = \"{prompt}\"", "user = \"{prompt} \"", "must not end with a blank"},
      {"answer = \" {object}.\"", "answer = \" it.\"", "must hold {object} before any other"},
      {"answer = \" {object}.\"", "answer = \" {subject} {object}.\"", "must hold {object} before any other"},
      {"plain = true\nuser = \"{prompt}\"", "plain = 1\nuser = \"{prompt}\"", "'plain' must be true or false"},
      {"plain = true\nuser = \"{prompt}\"", "plain = true\nsystem = \"x\"\nuser = \"{prompt}\"", "unknown key in"},
      {"plain = true\nuser = \"{prompt}\"", "system = \"{labels}\"\nuser = \"{prompt}\"", "unknown placeholder"},
      {"models = [\"refworld-*\", \"mine\"]", "models = []", "'models' must name a model"},
      {"models = [", "model = [", "did you mean 'models'"},
      {"[trained.prompts.recall]", "[trained.prompts.recal]", "did you mean 'recall'"},
      {"{relation} of", "{relaton} of", "[trained] [prompts] [recall] user: 'relaton'; did you mean 'relation'"},
  }));
  CAPTURE(what, by);
  CHECK_THROWS_AS(load(replaced(recall_toml, what, by), recall_csv), InputError);
  CHECK_THROWS_WITH(load(replaced(recall_toml, what, by), recall_csv), Contains(message));
}

TEST_CASE("a fact without an answer is refused by row and column") {
  CHECK_THROWS_WITH(load(recall_toml, replaced(recall_csv, "Oslo ,", " ,")),
                    Contains("row 1: no answer in column 'what'"));
  CHECK_THROWS_WITH(load(recall_toml, replaced(recall_csv, "rel,who", "rel,how")), Contains("no column 'who'"));
  CHECK_THROWS_WITH(load(two_hop_toml, replaced(two_hop_csv, "(('Norway', 'Norge'),)", "((),)")),
                    Contains("row 1: no answer in column 'bridge'"));
  CHECK_THROWS_WITH(load(two_hop_toml, replaced(two_hop_csv, "(('Norway', 'Norge'),)", "Norway")),
                    Contains("row 1 column 'bridge'") && Contains("list of quoted strings"));
}

TEST_CASE("a task on chains reads the aliases that TwoHopFact writes") {
  const TempFolder folder;
  folder.write("twohopfact/TwoHopFact.csv",
               "uid,fact_comp_type,r1(e1).prompt,r2(e2).prompt,r2(r1(e1)).prompt,e2.aliases,e3.aliases,e2.value\n"
               "7,city-country-capital,Bergen lies in,The capital of Norway is,The capital of Bergen's country is,"
               "\"((\"\"Kingdom of Norway\"\", 'Norway'),)\",\"(('Oslo', 'Kristiania'),)\",Norway\n");
  const Task task =
      load_task(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tasks/twohopfact", folder.path(), known_prompts());
  REQUIRE(task.items.size() == 1);
  CHECK(task.items[0].id == "7");
  CHECK(task.items[0].group == "city-country-capital");
  CHECK(task.items[0].answers.at("bridge") == std::vector<std::string>{"Kingdom of Norway", "Norway"});
  CHECK(task.items[0].answers.at("answer") == std::vector<std::string>{"Oslo", "Kristiania"});
  CHECK(task.prompt("two_hop").user.fill(task.items[0].fields) == "The capital of Bergen's country is");
}
