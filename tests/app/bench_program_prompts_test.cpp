#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "program_harness.hpp"
#include "quantlens/app/bench_program.hpp"
#include "quantlens/app/command_line.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// The tiny task with prompts of its own for the model m.
void write_trained_task(const Program& program) {
  write_text(program.folder.path() / "tasks/tiny/task.toml",
             std::string(tiny_task) +
                 "[trained]\nmodels = [\"m*\"]\n"
                 "[trained.prompts.classify]\nuser = \"topic: {text}\"\nanswer = \"{label}\"\n"
                 "[trained.prompts.explain]\nuser = \"topic: {text} why?\"\nanswer = \"{label}\"\n");
}

/// How often the explanations' questions in the journal start with which word.
std::map<std::string, int> questions_asked(const Program& program) {
  std::map<std::string, int> asked;
  std::istringstream journal(read_text(program.out() / "items.jsonl"));
  for (std::string text; std::getline(journal, text);) {
    const Json line = Json::parse(text);
    if (line["kind"] != "item") continue;
    const auto content = line["record"]["transcript"][1]["messages"][0]["content"].get<std::string>();
    ++asked[content.substr(0, content.find(' '))];
  }
  return asked;
}

}  // namespace

TEST_CASE("bench program: a model gets the prompts that it was trained on, and --prompts overrides that", "[report]") {
  Program program;
  write_trained_task(program);
  const std::vector<std::string> full{"--model",   "m.gguf", "--tasks",         "tiny/nle",
                                      "--formats", "full",   "--latency-items", "0"};
  const auto with_prompts = [&](const std::string& set) {
    std::vector<std::string> arguments = full;
    arguments.insert(arguments.end(), {"--prompts", set});
    return arguments;
  };
  const auto prompts = [&] { return program.results()["rows"][0]["provenance"]["prompts"]; };
  REQUIRE(program.run(full).status == 0);
  CHECK(prompts() == "trained");
  REQUIRE(program.run(with_prompts("plain")).status == 0);
  CHECK(prompts() == "plain");
  REQUIRE(program.run(with_prompts("trained")).status == 0);
  CHECK(prompts() == "trained");
  CHECK(questions_asked(program) == std::map<std::string, int>{{"topic:", 12}, {"Why", 12}});  // the last run asks none
}

TEST_CASE("bench program: both sides of a pair get the prompts of the baseline's model", "[report]") {
  for (const auto& [model, other, set] : std::vector<std::array<std::string, 3>>{{"m.gguf", "other.gguf", "plain"},
                                                                                 {"other.gguf", "m.gguf", "trained"},
                                                                                 {"copy.gguf", "m.gguf", "trained"}}) {
    Program program;
    write_trained_task(program);
    const std::string baseline = (program.folder.path() / other).string();
    write_text(baseline, "x");
    const std::vector<std::string> arguments{"--model",         model, "--tasks",    "tiny/nle", "--formats", "full",
                                             "--latency-items", "0",   "--baseline", baseline};
    for (int run = 0; run < 2; ++run) {  // the second is served
      const Result result = program.run(arguments);
      CAPTURE(result.err);
      REQUIRE(result.status == 0);
      const Json results = program.results();
      CHECK(results["rows"][0]["provenance"]["prompts"] == set);
      CHECK(results["rows"][0]["metrics"]["accuracy"]["n_paired"] == 12);
      CHECK(results["rows"][0]["no_deltas"].is_null());
      const Json prompts{{"model", set}, {"baseline", set}, {"differ", nullptr}};
      CHECK(results["manifest"]["tasks"]["tiny/nle"]["prompts"] == prompts);
      CHECK(results["manifest"]["baseline_model"]["own_name"] == std::filesystem::path(other).stem().string());
    }
    const bool same_file = model != "other.gguf" && other != "other.gguf";  // other.gguf alone has another hash
    CHECK(questions_asked(program) ==
          std::map<std::string, int>{{set == "plain" ? "Why" : "topic:", same_file ? 12 : 24}});
  }
}

TEST_CASE("bench program: chats that a model writes otherwise than the baseline's are no comparison", "[report]") {
  Program program;
  program.provider.chat_mark = "<chat>";  // which other.gguf lacks
  const std::string other = (program.folder.path() / "other.gguf").string();
  write_text(other, "x");
  const Result result = program.run({"--model", "m.gguf", "--tasks", "tiny/nle", "--formats", "full,rtn-w2-g64",
                                     "--latency-items", "0", "--baseline", other});
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("no deltas for full, rtn-w2-g64: the prompts differ"));
  const Json results = program.results();
  for (const Json& row : results["rows"]) {
    CHECK(row["status"] == "ok");
    CHECK_THAT(row["no_deltas"].get<std::string>(), Catch::Contains("the prompts differ"));
    CHECK(row["metrics"]["accuracy"]["value"].is_number());
    CHECK(row["metrics"]["accuracy"]["n_paired"] == 0);
    for (const char* key : {"delta", "p", "p_holm"}) CHECK(row["metrics"]["accuracy"][key].is_null());
  }
  CHECK(results["manifest"]["tasks"]["tiny/nle"]["prompts"]["differ"].is_string());
}

TEST_CASE("bench program: what does not fit into the context is skipped, or wrong use where it is named", "[report]") {
  Program program;
  write_facts_task(program.folder.path() / "tasks");
  program.provider.context = 70;  // "Why is text number 11 about business?\nExplanation:" has 51 bytes, and 8 follow
  const std::vector<std::string> arguments{"--model", "m.gguf", "--formats", "full", "--latency-items", "0"};
  const Result result = program.run(arguments);
  INFO(result.err);
  REQUIRE(result.status == 0);
  const Json results = program.results();
  for (const Json& row : results["rows"]) CHECK(row["task"].get<std::string>().starts_with("tiny/"));
  CHECK_THAT(result.err, Catch::Contains("skipped: facts/recall: the longest prompt needs ") &&
                             Catch::Contains("the context of scripted.gguf has 70; 9 of 9 items do not fit"));
  CHECK(program.results()["manifest"]["skipped"].size() == 7);  // and six protocols need another model

  std::filesystem::remove_all(program.out());
  std::vector<std::string> named = arguments;
  named.insert(named.end(), {"--tasks", "facts"});
  const Result refused = program.run(named);
  CHECK(refused.status == 2);
  CHECK_THAT(refused.err, Catch::StartsWith("[quantlens.n_ctx] facts/recall: the longest prompt needs ") &&
                              Catch::Contains("has 70"));
  CHECK_FALSE(std::filesystem::exists(program.out()));

  program.provider.context = 4096;
  program.provider.refused_chat = "Why";
  CHECK_THAT(program.run(arguments).err,
             Catch::Contains("skipped: tiny/nle: scripted.gguf refuses 12 of 12 items: it has no system role\n"));
  named.back() = "tiny/nle";
  CHECK_THAT(program.run(named).err, Catch::StartsWith("[quantlens.template] tiny/nle: scripted.gguf refuses 12"));
  program.provider.refused_chat = "number 7?";  // no such item: "Why is text number 7 about"
  CHECK(program.run(named).status == 0);
  program.provider.refused_chat.clear();

  program.provider.context = 59;
  CHECK(program.run(arguments).status == 0);
  program.provider.context = 10;
  const Result nothing = program.run(arguments);
  CHECK(nothing.status == 2);
  CHECK_THAT(nothing.err, Catch::Contains("no task fits"));
}

TEST_CASE("bench program: a filter sees the names that --list prints", "[report]") {
  Program program;
  const auto listed = [&](const std::string& filter, const char* list) {
    return program.run(with(three_formats, {list, "--benchmark_filter=" + filter})).out;
  };
  for (const char* list : {"--list", "--benchmark_list_tests", "--benchmark_list_tests=true"}) {
    CHECK(listed("rtn-w8$", list) == "tiny/nle/rtn-w8\n");
    CHECK(listed("^tiny/nle/(full|rtn-w8)$", list) == "tiny/nle/full\ntiny/nle/rtn-w8\n");
    CHECK(listed("-w8$", list) == "tiny/nle/full\ntiny/nle/rtn-w2-g64\n");
    CHECK(listed("all", list) == "tiny/nle/full\ntiny/nle/rtn-w8\ntiny/nle/rtn-w2-g64\n");
  }
  REQUIRE(program.run(with(three_formats, {"--benchmark_filter=rtn-w8$", "--limit", "2"})).status == 0);
  REQUIRE(program.results()["rows"].size() == 1);
  CHECK(program.results()["rows"][0]["format"] == "rtn-w8");
}

TEST_CASE("bench program: an item that cannot be asked is left out of its cell and of every pair", "[report]") {
  const std::string all = "full,rtn-w8,rtn-w2-g64";
  for (const std::string& formats : {all, std::string("full"), std::string("rtn-w8")}) {
    CAPTURE(formats);
    Program program(24);
    for (const std::string& format : split_list(formats)) program.provider.refuses[format] = "number 7";
    const Result first = program.run(three_formats);
    INFO(first.err);
    REQUIRE(first.status == 0);
    const Json results = program.results();
    for (const Json& row : results["rows"]) {
      const bool refused = formats == all || row["format"] == formats;
      CHECK(row["n"] == (refused ? 23 : 24));
      CHECK(row["n_failed"] == (refused ? 1 : 0));
      CHECK(row["failed_items"].size() == (refused ? 1 : 0));
      if (refused) CHECK(row["failed_items"][0]["id"] == "item-7");
      for (const char* metric : {"accuracy", "macro_f1", "rouge_l"}) {
        CHECK(row["metrics"][metric]["n"] == row["n"]);
        const bool pairs_lack_it = refused || formats == "full";
        CHECK(row["metrics"][metric]["n_paired"] == (row["format"] == "full" ? 0 : pairs_lack_it ? 23 : 24));
      }
      CHECK(row["latency"]["p50_ms"].is_number());
    }
    CHECK(results["rankings"][0]["n"] == (formats == "full" ? 24 : 23));
    const std::string left_out =
        concat(formats == all ? "" : "at most ", "1 of 24 items left out: item-7: [quantlens.n_ctx] '");
    CHECK_THAT(first.err, Catch::Contains("tiny/nle: " + left_out));
    CHECK_THAT(first.out, Catch::Contains("\n" + left_out));

    const std::string journal = read_text(program.out() / "items.jsonl");
    CHECK_THAT(journal, Catch::Contains("\"item\":\"item-7\"") && Catch::Contains("\"error\":\"[quantlens.n_ctx]"));
    program.provider.refuses.clear();  // a run that asked again would have answers
    REQUIRE(program.run(three_formats).status == 0);
    CHECK(scores_of(program.results()) == scores_of(results));
    CHECK(read_text(program.out() / "items.jsonl") == journal);
  }
}

TEST_CASE("bench program: more failed items than the share fail the cell, and no other one", "[report]") {
  Program program(24);
  program.provider.refuses["rtn-w8"] = "number 1";  // and 10 to 19
  const Result result = program.run(three_formats);
  CHECK(result.status == 1);
  Json rows = program.results()["rows"];
  CHECK(rows[0]["status"] == "ok");
  CHECK(rows[1]["status"] == "failed");
  CHECK(rows[1]["n_failed"] == 11);
  CHECK(rows[1]["failed_items"].size() == 5);
  CHECK_THAT(rows[1]["error"].get<std::string>(), Catch::StartsWith("[quantlens.n_ctx] ") &&
                                                      Catch::Contains("; 11 of 24 items failed (item-") &&
                                                      Catch::Contains("more than the 5 %"));
  CHECK(rows[2]["metrics"]["accuracy"]["n_paired"] == 24);

  const std::string journal = read_text(program.out() / "items.jsonl");
  CHECK(program.run(with(three_formats, {"--max-failed-items", "0.45"})).status == 1);
  CHECK(read_text(program.out() / "items.jsonl") == journal);
  CHECK(program.run(with(three_formats, {"--max-failed-items", "0.46"})).status == 0);
  rows = program.results()["rows"];
  CHECK(rows[1]["n"] == 13);
  CHECK(rows[1]["metrics"]["accuracy"]["n_paired"] == 13);
  CHECK(rows[1]["latency"]["p50_ms"].is_number());
}
