#include "quantlens/app/bench_command_line.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

BenchCommandLine parse(const std::vector<std::string>& arguments) { return parse_bench_command_line(arguments); }

std::string error_of(const std::vector<std::string>& arguments) {
  try {
    static_cast<void>(parse(arguments));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("bench command line: defaults are those of the contract", "[app]") {
  const BenchCommandLine options = parse({});
  CHECK(options.model == "refworld-faithful");
  CHECK(options.formats == std::vector<std::string>{"full", "rtn-w8", "rtn-w4-g32"});
  CHECK(options.out == "./quantlens-out");
  CHECK(options.baseline == "full");
  CHECK(options.latency_items == 6);
  CHECK(options.shared_prefix);
  CHECK(options.prompts == PromptChoice::automatic);
  CHECK(options.limit == unnamed_limit);
  CHECK(options.max_failed_items == 0.05);
  CHECK_FALSE(options.threads);
}

TEST_CASE("bench command line: only a run whose tasks nobody named is limited", "[app]") {
  CHECK_FALSE(parse({"--tasks", "a"}).limit);
  CHECK_FALSE(parse({"--limit", "all"}).limit);
  CHECK(parse({"--limit", "7"}).limit == 7);
  CHECK(parse({"--limit", "7", "--tasks", "a"}).limit == 7);
}

TEST_CASE("bench command line: every flag reaches its field, in both spellings", "[app]") {
  const BenchCommandLine options = parse({"--model",
                                          "m.gguf",
                                          "--formats=full,native-a8",
                                          "--tasks",
                                          "a/nle,b",
                                          "--data",
                                          "d",
                                          "--tasks-dir",
                                          "t",
                                          "--tasks-dir=u",
                                          "--limit",
                                          "5",
                                          "--threads=3",
                                          "--out",
                                          "o",
                                          "--seed",
                                          "18446744073709551615",
                                          "--baseline",
                                          "rtn-w8",
                                          "--encoder=e",
                                          "--bart",
                                          "b",
                                          "--scorer=s",
                                          "--batch",
                                          "7",
                                          "--chunk",
                                          "64",
                                          "--latency-items",
                                          "0",
                                          "--no-shared-prefix",
                                          "--list",
                                          "--version"});
  CHECK(options.model == "m.gguf");
  CHECK(options.formats == std::vector<std::string>{"full", "native-a8"});
  CHECK(options.tasks == std::vector<std::string>{"a/nle", "b"});
  CHECK(options.data == "d");
  CHECK(options.tasks_dirs == std::vector<std::filesystem::path>{"t", "u"});
  CHECK(options.encoder == "e");
  CHECK(options.bart == "b");
  CHECK(options.scorer == "s");
  CHECK(options.limit == 5);
  CHECK(options.threads == 3);
  CHECK(options.out == "o");
  CHECK(options.seed == 18446744073709551615u);
  CHECK(options.baseline == "rtn-w8");
  CHECK(options.batch == 7);
  CHECK(options.chunk == 64);
  CHECK(options.latency_items == 0);
  CHECK_FALSE(options.shared_prefix);
  CHECK(options.list);
  CHECK(options.version);
}

TEST_CASE("bench command line: a study brings its own columns and no times, where no flag says otherwise", "[app]") {
  const BenchCommandLine options = parse({"--seed", "3", "--study", "self-explanations"});
  CHECK(options.study == "self-explanations");
  CHECK(options.formats ==
        std::vector<std::string>{"full", "bnb-nf4", "bnb-int8", "gptq-w4-g128", "gptq-w8-g128", "awq-w4-g128"});
  CHECK(options.latency_items == 0);
  CHECK(options.limit == unnamed_limit);
  CHECK(options.seed == 3);
  CHECK(options.tasks.empty());
  const BenchCommandLine other = parse({"--formats", "rtn-w4", "--latency-items=2", "--study=self-explanations",
                                        "--columns", "full,rtn-w8", "--limit", "all"});
  CHECK(other.formats == std::vector<std::string>{"rtn-w4"});  // the last word, wherever it stands
  CHECK(other.latency_items == 2);
  CHECK_FALSE(other.limit);
  CHECK(parse({"--study=self-explanations", "--columns", "full,rtn-w8"}).formats.size() == 2);
  CHECK_THAT(error_of({"--study", "self-explanation"}), Catch::Contains("did you mean 'self-explanations'?"));
  CHECK_THAT(error_of({"--columns", ","}), Catch::Contains("--columns takes a list"));
}

TEST_CASE("bench command line: the set of prompts", "[app]") {
  CHECK(parse({"--prompts", "auto"}).prompts == PromptChoice::automatic);
  CHECK(parse({"--prompts=plain"}).prompts == PromptChoice::plain);
  CHECK(parse({"--prompts=trained"}).prompts == PromptChoice::trained);
  CHECK_THAT(error_of({"--prompts", "traind"}), Catch::Contains("--prompts 'traind'; did you mean 'trained'?"));
  CHECK_THAT(error_of({"--prompts", ""}), Catch::Contains("--prompts"));
}

TEST_CASE("bench command line: a plan with = and ; stays one format", "[app]") {
  const BenchCommandLine options = parse({"--formats", "full,rtn-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full"});
  CHECK(options.formats == std::vector<std::string>{"full", "rtn-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full"});
}

TEST_CASE("bench command line: Google Benchmark's flags pass through untouched", "[app]") {
  const BenchCommandLine options = parse({"--benchmark_filter=nle", "--limit", "1", "--benchmark_out=x.json"});
  CHECK(options.benchmark_arguments == std::vector<std::string>{"--benchmark_filter=nle", "--benchmark_out=x.json"});
}

TEST_CASE("bench command line: an unknown flag is an error that suggests the nearest", "[app]") {
  CHECK_THAT(error_of({"--format", "full"}), Catch::Contains("did you mean '--formats'?"));
  CHECK_THAT(error_of({"--modle=x"}), Catch::Contains("unknown flag '--modle'") && Catch::Contains("'--model'"));
  CHECK_THAT(error_of({"model.gguf"}), Catch::Contains("unknown flag 'model.gguf'"));
  for (const char* text : {"--list=1", "--list=true", "--list="})
    CHECK_THAT(error_of({text}), Catch::Contains(concat("unknown flag '", text, "': --list takes no value")));
  for (const char* text : {"--", "-h", "---list", "", "++", "-"})
    CHECK_THAT(error_of({"--list", text}), Catch::Contains(concat("unknown flag '", text, "'")));
  CHECK_THAT(error_of({"--benchmark_format=jason"}), Catch::Contains("did you mean 'json'?"));
}

TEST_CASE("bench command line: missing and malformed values are errors", "[app]") {
  CHECK_THAT(error_of({"--limit"}), Catch::Contains("--limit needs a value"));
  for (const char* text : {"0", "-1", "3x", "", "1e3", "99999999999999999999"})
    CHECK_THAT(error_of({"--limit", text}), Catch::Contains("--limit takes a whole number from 1"));
  CHECK_THAT(error_of({"--formats", ","}), Catch::Contains("--formats takes a list"));
  CHECK_THAT(error_of({"--out="}), Catch::Contains("--out takes a path"));
  CHECK_THAT(error_of({"--tasks-dir="}), Catch::Contains("--tasks-dir takes a path"));
}

TEST_CASE("bench command line: a flag takes what follows it, whatever that looks like", "[app]") {
  const BenchCommandLine options =
      parse({"--out", "--list", "--data=--quiet", "--tasks-dir", "--", "--model", "{}", "--baseline="});
  CHECK(options.out == "--list");
  CHECK(options.data == "--quiet");
  CHECK(options.tasks_dirs == std::vector<std::filesystem::path>{"--"});
  CHECK(options.model == "{}");
  CHECK(options.baseline.empty());
  CHECK_FALSE(options.list);
  CHECK_FALSE(options.quiet);
}

TEST_CASE("bench command line: of a flag that is given again the last value counts, and all are checked", "[app]") {
  const BenchCommandLine options = parse({"--limit=2", "--seed", "1", "--limit=all", "--quiet", "--seed=2", "--quiet",
                                          "--formats", "full", "--formats", "rtn-w8"});
  CHECK_FALSE(options.limit);
  CHECK(options.seed == 2);
  CHECK(options.quiet);
  CHECK(options.formats == std::vector<std::string>{"rtn-w8"});
  CHECK_THAT(error_of({"--limit=0", "--limit=1"}), Catch::Contains("got '0'"));
}

TEST_CASE("bench command line: every number is checked, and those of all programs have an end", "[app]") {
  for (const char* flag : {"--seed", "--threads", "--batch", "--chunk", "--latency-items", "--latency-rounds",
                           "--latency-threads", "--calibration-sequences", "--calibration-length"})
    CHECK_THAT(error_of({flag, "-1"}), Catch::Contains(concat("[quantlens.usage] ", flag, " takes a whole number")));
  CHECK_THAT(error_of({"--threads", "4097"}), Catch::Contains("--threads takes a whole number from 1 to 4096"));
  CHECK_THAT(error_of({"--max-failed-items", "nan"}), Catch::Contains("takes a share from 0 to 1; got 'nan'"));
  const BenchCommandLine options = parse(
      {"--calibration", "c.txt", "--calibration-sequences=4", "--calibration-length=64", "--max-failed-items=0.5"});
  CHECK(options.calibration.file == "c.txt");
  CHECK(options.calibration.sequences == 4);
  CHECK(options.calibration.length == 64);
  CHECK(options.max_failed_items == 0.5);
}

TEST_CASE("bench command line: the help names every flag with its default, in lines that fit", "[app]") {
  const std::string help = bench_help();
  for (const char* text : {"\nCalibration text:\n", "  --formats LIST ", "; default full,rtn-w8,rtn-w4-g32\n",
                           "  --batch N ", "default 16", "  --chunk N ", "  --no-shared-prefix ", "; default 128\n",
                           "--benchmark_filter=REGEX", "  --help "})
    CHECK_THAT(help, Catch::Contains(text));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 120);
}
