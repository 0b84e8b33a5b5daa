#include "quantlens/app/run_progress.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

#include "program_harness.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const std::vector<std::string> two_formats{"--model",  "m.gguf",  "--formats", "full,rtn-w8",      "--tasks",
                                           "tiny/nle", "--batch", "2",         "--latency-rounds", "2"};

}  // namespace

TEST_CASE("run progress: without a terminal each finished cell and each round is a line", "[report]") {
  Program program;
  const std::vector<std::string> lines = lines_of(program.run(two_formats).err);
  REQUIRE(lines.size() == 4);
  CHECK_THAT(lines[0], Catch::StartsWith("tiny/nle/full: n 12, accuracy 0.667, ") && Catch::Contains("s, ETA "));
  CHECK_THAT(lines[1], Catch::StartsWith("tiny/nle/rtn-w8: n 12, accuracy 0."));
  CHECK_THAT(lines[2], Catch::StartsWith("latency round 1 of 2: "));
  CHECK_THAT(lines[3], Catch::StartsWith("latency round 2 of 2: ") && Catch::EndsWith("ETA 0s"));
  Program quiet;
  CHECK(quiet.run(with(two_formats, {"--quiet"})).err.empty());
}

TEST_CASE("run progress: a failed cell says so at once", "[report]") {
  Program program;
  program.provider.fails = "rtn-w8";
  CHECK_THAT(lines_of(program.run(two_formats).err).at(1),
             Catch::StartsWith("tiny/nle/rtn-w8: failed, ") && Catch::Contains("groups of 128"));
}

TEST_CASE("run progress: an interrupted run says where it is and how it goes on", "[report]") {
  Program program(200);
  program.slow = true;
  const pid_t child = program.start(with(two_formats, {"--quiet"}));
  for (int i = 0; i < 4000 && read_text(program.out() / "items.jsonl").find("tiny/nle/rtn-w8") == std::string::npos;
       ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ::kill(child, SIGINT);
  const Result result = program.wait(child);
  CHECK(result.status == 130);
  CHECK(result.err == "interrupted after 1 of 2 cells; the same command goes on from there\n");
}

TEST_CASE("run progress: lines of an older journal are noted once", "[report]") {
  Program program;
  REQUIRE(program.run(two_formats).status == 0);
  std::string old;
  for (const std::string& line : lines_of(read_text(program.out() / "items.jsonl"))) {
    Json object = Json::parse(line);
    object.erase("crc");
    old += object.dump() + "\n";
  }
  write_text(program.out() / "items.jsonl", old);
  const std::vector<std::string> lines = lines_of(program.run(with(two_formats, {"--quiet"})).err);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], Catch::StartsWith("note: ") && Catch::Contains("without checksums"));
}

TEST_CASE("run progress: a file size limit fails with the file's name, not by a signal", "[report]") {
  Program program;
  program.file_limit = 700;
  const Result result = program.run(with(two_formats, {"--quiet"}));
  CHECK(result.status == 1);
  CHECK_THAT(result.err, Catch::Contains("items.jsonl") && Catch::Contains("File too large"));
}
