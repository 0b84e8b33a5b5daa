#include "quantlens/bench/options.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace quantlens;

namespace {

BenchOptions parse(const std::vector<std::string>& arguments) { return parse_bench_options(arguments); }

std::string error_of(const std::vector<std::string>& arguments) {
  try {
    static_cast<void>(parse(arguments));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("bench options: defaults are those of the contract", "[bench]") {
  const BenchOptions options = parse({});
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

TEST_CASE("bench options: only a run whose tasks nobody named is limited", "[bench]") {
  CHECK_FALSE(parse({"--tasks", "a"}).limit);
  CHECK_FALSE(parse({"--limit", "all"}).limit);
  CHECK(parse({"--limit", "7"}).limit == 7);
  CHECK(parse({"--limit", "7", "--tasks", "a"}).limit == 7);
}

TEST_CASE("bench options: every flag reaches its field, in both spellings", "[bench]") {
  const BenchOptions options = parse({"--model",
                                      "m.gguf",
                                      "--formats=full,native-a8",
                                      "--tasks",
                                      "a/nle,b",
                                      "--data",
                                      "d",
                                      "--tasks-dir",
                                      "t",
                                      "--limit",
                                      "5",
                                      "--threads=3",
                                      "--out",
                                      "o",
                                      "--seed",
                                      "18446744073709551615",
                                      "--baseline",
                                      "rtn-w8",
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
  CHECK(options.tasks_dir == "t");
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

TEST_CASE("bench options: the set of prompts", "[bench]") {
  CHECK(parse({"--prompts", "auto"}).prompts == PromptChoice::automatic);
  CHECK(parse({"--prompts=plain"}).prompts == PromptChoice::plain);
  CHECK(parse({"--prompts=trained"}).prompts == PromptChoice::trained);
  CHECK_THAT(error_of({"--prompts", "traind"}), Catch::Contains("--prompts 'traind'; did you mean 'trained'?"));
  CHECK_THAT(error_of({"--prompts", ""}), Catch::Contains("--prompts"));
}

TEST_CASE("bench options: a plan with = and ; stays one format", "[bench]") {
  const BenchOptions options = parse({"--formats", "full,rtn-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full"});
  CHECK(options.formats == std::vector<std::string>{"full", "rtn-w4-g64;blocks.*.attn.v=rtn-w8;lm_head=full"});
}

TEST_CASE("bench options: Google Benchmark's flags pass through untouched", "[bench]") {
  const BenchOptions options = parse({"--benchmark_filter=nle", "--limit", "1", "--benchmark_out=x.json"});
  CHECK(options.benchmark_arguments == std::vector<std::string>{"--benchmark_filter=nle", "--benchmark_out=x.json"});
}

TEST_CASE("bench options: an unknown flag is an error that suggests the nearest", "[bench]") {
  CHECK_THAT(error_of({"--format", "full"}), Catch::Contains("did you mean '--formats'?"));
  CHECK_THAT(error_of({"--modle=x"}), Catch::Contains("unknown flag '--modle'") && Catch::Contains("'--model'"));
  CHECK_THAT(error_of({"model.gguf"}), Catch::Contains("unknown flag 'model.gguf'"));
  CHECK_THAT(error_of({"--list=1"}), Catch::Contains("unknown flag"));
  CHECK_THAT(error_of({"--benchmark_format=jason"}), Catch::Contains("did you mean 'json'?"));
}

TEST_CASE("bench options: missing and malformed values are errors", "[bench]") {
  CHECK_THAT(error_of({"--limit"}), Catch::Contains("--limit needs a value"));
  for (const char* text : {"0", "-1", "3x", "", "1e3", "99999999999999999999"})
    CHECK_THAT(error_of({"--limit", text}), Catch::Contains("--limit takes a whole number from 1"));
  CHECK_THAT(error_of({"--formats", ","}), Catch::Contains("--formats takes a list"));
  CHECK_THAT(error_of({"--out="}), Catch::Contains("--out takes a path"));
}
