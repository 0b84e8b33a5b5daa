#include "quantlens/bench/latency.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace quantlens;

namespace {

/// Items of 100 and 10 and 1000 ms, all `slowness` times as long.
RowRound round_of(double slowness) {
  RowRound round;
  for (const double ms : {100.0, 10.0, 1000.0})
    round.items.push_back({ms * slowness, 5 * slowness, 4, 0.04 * slowness});
  round.round_seconds = 2;
  round.others_seconds = 0;
  round.processors = 2;
  return round;
}

std::vector<RowRound> rounds_of(const std::vector<double>& slownesses) {
  std::vector<RowRound> rounds;
  for (const double slowness : slownesses) rounds.push_back(round_of(slowness));
  return rounds;
}

}  // namespace

TEST_CASE("latency: a row has the median over its rounds, and their interquartile range", "[bench]") {
  const LatencyResult result = summarize_latency(rounds_of({1, 1.1, 1.05, 1.2, 1}), false);
  CHECK(result.median.p50_ms == Approx(105));
  CHECK(result.spread.p50_ms == Approx(10));  // numpy.quantile([100, 110, 105, 120, 100], [0.25, 0.75]): 100, 110
  CHECK(result.median.p95_ms == Approx(1.05 * 910));
  CHECK(result.median.first_token_ms == Approx(5.25));
  CHECK(result.median.decode_tokens_per_s == Approx(100 / 1.05));
  REQUIRE(result.decode_rates.size() == 5);
  CHECK(result.decode_rates[1] == Approx(100 / 1.1));
  CHECK(result.mistrusted.empty());
}

TEST_CASE("latency: nothing timed is null, and no reason to mistrust", "[bench]") {
  const LatencyResult result = summarize_latency({}, false);
  CHECK_FALSE(result.median.p50_ms);
  CHECK_FALSE(result.spread.p50_ms);
  CHECK_FALSE(result.others_processors);
  CHECK(result.mistrusted.empty());
}

TEST_CASE("latency: rounds that lie more than a quarter apart are mistrusted", "[bench]") {
  CHECK(summarize_latency(rounds_of({1, 1, 1.24, 1}), false).mistrusted.empty());
  CHECK(summarize_latency(rounds_of({1, 1, 1.26, 1}), false).mistrusted == "its rounds differ by 26 %");
  CHECK(summarize_latency(rounds_of({0.9, 1, 1.16, 1}), false).mistrusted == "its rounds differ by 26 %");
}

TEST_CASE("latency: of five rounds one may lie apart, two may not", "[bench]") {
  CHECK(summarize_latency(rounds_of({1, 1, 2, 1, 1}), false).mistrusted.empty());
  CHECK(summarize_latency(rounds_of({1, 0.5, 1, 1, 1}), false).mistrusted.empty());
  CHECK(summarize_latency(rounds_of({1, 2, 1.3, 1, 1}), false).mistrusted == "its rounds differ by 30 %");
}

TEST_CASE("latency: a single disturbed item does not make a round differ", "[bench]") {
  std::vector<RowRound> rounds = rounds_of({1, 1, 1});
  rounds[1].items[2].ms *= 10;
  CHECK(summarize_latency(rounds, false).mistrusted.empty());
  rounds[1].items[0].ms *= 10;
  CHECK_FALSE(summarize_latency(rounds, false).mistrusted.empty());
}

TEST_CASE("latency: what others computed counts over all rounds, against a quarter of the machine", "[bench]") {
  std::vector<RowRound> rounds = rounds_of({1, 1, 1, 1});
  rounds[2].others_seconds = 2;  // one of two processors, in one round of four
  CHECK(summarize_latency(rounds, false).others_processors == Approx(0.25));
  CHECK(summarize_latency(rounds, false).mistrusted.empty());
  rounds[1].others_seconds = rounds[3].others_seconds = 2;
  CHECK(summarize_latency(rounds, false).mistrusted == "others used 0.8 of 2 processors");
  for (RowRound& round : rounds) round.processors = 16;
  CHECK(summarize_latency(rounds, false).mistrusted.empty());
  for (RowRound& round : rounds) round.others_seconds = -0.1;  // ticks are coarse
  CHECK(summarize_latency(rounds, false).others_processors == 0.0);
  rounds[0].others_seconds.reset();
  CHECK_FALSE(summarize_latency(rounds, false).others_processors);
}

TEST_CASE("latency: rounds too short for the system's ticks do not tell who else computed", "[bench]") {
  std::vector<RowRound> rounds = rounds_of({1, 1, 1});
  for (RowRound& round : rounds) round.round_seconds = round.others_seconds.emplace(0.1);
  CHECK_FALSE(summarize_latency(rounds, false).others_processors);
  CHECK(summarize_latency(rounds, false).mistrusted.empty());
}

TEST_CASE("latency: a throttled processor and a format timed apart are reasons, too", "[bench]") {
  std::vector<RowRound> rounds = rounds_of({1, 1, 2});
  rounds[1].throttles = 3;
  CHECK(
      summarize_latency(rounds, true).mistrusted ==
      "its rounds differ by 100 %; the processor was throttled; timed apart, because not all formats fit into memory");
}
