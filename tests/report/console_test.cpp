#include "quantlens/report/console.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "quantlens/app/progress.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/stats/summary.hpp"

using namespace quantlens;
using Json = nlohmann::ordered_json;

namespace {

Json metric(Json value, Json lo, Json hi, Json delta, Json p_holm, Json mde, Json better = "higher", int n = 200) {
  return {
      {"value", value}, {"lo", lo},         {"hi", hi},   {"n", n},           {"delta", delta},
      {"p", p_holm},    {"p_holm", p_holm}, {"mde", mde}, {"better", better}, {"n_paired", delta.is_null() ? 0 : n}};
}

Json row(const std::string& format, const Json& metrics, double rate) {
  return {{"model", "m.gguf"},
          {"format", format},
          {"task", "starter_topics/nle"},
          {"repetition", 0},
          {"status", "ok"},
          {"error", nullptr},
          {"n", 200},
          {"metrics", metrics},
          {"latency",
           {{"prompt_tokens_per_s", rate},
            {"generated_tokens_per_s", rate / 10},
            {"ttft_ms", 41.25},
            {"p50_ms", 812.5},
            {"p95_ms", nullptr}}},
          {"memory", {{"peak_mib", 1043.2}, {"own_mib", 530.7}, {"weight_mib", 516.1}}},
          {"provenance", {{"bits_per_weight", 4.5}}}};
}

Json document() {
  const Json empty = metric(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "higher", 0);
  Json rows = Json::array();
  rows.push_back(row("full",
                     {{"accuracy", metric(0.61, 0.54, 0.68, nullptr, nullptr, nullptr)},
                      {"flip_hard", empty},
                      {"perplexity", metric(31.5, 28.0, 40.0, nullptr, nullptr, nullptr, "lower", 180)}},
                     812.4));
  rows.push_back(row("rtn-w2-g64",
                     {{"accuracy", metric(0.25, 0.19, 0.31, -0.36, 0.0002, 0.081)},
                      {"flip_hard", empty},
                      {"perplexity", metric(1203.25, 900.0, 2000.0, 1171.75, 0.06, 14.5, "lower", 183)}},
                     790.0));
  rows.push_back(row("rtn-w3-g128",
                     {{"accuracy", metric(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "higher", 0)},
                      {"flip_hard", empty},
                      {"perplexity", metric(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "lower", 0)}},
                     0));
  rows[2]["status"] = "failed";
  rows[2]["error"] = "[quantlens.group] groups of 128 do not divide rows of 576";
  rows[2]["n"] = 0;
  rows[2]["latency"]["prompt_tokens_per_s"] = nullptr;
  rows[2]["latency"]["generated_tokens_per_s"] = nullptr;
  return {{"schema", "quantlens-results/1"},
          {"manifest", {{"baseline", "full"}, {"model", {{"source_quantized", true}, {"source_types", "Q4_1+Q8_0"}}}}},
          {"rows", rows}};
}

}  // namespace

TEST_CASE("console: the whole table, as it is meant to look", "[report]") {
  const std::string expected =
      R"(starter_topics/nle

format                    accuracy ↑, delta                   perplexity ↓, delta  prompt tok/s  gen tok/s  ttft ms
full                  0.610 ±0.070                31.50 [28.00, 40.00]                    812.4      81.24    41.25
rtn-w2-g64            0.250 ±0.060  -0.360*  1203.25 [900.00, 2000.00]  +1171.75          790.0      79.00    41.25
rtn-w3-g128 (failed)             -                                   -                        -          -    41.25

format                p50 ms  p95 ms  weight MiB  own MiB  peak MiB  bits/weight
full                   812.5       -       516.1    530.7      1043         4.50
rtn-w2-g64             812.5       -       516.1    530.7      1043         4.50
rtn-w3-g128 (failed)   812.5       -       516.1    530.7      1043         4.50

n = 200 items. Deltas: to full on the same items; * where p < 0.05 after Holm's correction over the formats.
Smallest delta that this n can detect (80 % power): accuracy 0.081, perplexity 14.50.
Undefined for some items, so over fewer: perplexity 180..183.
failed: rtn-w3-g128: [quantlens.group] groups of 128 do not divide rows of 576

The file is itself quantized: full is the full of a Q4_1+Q8_0 file, its stored weights decoded to f32, not the model as
  it was trained.
)";
  CHECK(render_console(document()) == expected);
}

TEST_CASE("console: no line passes the width that is asked for", "[report]") {
  for (const std::size_t width : {60u, 80u, 120u}) {
    std::istringstream lines(render_console(document(), width));
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      CHECK(display_width(line) <= width);
    }
  }
}

TEST_CASE("console: what is left out, not compared, or not to be detected is said below its table", "[report]") {
  Json results = document();
  Json& rows = results["rows"];
  rows[0]["n_failed"] = 0;
  rows[0]["failed_items"] = Json::array();
  rows[1]["n"] = 199;
  rows[1]["n_failed"] = 1;
  rows[1]["failed_items"] = {{{"id", "note-7"}, {"error", "[quantlens.n_ctx] a prompt of 600 tokens"}}};
  rows[1]["no_deltas"] = "the prompts differ";
  rows[1]["metrics"]["accuracy"]["mde"] = nullptr;
  rows[1]["metrics"]["accuracy"]["note"] = beyond_range_note;
  const std::string table = render_console(results, 200);
  CHECK_THAT(table, Catch::Contains("\nn = 199..200 items. "));
  CHECK_THAT(table,
             Catch::Contains("\nat most 1 of 200 items left out: note-7: [quantlens.n_ctx] a prompt of 600 tokens\n"));
  CHECK_THAT(table, Catch::Contains("\nno deltas for rtn-w2-g64: the prompts differ\n"));
  CHECK_THAT(table, Catch::Contains("with 80 % power, however large, over so few items: accuracy.\n"));
  rows[0]["n"] = 199;
  rows[0]["n_failed"] = 1;
  rows.erase(2);
  CHECK_THAT(render_console(results, 200),
             Catch::Contains("\nn = 199 items. ") && Catch::Contains("\n1 of 200 items left out: note-7: "));
}

TEST_CASE("console: what rows have beside their protocol's metrics is a line below the table", "[report]") {
  Json results = document();
  for (std::size_t i = 0; i < 3; ++i) {
    Json& metrics = results["rows"][i]["metrics"];
    metrics["ece"] = metric(0.1 + 0.02 * static_cast<double>(i), nullptr, nullptr, nullptr, nullptr, nullptr, "lower");
    metrics["ace"] = metric(nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "lower", 0);
    for (const char* name : {"ece", "ace"}) metrics[name]["beside"] = true;
  }
  const std::string table = render_console(results, 200);
  CHECK_THAT(table, Catch::Contains("\nBeside, in results.json by format: ece 0.100..0.140.\n"));
  CHECK_THAT(table, !Catch::Contains("ece ↓"));
}

TEST_CASE("console: a limit that nobody asked for is said", "[report]") {
  Json results = document();
  results["manifest"]["argv"] = Json::array();
  results["manifest"]["limit"] = 100;
  CHECK_THAT(render_console(results, 200),
             Catch::Contains("\nn = 200 items (at most 100 of each task; --limit all takes all). Deltas: "));
  results["manifest"]["argv"] = {"--limit=100"};
  CHECK_THAT(render_console(results, 200), Catch::Contains("\nn = 200 items. Deltas: "));
  results["manifest"]["argv"] = Json::array();
  results["manifest"]["limit"] = nullptr;
  CHECK_THAT(render_console(results, 200), Catch::Contains("\nn = 200 items. Deltas: "));
}

TEST_CASE("console: a star marks what is significant after the correction, and nothing else", "[report]") {
  const std::string table = render_console(document());
  CHECK_THAT(table, Catch::Contains("-0.360*"));
  CHECK_THAT(table, !Catch::Contains("+1172*"));
}

TEST_CASE("console: large numbers stay plain decimals", "[report]") {
  Json results = document();
  results["rows"][1]["metrics"]["perplexity"]["value"] = 1.25e9;
  CHECK_THAT(render_console(results), Catch::Contains("1250000000"));
}

TEST_CASE("console: times that are not to be trusted are named with their reason", "[report]") {
  Json results = document();
  CHECK_THAT(render_console(results), !Catch::Contains("not to be trusted"));
  for (Json& row : results["rows"]) row["latency"]["reason"] = nullptr;
  results["rows"][1]["latency"]["reason"] = "its rounds differ by 40 %";
  CHECK_THAT(render_console(results),
             Catch::Contains("\nTimes not to be trusted: rtn-w2-g64 (its rounds differ by 40 %).\n"));
  for (Json& row : results["rows"]) row["latency"]["reason"] = "others used 1.0 of 2 processors";
  CHECK_THAT(render_console(results),
             Catch::Contains("Times not to be trusted: all formats (others used 1.0 of 2 processors).\n"));
}

TEST_CASE("progress: a terminal sees cell, share and time left; anything else sees nothing", "[report]") {
  std::ostringstream terminal, file;
  Progress shown(terminal, true, false);
  shown.update("tiny/nle/full", 5, 10, 5);
  CHECK_THAT(terminal.str(), Catch::Contains("tiny/nle/full  5/10 items") && Catch::Contains("ETA"));
  CHECK_THAT(terminal.str(), !Catch::Contains("\x1b[36m"));
  shown.clear();
  CHECK_THAT(terminal.str(), Catch::EndsWith("\r\x1b[K"));
  {
    Progress blocks(terminal, true, false, "blocks");
    blocks.update("gptq-w4-g64", 3, 30, 0);
    CHECK_THAT(terminal.str(), Catch::EndsWith("gptq-w4-g64  3/30 blocks"));
  }
  CHECK_THAT(terminal.str(), Catch::EndsWith("\r\x1b[K"));

  Progress silent(file, false, false);
  silent.update("tiny/nle/full", 5, 10, 5);
  silent.clear();
  CHECK(file.str().empty());
}

TEST_CASE("progress: durations", "[report]") {
  CHECK(duration_text(0.4) == "0s");
  CHECK(duration_text(59.4) == "59s");
  CHECK(duration_text(185) == "3m05s");
  CHECK(duration_text(2 * 3600 + 7 * 60) == "2h07m");
}
