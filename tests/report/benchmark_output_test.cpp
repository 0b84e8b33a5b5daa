#include "quantlens/report/benchmark_output.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "../app/program_harness.hpp"
#include "quantlens/app/bench_program.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// Two tasks whose protocols have different metrics, and a first cell that fails.
struct MixedRun {
  Program program;
  std::vector<std::string> arguments{"--model",        "m.gguf",  "--formats", "rtn-w8,full,rtn-w2-g64", "--tasks",
                                     "tiny/nle,facts", "--limit", "4",         "--latency-items",        "1"};

  explicit MixedRun(const std::string& fails = "") {
    write_facts_task(program.folder.path() / "tasks");
    program.provider.fails = fails;
  }
  [[nodiscard]] std::string file() const { return (program.folder.path() / "gb").string(); }
  Result run(const std::vector<std::string>& more) { return program.run(with(arguments, more)); }
};

/// The rows of Google Benchmark's CSV, which begins with its header.
std::vector<std::string> csv_rows(const std::string& text) {
  std::vector<std::string> lines = lines_of(text);
  const auto header =
      std::find_if(lines.begin(), lines.end(), [](const std::string& line) { return line.starts_with("name,"); });
  return {header, lines.end()};
}

std::set<std::string> counters_of(const Json& run) {
  std::set<std::string> names;
  for (const auto& entry : run.items())
    if (entry.key().starts_with("ql_")) names.insert(entry.key());
  return names;
}

}  // namespace

TEST_CASE("benchmark output: cells of different metrics, and failed ones, fit into one CSV", "[report]") {
  for (const char* fails : {"", "rtn-w8"}) {
    MixedRun mixed(fails);
    const Result result =
        mixed.run({"--benchmark_format=csv", "--benchmark_out_format=csv", "--benchmark_out=" + mixed.file()});
    INFO(result.err);
    REQUIRE(result.status == (*fails == '\0' ? 0 : 1));
    CHECK(mixed.program.results()["rows"].size() == 6);
    for (const std::string& text : {result.out, read_text(mixed.file())}) {
      const std::vector<std::string> rows = csv_rows(text);
      REQUIRE(rows.size() == 7);
      for (const char* counter : {"ql_rouge_l\"", "ql_recall_full\"", "ql_recall_full_n\"", "ql_accuracy_delta\""})
        CHECK_THAT(rows[0], Catch::Contains(counter));
      if (*fails == '\0')
        for (const std::string& row : rows)
          CHECK(std::count(row.begin(), row.end(), ',') == std::count(rows[0].begin(), rows[0].end(), ','));
      else
        CHECK_THAT(rows[1], Catch::Contains("groups of 128"));
      CHECK_THAT(text, !Catch::Contains("nan") && !Catch::Contains("inf,"));
    }
  }
}

TEST_CASE("benchmark output: every run of JSON has every counter, and with repetitions nothing is NaN", "[report]") {
  for (const char* fails : {"", "rtn-w8"}) {
    MixedRun mixed(fails);
    const Result result = mixed.run(
        {"--benchmark_format=json", "--benchmark_repetitions=3", "--benchmark_out=" + mixed.file(), "--quiet"});
    INFO(result.err);
    REQUIRE(result.status == (*fails == '\0' ? 0 : 1));
    CHECK(result.err.find("incomplete") == std::string::npos);
    CHECK(mixed.program.results()["rows"].size() == 18);
    for (const std::string& text : {result.out, read_text(mixed.file())}) {
      const Json report = Json::parse(text);
      const Json& runs = report["benchmarks"];
      const std::size_t n_failed = *fails == '\0' ? 0 : 2;
      REQUIRE(runs.size() == 6 * 3 + (6 - n_failed) * 4);
      for (const Json& run : runs) {
        CHECK(counters_of(run) == counters_of(runs[0]));
        for (const auto& entry : run.items())
          if (entry.key().starts_with("ql_")) CHECK(entry.value().is_number());
        if (run.contains("error_message")) CHECK(run["error_occurred"] == true);
      }
      CHECK(runs[4]["run_type"] == (*fails == '\0' ? "aggregate" : "iteration"));
    }
  }
}

TEST_CASE("benchmark output: repetitions go into CSV, too, and a console format into a file", "[report]") {
  MixedRun mixed;
  const Result csv = mixed.run({"--benchmark_format=csv", "--benchmark_repetitions=2"});
  REQUIRE(csv.status == 0);
  CHECK(csv_rows(csv.out).size() == 1 + 6 * 2 + 6 * 4);
  CHECK_THAT(csv.out, !Catch::Contains("nan"));
  const Result console = mixed.run({"--benchmark_out_format=console", "--benchmark_out=" + mixed.file()});
  REQUIRE(console.status == 0);
  CHECK_THAT(read_text(mixed.file()), Catch::Contains("tiny/nle/full"));
  CHECK_THAT(console.out, Catch::StartsWith("tiny/nle\n"));
}

TEST_CASE("benchmark output: a counter that a row has no value for is 0, and its n says so", "[report]") {
  MixedRun mixed;
  const Json runs = Json::parse(mixed.run({"--benchmark_format=json"}).out)["benchmarks"];
  for (const Json& run : runs) {
    const bool is_facts = run["name"].get<std::string>().starts_with("facts");
    CHECK(run["ql_accuracy_n"] == (is_facts ? 0 : 4));
    CHECK(run["ql_recall_full_n"] == (is_facts ? 4 : 0));
    if (is_facts) CHECK(run["ql_accuracy"] == 0);
  }
}

TEST_CASE("benchmark output: a file that cannot be written is wrong use, before anything runs", "[report]") {
  MixedRun mixed;
  for (const std::string& path : {mixed.program.folder.path().string(), std::string("/nowhere/at/all.json")}) {
    const Result result = mixed.run({"--benchmark_out=" + path});
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Catch::Contains("--benchmark_out: cannot write to " + path));
    CHECK_FALSE(std::filesystem::exists(mixed.program.out()));
  }
}

TEST_CASE("benchmark output: results.json is there whatever becomes of Google Benchmark's file", "[report]") {
  MixedRun mixed;
  const Result result = mixed.run({"--benchmark_out=/dev/full"});
  CHECK(mixed.program.results()["rows"].size() == 6);
  CHECK(result.status == 0);
}

TEST_CASE("benchmark output: JSON on standard output and in a file, and the names of all cells", "[report]") {
  Program program;
  const std::vector<std::string> arguments{"--model", "m.gguf",  "--formats", "full,rtn-w8,rtn-w2-g64",
                                           "--tasks", "tiny/nle"};
  const std::string path = (program.folder.path() / "gb.json").string();
  const Result result =
      program.run(with(arguments, {"--benchmark_format=json", "--benchmark_out=" + path, "--limit", "3"}));
  INFO(result.err);
  REQUIRE(result.status == 0);
  for (const std::string& text : {result.out, read_text(path)}) {
    const Json report = Json::parse(text);
    REQUIRE(report["benchmarks"].size() == 3);
    CHECK(report["benchmarks"][0]["name"] == "tiny/nle/full/iterations:1/manual_time");
    CHECK(report["benchmarks"][0]["ql_n"] == 3);
    CHECK(report["benchmarks"][0]["ql_accuracy"].is_number());
    CHECK(report["benchmarks"][0]["iterations"] == 1);
  }
  CHECK_THAT(program.run(with(arguments, {"--benchmark_list_tests=true"})).out, Catch::StartsWith("tiny/nle/full\n"));
}
