#include "quantlens/bench/ranking.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/bench/results.hpp"

using namespace quantlens;

namespace {

using ScoreList = std::vector<std::optional<double>>;

const TaskProtocol nle{"tiny", "nle"};

/// `n` items of which the first `right` score 1.
ScoreList first_right(std::size_t right, std::size_t n) {
  ScoreList scores(n, 0.0);
  std::fill_n(scores.begin(), right, 1.0);
  return scores;
}

/// The rows of a run, in its order.
struct Run {
  std::vector<std::unique_ptr<CellOutcome>> outcomes;
  std::vector<std::unique_ptr<Row>> rows;

  /// A row that was timed in rounds of these rates. Units: tokens per second.
  Row& add_timed(const TaskProtocol& what, const std::string& format, const std::vector<double>& rates) {
    add(what, format);
    LatencyResult& latency = rows.back()->latency;
    latency.decode_rates.assign(rates.begin(), rates.end());
    latency.median.decode_tokens_per_s = quantile(rates, 0.5);
    return *rows.back();
  }
  CellOutcome& add(const TaskProtocol& what, const std::string& format, const MetricInfo& metric = metric::accuracy,
                   const ScoreList& scores = {}) {
    CellOutcome& outcome = *outcomes.emplace_back(std::make_unique<CellOutcome>());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      ItemRecord& record = outcome.records.emplace_back();
      record.item_id = std::to_string(i);
      record.set_score(metric, scores[i]);
    }
    Row& row = *rows.emplace_back(std::make_unique<Row>());
    row.cell = {what, parse_format(format)};
    row.outcome = &outcome;
    return outcome;
  }
  [[nodiscard]] std::vector<Ranking> rank() const { return rank_formats(rows, 1); }
  [[nodiscard]] Ranking only() const {
    const std::vector<Ranking> rankings = rank();
    REQUIRE(rankings.size() == 1);
    return rankings.front();
  }
};

std::vector<std::string> names_of(const Ranking& ranking) {
  std::vector<std::string> names;
  for (const RankedFormat& format : ranking.formats) names.push_back(format.format);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("ranking: the best is a leader that all others are worse than", "[bench]") {
  Run run;
  run.add(nle, "full", metric::accuracy, first_right(20, 20));
  run.add(nle, "rtn-w2", metric::accuracy, first_right(6, 20));
  run.add(nle, "rtn-w8", metric::accuracy, first_right(16, 20));
  run.add(nle, "rtn-w3", metric::accuracy, first_right(8, 20));
  const Ranking ranking = run.only();
  CHECK(ranking.aspect == "accuracy");
  CHECK(ranking.metric == "accuracy");
  CHECK(ranking.tasks == std::vector{nle});
  CHECK(ranking.n == 20u);
  CHECK(names_of(ranking) == Names{"rtn-w8", "rtn-w3", "rtn-w2"});
  CHECK(ranking.formats[0].value == Approx(0.8));
  CHECK_FALSE(ranking.formats[0].p_holm);
  // 8 and 10 discordant pairs, all one way: p = 2 / 2^8 and 2 / 2^10, of which Holm doubles the smaller one.
  CHECK(ranking.formats[1].p_holm == Approx(2 / 256.0).epsilon(1e-12));
  CHECK(ranking.formats[2].p_holm == Approx(2 * 0.001953125).epsilon(1e-12));
  CHECK(ranking.contenders() == Names{"rtn-w8"});
}

TEST_CASE("ranking: a rival that may be as good makes it undecided, and the worse ones are no contenders", "[bench]") {
  Run run;
  run.add(nle, "rtn-w2", metric::accuracy, first_right(6, 20));
  run.add(nle, "rtn-w4", metric::accuracy, first_right(11, 20));
  run.add(nle, "rtn-w8", metric::accuracy, first_right(16, 20));
  const Ranking ranking = run.only();
  CHECK(ranking.formats[1].p_holm == Approx(2 / 32.0));
  CHECK(ranking.contenders() == Names{"rtn-w8", "rtn-w4"});
}

TEST_CASE("ranking: where no item differs, p is 1 and the run's order stays", "[bench]") {
  for (const MetricInfo& metric : {metric::accuracy, metric::rouge_l}) {
    Run run;
    for (const char* format : {"rtn-w8", "gptq-w4"}) run.add(nle, format, metric, first_right(3, 4));
    const Ranking ranking = run.only();
    CHECK(ranking.formats[1].p_holm == 1.0);
    CHECK(ranking.contenders() == Names{"rtn-w8", "gptq-w4"});
    CHECK(ranking_json(ranking)["note"] == "all have the same value");
  }
}

TEST_CASE("ranking: where formats differ there is no note", "[bench]") {
  Run run;
  run.add(nle, "rtn-w8", metric::accuracy, first_right(3, 4));
  run.add(nle, "gptq-w4", metric::accuracy, first_right(2, 4));
  CHECK(ranking_json(run.only())["note"].is_null());
}

TEST_CASE("ranking: real scores are compared by flipping signs", "[bench]") {
  Run run;
  run.add(nle, "rtn-w2", metric::rouge_l, ScoreList(7, 0.25));
  run.add(nle, "rtn-w8", metric::rouge_l, ScoreList(7, 0.5));
  const Ranking ranking = run.only();
  CHECK(ranking.aspect == "explanation");
  CHECK(ranking.formats[1].p_holm == Approx(2 / 128.0));
  CHECK(ranking.contenders() == Names{"rtn-w8"});
}

TEST_CASE("ranking: where lower is better the lowest leads", "[bench]") {
  Run run;
  run.add(nle, "rtn-w2", metric::perplexity, ScoreList(7, 9.5));
  run.add(nle, "rtn-w8", metric::perplexity, ScoreList(7, 4.5));
  const auto ranking = bench_detail::rank_by_items(bench_detail::RankedRows(run.rows), {"text", metric::perplexity}, 1);
  REQUIRE(ranking);
  CHECK(ranking->contenders() == Names{"rtn-w8"});
}

TEST_CASE("ranking: an item without a score in one format counts for none", "[bench]") {
  Run run;
  run.add(nle, "rtn-w4", metric::flip_soft, {1.0, 1.0, std::nullopt, 0.0});
  run.add(nle, "rtn-w8", metric::flip_soft, {std::nullopt, 1.0, 1.0, 1.0});
  const Ranking ranking = run.only();
  CHECK(ranking.aspect == "counterfactuals");
  CHECK(ranking.n == 2u);
  CHECK(ranking.formats[0].value == 1);
  CHECK(ranking.formats[1].value == 0.5);

  Run none;
  none.add(nle, "rtn-w4", metric::flip_soft, {1.0, std::nullopt});
  none.add(nle, "rtn-w8", metric::flip_soft, {std::nullopt, 1.0});
  CHECK(none.rank().empty());
}

TEST_CASE("ranking: items of all tasks count, each once however many protocols of its task score it", "[bench]") {
  Run run;
  for (const char* protocol : {"nle", "counterfactual"}) {
    run.add({"tiny", protocol}, "rtn-w4", metric::accuracy, first_right(0, 5));
    run.add({"tiny", protocol}, "rtn-w8", metric::accuracy, first_right(5, 5));
  }
  // 5 discordant pairs; were they counted twice, p would be 2 / 2^10.
  CHECK(run.only().n == 5u);
  CHECK(run.only().formats[1].p_holm == Approx(2 / 32.0));
  CHECK(run.only().contenders().size() == 2);

  run.add({"other", "nle"}, "rtn-w4", metric::accuracy, first_right(0, 1));
  run.add({"other", "nle"}, "rtn-w8", metric::accuracy, first_right(1, 1));
  CHECK(run.only().n == 6u);
  CHECK(run.only().tasks.size() == 3);
  CHECK(run.only().formats[1].p_holm == Approx(2 / 64.0));
  CHECK(run.only().contenders() == Names{"rtn-w8"});
}

TEST_CASE("ranking: protocols that disagree about an item give it their mean", "[bench]") {
  Run run;
  run.add({"tiny", "nle"}, "rtn-w4", metric::accuracy, {1.0, 0.0});
  run.add({"tiny", "nle"}, "rtn-w8", metric::accuracy, {1.0, 1.0});
  run.add({"tiny", "counterfactual"}, "rtn-w4", metric::accuracy, {0.0, 1.0});
  run.add({"tiny", "counterfactual"}, "rtn-w8", metric::accuracy, {1.0, 1.0});
  // Differences of one half each: two of four sign choices are as far.
  CHECK(run.only().formats[1].value == 0.5);
  CHECK(run.only().formats[1].p_holm == Approx(0.5));
}

TEST_CASE("ranking: a format without a finished row is left out, not the items of the others", "[bench]") {
  Run run;
  run.add(nle, "rtn-w4", metric::accuracy, first_right(2, 4));
  run.add(nle, "rtn-w8", metric::accuracy, first_right(3, 4));
  run.add(nle, "rtn-w2", metric::accuracy, first_right(4, 4));
  run.rows.back()->error = "no statistic";
  CHECK(names_of(run.only()) == Names{"rtn-w8", "rtn-w4"});
  CHECK(run.only().left_out == Names{"rtn-w2"});
  CHECK(run.only().n == 4u);
}

TEST_CASE("ranking: one format, or none, is not ranked; repetitions and full are none", "[bench]") {
  Run run;
  CHECK(run.rank().empty());
  run.add(nle, "full", metric::accuracy, first_right(4, 4)).sizes = ModelWeight{30, 32, 32};
  run.add(nle, "rtn-w8", metric::accuracy, first_right(3, 4)).sizes = ModelWeight{10, 8, 8};
  run.add(nle, "rtn-w4", metric::accuracy, first_right(3, 4)).sizes = ModelWeight{5, 4, 4};
  run.rows.back()->repetition = 1;
  CHECK(run.rank().empty());
}

TEST_CASE("ranking: the smallest is best, and equal sizes are a tie", "[bench]") {
  Run run;
  for (const auto& [format, mib] : {std::pair{"rtn-w8", 10.0}, {"rtn-w2", 2.5}, {"rtn-w4", 5.0}})
    run.add(nle, format).sizes = ModelWeight{mib, 4, 4};
  const Ranking decided = run.only();
  CHECK(decided.aspect == "size");
  CHECK(names_of(decided) == Names{"rtn-w2", "rtn-w4", "rtn-w8"});
  CHECK(decided.contenders() == Names{"rtn-w2"});
  CHECK_FALSE(decided.n);
  run.add(nle, "hqq-w2").sizes = ModelWeight{2.5, 4, 4};
  CHECK(run.only().contenders() == Names{"rtn-w2", "hqq-w2"});
}

TEST_CASE("ranking: the fastest is ahead by more than the margin in every round of every task", "[bench]") {
  const TaskProtocol other{"other", "nle"};
  const auto contenders_with = [&](double last_rate) {
    Run run;
    run.add_timed(nle, "rtn-w8", {90, 95, 80});
    run.add_timed(nle, "rtn-w4", {160, 165, 150});
    run.add_timed(other, "rtn-w8", {30, 20, last_rate});
    run.add_timed(other, "rtn-w4", {40, 30, 50});
    const Ranking ranking = run.only();
    CHECK(ranking.aspect == "speed");
    CHECK(ranking.metric == "decode_tokens_per_s");
    CHECK(ranking.formats[0].value == Approx(80));  // sqrt(160 * 40)
    return ranking.contenders();
  };
  CHECK(contenders_with(49) == Names{"rtn-w4"});
  CHECK(contenders_with(49.1) == Names{"rtn-w4", "rtn-w8"});
  CHECK(contenders_with(60) == Names{"rtn-w4", "rtn-w8"});
}

TEST_CASE("ranking: few rounds, or a row that was not timed, decide nothing about speed", "[bench]") {
  for (const auto& [n_rounds, n_contenders] : {std::pair{5u, 2u}, {6u, 1u}}) {
    Run run;
    run.add_timed(nle, "rtn-w8", std::vector<double>(n_rounds, 90));
    run.add_timed(nle, "rtn-w4", std::vector<double>(n_rounds, 160));
    CHECK(run.only().contenders().size() == n_contenders);
    run.add_timed({"other", "nle"}, "rtn-w4", std::vector<double>(n_rounds, 160));
    run.add({"other", "nle"}, "rtn-w8");
    CHECK(run.rank().empty());
  }
}

TEST_CASE("ranking: a mistrusted row is never named the fastest, however fast it seems", "[bench]") {
  Run run;
  run.add_timed(nle, "rtn-w2", std::vector<double>(6, 500)).latency.mistrusted = "its rounds differ by 40 %";
  run.add_timed(nle, "rtn-w4", std::vector<double>(6, 160));
  run.add_timed(nle, "rtn-w8", std::vector<double>(6, 90));
  const Ranking ranking = run.only();
  CHECK(ranking.contenders() == Names{"rtn-w4"});
  CHECK(ranking.left_out == Names{"rtn-w2"});
  run.rows[1]->latency.mistrusted = "others used 1.0 of 2 processors";
  CHECK(run.rank().empty());
}

TEST_CASE("ranking: its JSON has every key, and null where nothing is decided or tested", "[bench]") {
  Run run;
  for (const auto& [format, mib] : {std::pair{"rtn-w8", 10.0}, {"rtn-w2", 2.5}})
    run.add(nle, format, metric::accuracy, first_right(3, 4)).sizes = ModelWeight{mib, 4, 4};
  const std::vector<Ranking> rankings = run.rank();
  REQUIRE(rankings.size() == 2);
  CHECK(ranking_json(rankings[0]).dump() ==
        R"({"aspect":"accuracy","metric":"accuracy","tasks":["tiny/nle"],"n":4,"decided":false,"best":null,)"
        R"("contenders":["rtn-w8","rtn-w2"],"formats":[{"format":"rtn-w8","value":0.75,"p_holm":null},)"
        R"({"format":"rtn-w2","value":0.75,"p_holm":1.0}],"note":"all have the same value","left_out":[]})");
  CHECK(ranking_json(rankings[1]).dump() ==
        R"({"aspect":"size","metric":"weight_mib","tasks":[],"n":null,"decided":true,"best":"rtn-w2",)"
        R"("contenders":["rtn-w2"],"formats":[{"format":"rtn-w2","value":2.5,"p_holm":null},)"
        R"({"format":"rtn-w8","value":10.0,"p_holm":null}],"note":null,"left_out":[]})");
}
