#include "quantlens/app/bench_program.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "program_harness.hpp"
#include "quantlens/bench/journal.hpp"
#include "quantlens/metrics/metric_info.hpp"
#include "quantlens/protocols/registry.hpp"
#include "quantlens/report/text_table.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& entry : object.items()) keys.insert(entry.key());
  return keys;
}

}  // namespace

TEST_CASE("bench program: each row has every key of the schema, and the baseline's deltas are null", "[report]") {
  Program program;
  const Result result = program.run(three_formats);
  INFO(result.err);
  REQUIRE(result.status == 0);
  const Json results = program.results();
  CHECK(results["schema"] == "quantlens-results/1");
  CHECK(keys_of(results) == std::set<std::string>{"schema", "manifest", "rows", "rankings", "study"});
  REQUIRE(results["rows"].size() == 3);
  for (const Json& row : results["rows"]) {
    CHECK(keys_of(row) == std::set<std::string>{"model", "format", "task", "repetition", "status", "error", "reproduce",
                                                "n", "n_failed", "failed_items", "no_deltas", "metrics", "groups",
                                                "latency", "memory", "provenance"});
    CHECK(keys_of(row["latency"]) == std::set<std::string>{"prompt_tokens_per_s", "generated_tokens_per_s",
                                                           "items_per_s", "ttft_ms", "p50_ms", "p95_ms",
                                                           "decode_tokens_per_s", "spread", "rounds", "threads",
                                                           "others_processors", "mistrusted", "reason"});
    CHECK(keys_of(row["latency"]["spread"]) ==
          std::set<std::string>{"ttft_ms", "p50_ms", "p95_ms", "decode_tokens_per_s"});
    CHECK(row["latency"]["rounds"] == 5);
    CHECK(row["latency"]["threads"] == 1);
    CHECK(row["latency"]["mistrusted"] == false);
    CHECK(row["latency"]["reason"].is_null());
    CHECK(keys_of(row["memory"]) == std::set<std::string>{"peak_mib", "own_mib", "weight_mib"});
    CHECK(keys_of(row["provenance"]) == std::set<std::string>{"model_sha256", "scheme", "prompts", "bits_per_weight",
                                                              "bits_per_weight_model", "isa", "threads",
                                                              "source_quantized"});
    CHECK(row["metrics"].size() == known_metrics().size());
    CHECK(row["groups"] == Json::object());
    CHECK(row["provenance"]["prompts"] == "plain");
    for (const auto& metric : row["metrics"].items())
      CHECK(keys_of(metric.value()) == std::set<std::string>{"value", "lo", "hi", "n", "delta", "delta_lo", "delta_hi",
                                                             "n_paired", "gained", "lost", "p", "p_holm", "mde", "note",
                                                             "better", "beside"});
    CHECK(row["status"] == "ok");
    CHECK(row["reproduce"].is_null());
    CHECK(row["n"] == 12);
    CHECK(row["task"] == "tiny/nle");
    CHECK(row["latency"]["ttft_ms"] == 2.0);
    CHECK(row["metrics"]["flip_hard"]["n"] == 0);
    CHECK(row["metrics"]["flip_hard"]["value"].is_null());
  }
  const Json& full = results["rows"][0]["metrics"]["accuracy"];
  CHECK(full["n"] == 12);
  CHECK(full["n_paired"] == 0);
  for (const char* key : {"delta", "delta_lo", "delta_hi", "p", "p_holm", "mde"}) CHECK(full[key].is_null());
  const Json& two_bit = results["rows"][2]["metrics"];
  CHECK(two_bit["accuracy"]["n_paired"] == 12);
  CHECK(two_bit["accuracy"]["delta"].is_number());
  CHECK(two_bit["accuracy"]["p_holm"] >= two_bit["accuracy"]["p"]);
  CHECK(two_bit["macro_f1"]["value"].is_number());
}

TEST_CASE("bench program: the value in a row is the mean over the journal's items", "[report]") {
  Program program;
  REQUIRE(program.run(three_formats).status == 0);
  std::map<std::string, double> right;
  std::istringstream journal(read_text(program.out() / "items.jsonl"));
  for (std::string text; std::getline(journal, text);) {
    const Json line = Json::parse(text);
    if (line["kind"] != "item") continue;
    CHECK(line["record"]["transcript"].size() >= 2);
    right[line["cell"]] += line["record"]["gold"] == line["record"]["predicted"] ? 1 : 0;
  }
  const Json results = program.results();
  for (const Json& row : results["rows"])
    CHECK(row["metrics"]["accuracy"]["value"] ==
          Approx(right.at(concat("tiny/nle/", row["format"].get<std::string>())) / 12));
}

TEST_CASE("bench program: the quantized formats are ranked, in the file and on the console", "[report]") {
  Program program;
  const Result result = program.run(three_formats);
  const Json results = program.results();
  std::vector<std::string> aspects;
  for (const Json& ranking : results["rankings"]) {
    aspects.push_back(ranking["aspect"]);
    CHECK(keys_of(ranking) == std::set<std::string>{"aspect", "metric", "tasks", "n", "decided", "best", "contenders",
                                                    "formats", "note", "left_out"});
    CHECK(ranking["formats"].size() == 2);
  }
  CHECK(aspects == std::vector<std::string>{"accuracy", "explanation", "size", "speed"});
  const Json& accuracy = results["rankings"][0];
  CHECK(accuracy["n"] == 12);
  for (const Json& format : accuracy["formats"]) {
    const std::size_t row = format["format"] == "rtn-w8" ? 1 : 2;
    CHECK(format["value"].get<double>() == Approx(results["rows"][row]["metrics"]["accuracy"]["value"].get<double>()));
  }
  CHECK_THAT(result.out, Catch::Contains("\nWhich of 2 quantized formats is best\n") &&
                             Catch::Contains("\nfor size         cannot decide: rtn-w8 12.50, rtn-w2-g64 12.50"));
}

TEST_CASE("bench program: a task about facts has its own metrics, and means for each group", "[report]") {
  Program program;
  write_facts_task(program.folder.path() / "tasks");
  const Result result = program.run(with(three_formats, {"--tasks", "facts"}));
  INFO(result.err);
  REQUIRE(result.status == 0);
  std::map<std::string, std::pair<int, double>> right;  // of `full`, by relation: items, and sum of recall_full
  std::istringstream journal(read_text(program.out() / "items.jsonl"));
  for (std::string text; std::getline(journal, text);) {
    const Json line = Json::parse(text);
    if (line["kind"] != "item" || line["cell"] != "facts/recall/full") continue;
    auto& [n, sum] = right[line["record"]["group"]];
    ++n;
    sum += line["record"]["scores"]["recall_full"].get<double>();
  }
  const Json row = program.results()["rows"][0];
  CHECK(row["task"] == "facts/recall");
  CHECK(row["metrics"]["accuracy"]["n"] == 0);
  CHECK(row["metrics"]["recall_macro"]["n"] == 9);
  CHECK(keys_of(row["groups"]) == std::set<std::string>{"big", "small"});
  REQUIRE(right.size() == 2);
  for (const auto& [relation, counts] : right) {
    const Json& group = row["groups"][relation];
    CHECK(keys_of(group) ==
          std::set<std::string>{"generated_tokens", "n", "recall_full", "recall_strict", "recall_top1"});
    CHECK(group["n"] == counts.first);
    CHECK(group["recall_full"] == Approx(counts.second / counts.first));
  }
  CHECK(right["big"].first == 6);
}

TEST_CASE("bench program: data go to stdout, and it fits a terminal", "[report]") {
  Program program;
  const Result result = program.run(with(three_formats, {"--quiet"}));
  CHECK(result.err.empty());
  CHECK_THAT(result.out, Catch::StartsWith("tiny/nle\n") && Catch::Contains("full of a Q4_1+Q8_0 file"));
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= 120);
}

TEST_CASE("bench program: --list and --version ask the model nothing", "[report]") {
  Program program;
  CHECK(program.run({"--list", "--formats", "full,rtn-w8"}).out ==
        "tiny/nle/full\ntiny/self_consistency_words/full\ntiny/perturb_test/full\n"
        "tiny/nle/rtn-w8\ntiny/self_consistency_words/rtn-w8\ntiny/perturb_test/rtn-w8\n");
  CHECK_THAT(program.run({"--version"}).out, Catch::StartsWith("quantlens_bench "));
  CHECK_FALSE(std::filesystem::exists(program.out()));
}

TEST_CASE("bench program: wrong use ends with 2 before anything runs", "[report]") {
  Program program;
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"--model", "missing.gguf"}, "no such file"},
      {{"--model", "m", "--formats", "rtm-w8"}, "did you mean 'rtn'"},
      {{"--model", "m", "--formats", "full-a8"}, "format 'full-a8'"},
      {{"--model", "m", "--tasks", "tyni/nle"}, "did you mean 'tiny'"},
      {{"--model", "m", "--tasks", "tiny/nel"}, "did you mean 'nle'"},
      {{"--model", "m", "--baseline", "none"}, "none"},
      {{"--model", "m", "--nonsense"}, "unknown flag"},
      {{"--model", "m", "--benchmark_nonsense=1"}, "--benchmark_nonsense"},
      {{"--model", "m", "--benchmark_filter=zzz"}, "names no cell"},
      {{"--model", "m", "--benchmark_filter=iterations"}, "names no cell"},
      {{"--model", "m", "--benchmark_filter=(rtn"}, "no regular expression"},
      {{"--model", "m", "--max-failed-items", "1.5"}, "a share from 0 to 1"},
      {{"--model", "m", "--max-failed-items", "nan"}, "a share from 0 to 1"},
      {{"--model", "m", "--benchmark_repetitions=x"}, "--benchmark_repetitions"},
  };
  for (const auto& [arguments, message] : wrong) {
    const Result result = program.run(arguments);
    INFO(message << " in: " << result.err);
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Catch::Contains(message));
    CHECK(result.out.empty());
    CHECK_FALSE(std::filesystem::exists(program.out()));
  }
}

TEST_CASE("bench program: a failed cell has a row, the others run on, the status is 1", "[report]") {
  Program program;
  program.provider.fails = "rtn-w8";
  const Result result = program.run(three_formats);
  CHECK(result.status == 1);
  const Json results = program.results();
  REQUIRE(results["rows"].size() == 3);
  const Json& failed = results["rows"][1];
  CHECK(failed["status"] == "failed");
  CHECK_THAT(failed["error"].get<std::string>(), Catch::Contains("groups of 128"));
  const auto again = failed["reproduce"].get<std::string>();
  CHECK_THAT(again, Catch::StartsWith("quantlens_bench --"));
  CHECK_THAT(again, Catch::EndsWith(" --tasks tiny/nle --formats rtn-w8 --limit all --out quantlens-again"));
  CHECK(failed["n"] == 0);
  CHECK(failed["metrics"]["accuracy"]["n"] == 0);
  CHECK(failed["memory"]["weight_mib"].is_null());
  CHECK(results["rows"][2]["status"] == "ok");
  CHECK(results["rows"][2]["metrics"]["accuracy"]["delta"].is_number());
  CHECK_THAT(result.out, Catch::Contains("failed: rtn-w8"));
}

TEST_CASE("bench program: where the baseline fails the others have values without deltas", "[report]") {
  Program program;
  program.provider.fails = "full";
  const Result result = program.run({"--model", "m", "--formats", "rtn-w8", "--tasks", "tiny/nle"});
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("no deltas for rtn-w8: the baseline failed"));
  const Json results = program.results();
  REQUIRE(results["rows"].size() == 1);
  CHECK(results["rows"][0]["metrics"]["accuracy"]["value"].is_number());
  CHECK(results["rows"][0]["metrics"]["accuracy"]["delta"].is_null());
  CHECK_THAT(results["rows"][0]["no_deltas"].get<std::string>(), Catch::Contains("groups of 128"));
  CHECK(results["manifest"]["baseline_error"].is_string());
}

TEST_CASE("bench program: rows without deltas are named, those that have them are not", "[report]") {
  Program program;
  program.provider.fails = "rtn-w8";
  const Result result = program.run(
      {"--model", "m", "--formats", "rtn-w2-g64,rtn-w8,full", "--tasks", "tiny/nle", "--baseline", "rtn-w8"});
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("no deltas for rtn-w2-g64, full: the baseline failed"));
  const Json results = program.results();
  for (const Json& row : results["rows"]) CHECK(row["no_deltas"].is_null() == (row["format"] == "rtn-w8"));
}

TEST_CASE("bench program: the baseline runs unseen where a filter or --formats leaves it out", "[report]") {
  Program program;
  REQUIRE(program.run(three_formats).status == 0);
  const Json whole = program.results();
  for (const std::vector<std::string>& arguments :
       {with(three_formats, {"--benchmark_filter=rtn-w2"}),
        std::vector<std::string>{"--model", "m", "--formats", "rtn-w2-g64", "--tasks", "tiny/nle", "--batch", "2"}}) {
    Program filtered;
    REQUIRE(filtered.run(arguments).status == 0);
    const Json results = filtered.results();
    REQUIRE(results["rows"].size() == 1);
    Json expected = whole["rows"][2]["metrics"]["accuracy"];
    Json got = results["rows"][0]["metrics"]["accuracy"];
    expected.erase("p_holm");  // one format fewer to correct for
    got.erase("p_holm");
    CHECK(got == expected);
    CHECK(results["rows"][0]["metrics"]["accuracy"]["p_holm"] == got["p"]);
  }
}

TEST_CASE("bench program: --baseline takes another format or another model file", "[report]") {
  Program program;
  REQUIRE(program.run(with(three_formats, {"--baseline", "rtn-w8"})).status == 0);
  Json rows = program.results()["rows"];
  CHECK(rows[0]["metrics"]["accuracy"]["delta"].is_number());
  CHECK(rows[1]["metrics"]["accuracy"]["delta"].is_null());

  write_text(program.folder.path() / "other.gguf", "x");
  const std::string other = (program.folder.path() / "other.gguf").string();
  REQUIRE(program.run({"--model", "m", "--formats", "full", "--tasks", "tiny/nle", "--baseline", other}).status == 0);
  rows = program.results()["rows"];
  CHECK(rows[0]["metrics"]["accuracy"]["n_paired"] == 12);
  CHECK(program.results()["manifest"]["baseline"] == "full of " + other);
}

TEST_CASE("bench program: repetitions are rows of their own, computed once each", "[report]") {
  Program program;
  REQUIRE(program.run(with(three_formats, {"--benchmark_repetitions=2", "--benchmark_min_warmup_time=0.01"})).status ==
          0);
  const Json rows = program.results()["rows"];
  REQUIRE(rows.size() == 6);
  CHECK(rows[0]["repetition"] == 0);
  CHECK(rows[1]["repetition"] == 1);
}

TEST_CASE("bench program: killed at any moment, it resumes to the same scores and repeats no finished item",
          "[report]") {
  Program reference;
  REQUIRE(reference.run(three_formats).status == 0);

  Program program;
  program.slow = true;
  int kills = 0;
  for (int round = 0; round < 60; ++round) {
    const pid_t child = program.start(three_formats);
    std::this_thread::sleep_for(std::chrono::milliseconds(30 + 7 * (round % 9)));
    ::kill(child, SIGKILL);
    const Result result = program.wait(child);
    if (result.status == -SIGKILL) ++kills;
    if (result.status == 0) break;
  }
  program.slow = false;
  REQUIRE(program.run(three_formats).status == 0);
  CHECK(kills > 0);
  CHECK(scores_of(program.results()) == scores_of(reference.results()));

  std::map<std::string, int> computed;
  std::istringstream journal(read_text(program.out() / "items.jsonl"));
  for (std::string text; std::getline(journal, text);) {
    const Json line = Json::parse(text);
    if (line["kind"] == "item") ++computed[line["key"].get<std::string>()];
  }
  CHECK(computed.size() == 3 * 12);
  for (const auto& entry : computed) CHECK(entry.second == 1);
}

TEST_CASE("bench program: correlations over edits are the same when the edits come from the journal", "[report]") {
  Program program;
  const std::filesystem::path folder = program.folder.path() / "tasks/tiny";
  std::string toml(tiny_task);
  toml.insert(toml.find("[labels]"), "insertions = \"words\"\n");
  std::istringstream items(read_text(folder / "test.jsonl"));
  std::string with_words;
  for (std::string text; std::getline(items, text);) {
    Json item = Json::parse(text);
    item["words"] = "0:goals:business 1:banks:sports 2:teams:harmless";
    with_words += item.dump() + "\n";
  }
  write_text(folder / "task.toml", toml);
  write_text(folder / "test.jsonl", with_words);

  const std::vector<std::string> arguments{
      "--model", "m.gguf", "--formats", "full,rtn-w2-g64", "--tasks", "tiny/perturb_test", "--latency-items", "0"};
  REQUIRE(program.run(arguments).status == 0);
  const Json computed = program.results();
  const Json& metrics = computed["rows"][1]["metrics"];
  for (const char* metric : {"flips_mentioned", "cct", "phi_cct"}) {
    CAPTURE(metric);
    CHECK(metrics[metric]["n"] == 12);
    CHECK(metrics[metric]["n_paired"] == 12);
    for (const char* key : {"value", "lo", "hi", "delta", "delta_lo", "delta_hi", "p", "p_holm"})
      CHECK(metrics[metric][key].is_number());
  }
  REQUIRE(program.run(arguments).status == 0);
  CHECK(scores_of(program.results()) == scores_of(computed));
}

TEST_CASE("bench program: SIGTERM ends it with 143 and what is complete", "[report]") {
  Program program(200);
  program.slow = true;
  const pid_t child = program.start(three_formats);
  const std::string first_cell = "\"cell\":\"tiny/nle/rtn-w8\"";
  for (int i = 0; i < 2000 && read_text(program.out() / "items.jsonl").find(first_cell) == std::string::npos; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGTERM);
  const Result result = program.wait(child);
  CHECK(result.status == 143);
  const Json results = program.results();
  CHECK(results["manifest"]["interrupted"] == true);
  REQUIRE(results["rows"].size() == 1);
  CHECK(results["rows"][0]["format"] == "full");
  CHECK(results["rows"][0]["n"] == 200);
}

TEST_CASE("bench program: two runs on one folder are refused", "[report]") {
  Program program;
  std::filesystem::create_directories(program.out());
  const Journal other(program.out() / "items.jsonl");
  const Result result = program.run(three_formats);
  CHECK(result.status == 2);
  CHECK_THAT(result.err, Catch::Contains("another folder"));
}

TEST_CASE("bench program: a full disk ends it with 1, names the file, and leaves the old results", "[report]") {
  Program program;
  REQUIRE(program.run(with(three_formats, {"--limit", "4"})).status == 0);
  const std::string before = read_text(program.out() / "results.json");

  program.file_limit = std::filesystem::file_size(program.out() / "items.jsonl") + 1000;
  const Result no_journal = program.run(three_formats);
  CHECK(no_journal.status == 1);
  CHECK_THAT(no_journal.err, Catch::Contains("items.jsonl"));
  CHECK(read_text(program.out() / "results.json") == before);

  program.file_limit = 500;
  const Result no_results = program.run(with(three_formats, {"--limit", "4"}));
  CHECK(no_results.status == 1);
  CHECK_THAT(no_results.err, Catch::Contains("results.json"));
  CHECK(read_text(program.out() / "results.json") == before);
}
