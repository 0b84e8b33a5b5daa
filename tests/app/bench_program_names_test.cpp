// What a name on the command line means, whatever lies in the working folder, and where output goes.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "program_harness.hpp"

using namespace quantlens::test;
using Catch::Contains;

namespace {

/// Runs a test in a folder, and goes back at its end.
struct WorkingFolder {
  explicit WorkingFolder(const std::filesystem::path& folder) { std::filesystem::current_path(folder); }
  ~WorkingFolder() { std::filesystem::current_path(before); }
  std::filesystem::path before = std::filesystem::current_path();
};

}  // namespace

TEST_CASE("bench program: a format's name is the format, though a file is called so", "[report]") {
  Program program;
  const WorkingFolder here(program.folder.path());
  for (const char* name : {"full", "rtn-w8", "other.gguf"}) write_text(program.folder.path() / name, "x");
  CHECK(report_detail::baseline_model("full") == std::nullopt);
  CHECK(report_detail::baseline_model("rtn-w8") == std::nullopt);
  CHECK(report_detail::baseline_model("nothing") == std::nullopt);
  CHECK(report_detail::baseline_model("./full") == "./full");
  CHECK(report_detail::baseline_model("other.gguf") == "other.gguf");
  const Result result = program.run({"--tasks", "tiny/nle", "--formats", "full,rtn-w8"});
  CHECK(result.status == 0);
  CHECK(program.results()["manifest"]["baseline"] == "full");
}

TEST_CASE("bench program: output that does not fit ends it with 1", "[report]") {
  std::ofstream full("/dev/full");
  if (!full) return;
  const OpenModel none = [](const std::filesystem::path&, const BenchOptions&) -> std::unique_ptr<ModelProvider> {
    throw Error("file", "no model is needed");
  };
  for (const char* flag : {"--help", "--version"}) {
    std::ostringstream err;
    const std::vector<std::string> arguments{flag};
    CHECK(run_bench_program(arguments, none, full, err) == 1);
    CHECK_THAT(err.str(), Contains("[quantlens.write] cannot write to standard output"));
    full.clear();
  }
}

TEST_CASE("bench program: paths that the system does not take, and names that a terminal should not show", "[report]") {
  Program program;
  std::filesystem::create_symlink("loop", program.folder.path() / "loop");
  const OpenModel open = [&](const std::filesystem::path& path, const BenchOptions&) {
    return std::make_unique<SharedProvider>(program.provider, path, false);
  };
  const auto refused = [&](const std::vector<std::string>& arguments, const std::string& fragment) {
    std::ostringstream out, err;
    CHECK(run_bench_program(arguments, open, out, err) == 2);
    CHECK(out.str().empty());
    CHECK_THAT(err.str(), Catch::StartsWith("[quantlens.") && Contains(fragment));
  };
  const std::string loop = (program.folder.path() / "loop").string(), long_name(5000, 'x');
  refused({"--tasks-dir", loop}, "Too many levels of symbolic links");
  refused({"--tasks-dir", long_name}, "File name too long");
  refused({"--tasks-dir", program.tasks(), "--baseline", long_name}, "unknown quantization method");
  refused({"--tasks-dir", program.tasks(), "--tasks", "caf\xe9\x1b[2J"}, "unknown task 'caf\\xe9\\x1b[2J'");
}

TEST_CASE("bench program: what Google Benchmark writes may be a device", "[report]") {
  Program program;
  CHECK(program.run({"--tasks", "tiny/nle", "--formats", "full", "--benchmark_out=/dev/null"}).status == 0);
}

TEST_CASE("bench program: every --tasks-dir adds tasks to those that come with it", "[report]") {
  Program program(3);
  const TempFolder facts, others;
  write_facts_task(facts.path());
  write_tiny_task(others.path(), 7);
  const std::vector<std::string> list{"--list", "--formats", "full", "--tasks", "tiny/nle,facts"};
  CHECK_THAT(program.run(list).err, Contains("unknown task 'facts'"));
  const std::vector<std::string> more = with(list, {"--tasks-dir", facts.path().string()});
  CHECK(program.run(more).out == "tiny/nle/full\nfacts/recall/full\n");
  const std::vector<std::string> all = with(more, {"--tasks-dir", others.path().string()});
  CHECK(program.run(all).out == "tiny/nle/full\nfacts/recall/full\n");
  std::vector<std::string> measured(all.begin() + 1, all.end());
  REQUIRE(program.run(with(measured, {"--model", "m.gguf", "--latency-items", "0"})).status == 0);
  CHECK(program.results()["rows"][0]["n"] == 7);
  std::filesystem::remove_all(program.tasks());
  CHECK(program.run(all).out == "tiny/nle/full\nfacts/recall/full\n");
}
