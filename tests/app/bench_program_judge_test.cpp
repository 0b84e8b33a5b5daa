#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "fake_endpoint.hpp"
#include "program_harness.hpp"
#include "quantlens/app/bench_program.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const std::vector<std::string> judged{"--model", "m.gguf",      "--formats", "full",
                                      "--tasks", "tiny/judged", "--batch",   "4"};
const std::string secret = "sk-program-0123456789abcdef";

/// Everything that a run has left or said.
std::string traces(const Program& program, const Result& result) {
  std::string all = result.out + result.err;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(program.folder.path()))
    if (entry.is_regular_file()) all += entry.path().string() + "\n" + read_text(entry.path());
  return all;
}

std::size_t count_items(const Program& program) {
  std::size_t n = 0;
  for (const std::string& line : lines_of(read_text(program.out() / "items.jsonl")))
    n += Json::parse(line)["kind"] == "item" ? 1 : 0;
  return n;
}

/// Sets a variable while it lives.
struct Environment {
  std::string name;
  Environment(const std::string& variable, const std::string& value) : name(variable) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() { ::unsetenv(name.c_str()); }
};

}  // namespace

TEST_CASE("bench program: a model file judges, and its hash is in the keys of what it rated", "[report][judge]") {
  Program program;
  const Result result = program.run(with(judged, {"--judge", "other.gguf"}));
  INFO(result.err);
  REQUIRE(result.status == 0);
  const Json results = program.results();
  const Json& metrics = results["rows"][0]["metrics"];
  CHECK(metrics["judge_coherence"]["n"] == 12);
  CHECK(metrics["judge_coherence"]["value"] >= 1.0);
  CHECK(metrics["judge_coherence"]["value"] <= 5.0);
  CHECK(metrics["judge_mass"]["value"].is_number());
  CHECK(metrics["judge_unparsed"]["value"] == 0.0);
  CHECK(metrics["tiger_score"]["n"] == 0);
  CHECK(results["manifest"]["judge"] ==
        Json{{"source", "other.gguf"}, {"format", "full"}, {"sha256", std::string(64, 'b')}});
  REQUIRE(count_items(program) == 12);

  // Served again; another judge's are not this one's, and who asks none is not concerned.
  REQUIRE(program.run(with(judged, {"--judge", "other.gguf"})).status == 0);
  CHECK(count_items(program) == 12);
  REQUIRE(program.run(with(judged, {"--judge", "m.gguf", "--judge-self"})).status == 0);
  CHECK(count_items(program) == 24);
  const std::vector<std::string> nle = with(judged, {"--tasks", "tiny/nle"});
  REQUIRE(program.run(nle).status == 0);
  CHECK(program.results()["manifest"]["judge"].is_null());
  REQUIRE(program.run(with(nle, {"--judge", "other.gguf"})).status == 0);
  CHECK(count_items(program) == 36);
}

TEST_CASE("bench program: the judge's time is nobody's", "[report][judge]") {
  Program program;
  REQUIRE(program.run(with(judged, {"--judge", "other.gguf"})).status == 0);
  // The scripted clock moves 0.05 seconds for each explanation, and would for each of the judge's texts.
  REQUIRE(program.run(with(judged, {"--judge", "other.gguf", "--tasks", "tiny/tiger_score"})).status == 0);
  for (const std::string& line : lines_of(read_text(program.out() / "items.jsonl")))
    if (const Json slice = Json::parse(line); slice["kind"] == "slice")
      CHECK(slice["seconds"].get<double>() == Approx(0.05 * slice["items"].get<double>()));
}

TEST_CASE("bench program: no model judges itself unasked, and flags that do not go together are refused",
          "[report][judge]") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused{
      {{"--judge", "m.gguf"}, "[quantlens.judge] m.gguf is the model under test itself"},
      {{}, "[quantlens.capability] tiny/judged: it asks another model to judge; name one with --judge"},
      {{"--judge", "http://localhost"}, "[quantlens.usage] --judge URL needs --judge-model"},
      {{"--judge", "http://user:hunter2@localhost", "--judge-model", "m"}, "[quantlens.usage] '...@localhost'"},
      {{"--judge", "missing.gguf"}, "[quantlens.file] no such file: missing.gguf"},
      {{"--judge", "other.gguf", "--judge-model", "m"}, "[quantlens.usage] --judge-model and --judge-cache are for an"},
      {{"--judge-cache", "d"}, "[quantlens.usage] --judge-model and --judge-cache are for an endpoint; name it"},
      {{"--judge-max-tokens", "many"}, "[quantlens.usage] --judge-max-tokens takes a whole number"}};
  for (const auto& [arguments, error] : refused) {
    Program program;
    const Result result = program.run(with(judged, arguments));
    CHECK(result.status == 2);
    CHECK_THAT(result.err, Catch::StartsWith(error));
    CHECK_THAT(result.err, !Catch::Contains("hunter2"));
    CHECK_FALSE(std::filesystem::exists(program.out()));
  }
}

TEST_CASE("bench program: protocols that nobody named are left out without a judge, once each", "[report][judge]") {
  Program program;
  const Result result = program.run(with(judged, {"--tasks", "tiny", "--list"}));
  CHECK(result.status == 0);
  CHECK_THAT(result.out, !Catch::Contains("judged"));
  CHECK_THAT(result.err, Catch::Contains("skipped: judged: it asks another model to judge; name one with --judge\n") &&
                             Catch::Contains("skipped: tiger_score: it asks another model to judge"));
  const Result with_judge = program.run(with(judged, {"--tasks", "tiny", "--list", "--judge", "other.gguf"}));
  CHECK_THAT(with_judge.out, Catch::Contains("tiny/judged/full\n") && Catch::Contains("tiny/tiger_score/full\n"));
}

TEST_CASE("bench program: an endpoint judges, is paid once for each question, and leaves no key behind",
          "[report][judge]") {
  const Environment key("QUANTLENS_JUDGE_KEY", secret);
  FakeEndpoint endpoint({{chat_bytes("4, says " + secret)}});
  Program program;
  const std::string cache = (program.folder.path() / "answers").string();
  const std::vector<std::string> arguments =
      with(judged, {"--judge", endpoint.url() + "/v1", "--judge-model", "grader", "--judge-cache", cache});
  const Result result = program.run(arguments);
  INFO(result.err);
  REQUIRE(result.status == 0);
  const Json results = program.results();
  const Json& metrics = results["rows"][0]["metrics"];
  CHECK(metrics["judge_coherence"]["value"] == 4.0);
  CHECK(metrics["judge_coherence"]["n"] == 12);
  CHECK(metrics["judge_mass"]["value"].is_null());
  CHECK(results["manifest"]["judge"] ==
        Json{{"source", endpoint.url() + "/v1"}, {"model", "grader"}, {"url", endpoint.url()}});
  const std::size_t n_asked = endpoint.requests().size();
  CHECK(n_asked == 24);  // two questions about each of 12 texts
  for (const std::string& request : endpoint.requests())
    CHECK_THAT(request, Catch::Contains("Authorization: Bearer " + secret));
  CHECK_THAT(traces(program, result), Catch::Contains("4, says [key]") && !Catch::Contains(secret));

  // A journal that is lost costs no money.
  std::filesystem::remove_all(program.out());
  REQUIRE(program.run(arguments).status == 0);
  CHECK(endpoint.requests().size() == n_asked);
}

TEST_CASE("bench program: an endpoint that fails fails the cell in one row, without the key", "[report][judge]") {
  const Environment key("QUANTLENS_JUDGE_KEY", secret);
  FakeEndpoint endpoint({{http_bytes("401 Unauthorized", R"({"error":{"message":"bad key )" + secret + "\"}}")}});
  Program program;
  const Result result = program.run(with(judged, {"--judge", endpoint.url(), "--judge-model", "grader"}));
  CHECK(result.status == 1);
  const Json row = program.results()["rows"][0];
  CHECK(row["status"] == "failed");
  CHECK_THAT(row["error"].get<std::string>(),
             Catch::StartsWith("[quantlens.judge] the judge at " + endpoint.url() + ": it refuses the key"));
  CHECK(endpoint.requests().size() == 1);
  CHECK_THAT(traces(program, result), !Catch::Contains(secret));
}

TEST_CASE("bench program: an answer that is none is its item's, and a spent budget the cell's", "[report][judge]") {
  Program program;
  SECTION("one item of twelve") {
    std::vector<FakeReply> replies(24, {chat_bytes("4")});
    replies[5] = replies[6] = {http_bytes("200 OK", R"({"choices":[]})")};  // in the batch, and alone again
    FakeEndpoint endpoint(replies);
    const Result result =
        program.run(with(judged, {"--judge", endpoint.url(), "--judge-model", "grader", "--max-failed-items", "0.1"}));
    INFO(result.err);
    REQUIRE(result.status == 0);
    const Json row = program.results()["rows"][0];
    CHECK(row["n"] == 11);
    CHECK(row["n_failed"] == 1);
    CHECK_THAT(row["failed_items"][0]["error"].get<std::string>(), Catch::EndsWith("the answer has no choice"));
  }
  SECTION("budget") {
    FakeEndpoint endpoint({{chat_bytes("4")}});
    const Result result =
        program.run(with(judged, {"--judge", endpoint.url(), "--judge-model", "grader", "--judge-max-requests", "9"}));
    CHECK(result.status == 1);
    CHECK_THAT(program.results()["rows"][0]["error"].get<std::string>(),
               Catch::Contains("the budget of 9 requests is spent; raise --judge-max-requests"));
    CHECK(endpoint.requests().size() == 9);
    // What was journalled by then is not asked again.
    const Result again = program.run(with(judged, {"--judge", endpoint.url(), "--judge-model", "grader"}));
    CHECK(again.status == 0);
    CHECK(endpoint.requests().size() == 9 + 24 - 8);
  }
}
