// A study by the name: its plan, its own part of results.json, and a run that goes on.
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "program_harness.hpp"

using namespace quantlens::test;
using Catch::Contains;

namespace {

/// The tiny task in place of one of the study's stand-ins.
void write_stand_in(const Program& program) {
  const std::filesystem::path folder = program.folder.path() / "tasks";
  std::string toml(tiny_task);
  toml.replace(toml.find("\"tiny\""), 6, "\"world_nli\"");
  write_text(folder / "world_nli/task.toml", toml);
  write_text(folder / "world_nli/test.jsonl", read_text(folder / "tiny/test.jsonl"));
}

const std::vector<std::string> small_study{"--model",           "m.gguf",    "--study",
                                           "self-explanations", "--columns", "full,rtn-w8,rtn-w2-g64"};

}  // namespace

TEST_CASE("bench program: a study plans its own tasks and protocols, and nothing else", "[report]") {
  Program program;
  write_stand_in(program);
  const Result result = program.run(with(small_study, {"--list"}));
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(lines_of(result.out) == std::vector<std::string>{"world_nli/nle/full", "world_nli/perturb_test/full",
                                                         "world_nli/nle/rtn-w8", "world_nli/perturb_test/rtn-w8",
                                                         "world_nli/nle/rtn-w2-g64",
                                                         "world_nli/perturb_test/rtn-w2-g64"});
}

TEST_CASE("bench program: a study is in results.json and on the console, and the same after a resumed run",
          "[report]") {
  Program program;
  write_stand_in(program);
  const Result result = program.run(small_study);
  INFO(result.err);
  REQUIRE(result.status == 0);
  const Json results = program.results();
  CHECK(results["manifest"]["study"] == "self-explanations");
  CHECK(results["manifest"]["latency_items"] == 0);
  const Json& study = results["study"];
  CHECK(study["name"] == "self-explanations");
  CHECK(study["columns"] == Json{"full", "rtn-w8", "rtn-w2-g64"});
  REQUIRE(study["parts"].size() == 1);
  CHECK(study["parts"][0]["stands_for"] == "esnli");
  // Every third of the tiny task's items is about sports.
  CHECK(study["parts"][0]["measures"][0]["chance"].get<double>() == Approx(2.0 / 3));
  CHECK(study["published"]["rows"].size() == 6);  // the full models
  for (const char* text : {"Study self-explanations (arXiv 2601.00282)", "explanations of world_nli, in place of esnli",
                           "Mean ranks by change to the baseline", "Published: arXiv 2601.00282v1, Table 1"})
    CHECK_THAT(result.out, Contains(text));

  const Result again = program.run(small_study);
  CHECK(again.status == 0);
  CHECK(program.results()["study"] == study);
}

TEST_CASE("bench program: flags beside a study change what it measures", "[report]") {
  Program program;
  write_stand_in(program);
  const Result result =
      program.run(with(small_study, {"--tasks", "world_nli/nle", "--formats", "rtn-w8", "--limit", "4"}));
  INFO(result.err);
  REQUIRE(result.status == 0);
  const Json results = program.results();
  REQUIRE(results["rows"].size() == 1);
  CHECK(results["rows"][0]["format"] == "rtn-w8");
  CHECK(results["rows"][0]["n"] == 4);
  CHECK(results["study"]["mean_ranks"].empty());
}

TEST_CASE("bench program: without a study there is none in results.json", "[report]") {
  Program program;
  REQUIRE(program.run(three_formats).status == 0);
  CHECK(program.results()["study"].is_null());
  CHECK(program.results()["manifest"]["study"].is_null());
}
