#include "quantlens/bench/summaries.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "quantlens/protocols/set_metrics.hpp"

using namespace quantlens;

namespace {

ItemRecord record(const std::string& id, std::size_t predicted, std::optional<double> overlap) {
  ItemRecord made;
  made.item_id = id;
  made.gold = 0;
  made.predicted = predicted;
  made.set_score(metric::accuracy, predicted == 0 ? 1.0 : 0.0);
  made.set_score(metric::rouge_l, overlap);
  return made;
}

const Summary& summary_of(const std::vector<MetricSummary>& metrics, const MetricInfo& info) {
  return std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.info == info; })->summary;
}

const std::vector<Metric> nle_metrics{metric::accuracy, macro_f1_metric(), metric::rouge_l};

}  // namespace

TEST_CASE("summaries: deltas pair items, and a null on either side drops the pair", "[bench]") {
  const std::vector<ItemRecord> full{record("a", 0, 0.5), record("b", 0, std::nullopt), record("c", 1, 0.3),
                                     record("d", 0, 0.9)};
  const std::vector<ItemRecord> row{record("a", 0, 0.25), record("b", 1, 0.5), record("c", 1, std::nullopt),
                                    record("d", 1, 0.5)};
  const auto metrics = summarize_records(row, full, nle_metrics, 1);
  REQUIRE(metrics.size() == nle_metrics.size());
  CHECK(summary_of(metrics, metric::accuracy).value == Approx(0.25));
  CHECK(summary_of(metrics, metric::accuracy).delta == Approx(-0.5));
  CHECK(summary_of(metrics, metric::accuracy).n_paired == 4);
  CHECK(summary_of(metrics, metric::rouge_l).n == 3);
  CHECK(summary_of(metrics, metric::rouge_l).n_paired == 2);
  CHECK(summary_of(metrics, metric::rouge_l).delta == Approx((-0.25 - 0.4) / 2));
  // Gold is always label 0: F1 is 2*1/(4+1) for it and 0 for label 1.
  CHECK(summary_of(metrics, metric::macro_f1).value == Approx((2.0 / 5) / 2));
}

TEST_CASE("summaries: correlations over all edits are made anew on resamples of items", "[bench]") {
  const std::vector<Metric> edit_metrics{flips_mentioned_metric(), cct_metric(), phi_cct_metric()};
  // The golden edits, and an item that has none.
  std::vector<ItemRecord> row(6);
  row[0].edits = {{0.62, true, true}, {0.10, false, false}};
  row[1].edits = {{0.48, true, false}, {0.05, false, true}};
  row[2].edits = {{0.55, true, true}, {0.02, false, false}};
  row[3].edits = {{0.12, false, false}};
  row[4].edits = {{0.51, true, false}};
  std::vector<ItemRecord> full = row;
  full[1].edits[0].mentioned = full[4].edits[0].mentioned = true;

  const auto metrics = summarize_records(row, full, edit_metrics, 1);
  const Summary& cct = summary_of(metrics, metric::cct);
  CHECK(cct.n == 5);
  CHECK(cct.value.value() == Approx(0.3263722546927563).epsilon(1e-12));
  CHECK(cct.lo.value() < cct.value.value());
  CHECK(cct.hi.value() > cct.value.value());
  CHECK(cct.n_paired == 5);
  CHECK(cct.delta.value() < -0.3);
  CHECK(cct.delta_lo.value() < cct.delta.value());
  // Two items differ, so the swaps give four outcomes; only none and both swapped are as far.
  CHECK(cct.p.value() == Approx(0.5).margin(0.02));

  const Summary& phi = summary_of(metrics, metric::phi_cct);
  CHECK(phi.value.value() == Approx(0.2581988897471611).epsilon(1e-12));
  // All four flips mentioned, one of four others: (4*3 - 0) / sqrt(4*4*5*3).
  CHECK(phi.delta.value() == Approx(0.2581988897471611 - 12 / std::sqrt(240.0)).epsilon(1e-12));
  CHECK(summary_of(metrics, metric::flips_mentioned).value == 0.5);
  CHECK(summary_of(metrics, metric::flips_mentioned).delta == -0.5);

  const auto without = summarize_records(std::vector<ItemRecord>(2), {}, edit_metrics, 1);
  CHECK(summary_of(without, metric::cct).n == 0);
  CHECK_FALSE(summary_of(without, metric::cct).value);
}

TEST_CASE("summaries: a correlation of 0/0 is null, not 0", "[bench]") {
  std::vector<ItemRecord> row(2);
  row[0].edits = {{0.62, true, true}};
  row[1].edits = {{0.10, false, true}};
  const auto metrics = summarize_records(row, row, std::vector<Metric>{cct_metric(), phi_cct_metric()}, 1);
  for (const MetricInfo& info : {metric::cct, metric::phi_cct}) {
    CHECK(summary_of(metrics, info).n == 2);
    CHECK_FALSE(summary_of(metrics, info).value);
    CHECK_FALSE(summary_of(metrics, info).delta);
  }
}

TEST_CASE("summaries: the macro average of recall counts every relation the same", "[bench]") {
  const auto recalled = [](const std::string& id, const std::string& relation, double top1) {
    ItemRecord made;
    made.item_id = id;
    made.group = relation;
    made.set_score(metric::recall_top1, top1);
    return made;
  };
  const std::vector<ItemRecord> full{recalled("a", "capital", 1), recalled("b", "capital", 1),
                                     recalled("c", "capital", 0), recalled("d", "currency", 1)};
  const std::vector<ItemRecord> row{recalled("a", "capital", 1), recalled("b", "capital", 0),
                                    recalled("c", "capital", 0), recalled("d", "currency", 0)};
  const std::vector<Metric> metrics{metric::recall_top1, recall_macro_metric()};
  const auto summaries = summarize_records(row, full, metrics, 1);
  CHECK(summary_of(summaries, metric::recall_top1).value == Approx(0.25));
  CHECK(summary_of(summaries, metric::recall_macro).value == Approx((1.0 / 3 + 0) / 2));
  CHECK(summary_of(summaries, metric::recall_macro).delta == Approx((1.0 / 3 + 0) / 2 - (2.0 / 3 + 1) / 2));
  CHECK(summary_of(summaries, metric::recall_macro).n_paired == 4);
}

TEST_CASE("summaries: pairs are of the items that both sides have", "[bench]") {
  const std::vector<ItemRecord> row{record("a", 0, 0.5), record("b", 1, 0.25), record("d", 0, 0.75)};
  const std::vector<ItemRecord> full{record("a", 1, 0.125), record("c", 1, 0.5), record("d", 1, 0.5)};
  const auto metrics = summarize_records(row, full, nle_metrics, 1);
  for (const Metric& declared : nle_metrics) {
    CHECK(summary_of(metrics, declared.info).n == 3);
    CHECK(summary_of(metrics, declared.info).n_paired == 2);
  }
  CHECK(summary_of(metrics, metric::accuracy).value == Approx(2.0 / 3));
  CHECK(summary_of(metrics, metric::accuracy).delta == 1.0);
  CHECK(summary_of(metrics, metric::rouge_l).delta == Approx((0.375 + 0.25) / 2));
  const auto alone = summarize_records(row, std::vector{record("c", 0, 0.5)}, nle_metrics, 1);
  CHECK(summary_of(alone, metric::accuracy).n_paired == 0);
  CHECK_FALSE(summary_of(alone, metric::accuracy).delta);
}

TEST_CASE("summaries: both sides of a pair agree on groups where one of them lacks an item", "[bench]") {
  const auto recalled = [](const std::string& id, const std::string& relation, double top1) {
    ItemRecord made;
    made.item_id = id;
    made.group = relation;
    made.set_score(metric::recall_top1, top1);
    return made;
  };
  const std::vector<ItemRecord> row{recalled("a", "capital", 1), recalled("b", "currency", 0),
                                    recalled("c", "capital", 0)};
  const std::vector<ItemRecord> full{recalled("b", "currency", 1), recalled("c", "capital", 0)};
  const auto metrics = summarize_records(row, full, std::vector<Metric>{recall_macro_metric()}, 1);
  CHECK(summary_of(metrics, metric::recall_macro).value == Approx(0.25));
  CHECK(summary_of(metrics, metric::recall_macro).delta == Approx(-0.5));
}

TEST_CASE("summaries: Holm's correction runs over the formats of one metric, failed rows left out", "[bench]") {
  std::vector<std::vector<MetricSummary>> rows(3);
  for (std::size_t row = 0; row < 2; ++row)
    for (const MetricInfo& info : {metric::accuracy, metric::rouge_l}) rows[row].push_back({info, {}});
  rows[0][0].summary.p = 0.03;
  rows[1][0].summary.p = 0.01;
  rows[0][1].summary.p = 0.04;
  std::vector<std::vector<MetricSummary>*> pointers;
  for (auto& row : rows) pointers.push_back(&row);
  correct_over_formats(pointers);
  CHECK(rows[0][0].summary.p_holm == Approx(0.03));
  CHECK(rows[1][0].summary.p_holm == Approx(0.02));
  CHECK(rows[0][1].summary.p_holm == Approx(0.04));
  CHECK_FALSE(rows[1][1].summary.p_holm);
}
