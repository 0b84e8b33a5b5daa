#include "quantlens/stats/summary.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

using namespace quantlens;

namespace {

using Column = std::vector<std::optional<double>>;

/// 0/1 scores of pairs: both right, only the first, only the second, neither.
std::pair<Column, Column> table(int both, int only_first, int only_second, int neither) {
  std::pair<Column, Column> columns;
  const auto add = [&](int times, double first, double second) {
    columns.first.insert(columns.first.end(), static_cast<std::size_t>(times), first);
    columns.second.insert(columns.second.end(), static_cast<std::size_t>(times), second);
  };
  add(both, 1, 1);
  add(only_first, 1, 0);
  add(only_second, 0, 1);
  add(neither, 0, 0);
  return columns;
}

void check_no_comparison(const Summary& summary) {
  CHECK(summary.n_paired == 0);
  CHECK_FALSE(summary.delta);
  CHECK_FALSE(summary.delta_lo);
  CHECK_FALSE(summary.delta_hi);
  CHECK_FALSE(summary.p);
  CHECK_FALSE(summary.p_holm);
  CHECK_FALSE(summary.mde);
}

}  // namespace

TEST_CASE("a 0/1 summary: Wilson's interval, exact McNemar, effect from the discordance") {
  const auto [values, baseline] = table(75, 2, 9, 14);
  const Summary summary = summarize_binary(values, baseline);
  CHECK(summary.n == 100);
  CHECK(summary.n_paired == 100);
  CHECK(summary.value == 0.77);
  CHECK(summary.lo.value() == Approx(0.6784561698).epsilon(1e-9));
  CHECK(summary.hi.value() == Approx(0.8415673412).epsilon(1e-9));
  CHECK(summary.delta.value() == Approx(-0.07));
  CHECK(summary.p.value() == Approx(0.0654296875));
  CHECK(summary.mde.value() == Approx(2.8016 * std::sqrt(0.11 / 100)).epsilon(1e-4));
  CHECK(summary.delta_lo.value() == Approx(-0.1458891640).epsilon(1e-8));
  CHECK(summary.delta_hi.value() == Approx(-0.0059557150).epsilon(1e-8));
  CHECK_FALSE(summary.p_holm);
  CHECK(summary.gained == 2);
  CHECK(summary.lost == 9);
}

TEST_CASE("without a discordant pair the bounds are plus and minus 1 - 0.05^(1/n), never zero") {
  const auto [values, baseline] = table(80, 0, 0, 40);
  const Summary summary = summarize_binary(values, baseline);
  const double bound = 1 - std::pow(0.05, 1.0 / 120);
  CHECK(summary.delta == 0.0);
  CHECK(summary.delta_lo.value() == Approx(-bound));
  CHECK(summary.delta_hi.value() == Approx(bound));
  CHECK(summary.mde.value() == Approx(bound));
  CHECK(summary.p == 1.0);
}

TEST_CASE("a detectable effect beyond the largest difference is null with a note, and nothing else is") {
  // 2.8016 * sqrt(0.75 / 4) = 1.2131 of four pairs, 2.8016 * sqrt(1 / 8) = 0.9905 of eight
  const auto [values, baseline] = table(1, 2, 1, 0);
  const Summary four = summarize_binary(values, baseline);
  CHECK_FALSE(four.mde);
  CHECK(four.note == beyond_range_note);
  CHECK(four.delta == 0.25);
  CHECK(four.delta_lo);
  CHECK(four.p == 1.0);
  const auto [eight_values, eight_baseline] = table(0, 4, 4, 0);
  const Summary eight = summarize_binary(eight_values, eight_baseline);
  CHECK(eight.mde.value() == Approx(0.9905).epsilon(1e-4));
  CHECK(eight.note.empty());

  Summary real = summarize_real(Column{0.0, 1.0, 1.0, 0.5}, Column{1.0, 0.0, 0.0, 0.0}, 1);
  REQUIRE(real.mde.value() > 1);
  limit_mde(real, std::numeric_limits<double>::infinity());
  CHECK(real.mde);
  limit_mde(real, 1);
  CHECK_FALSE(real.mde);
  CHECK(real.note == beyond_range_note);
}

TEST_CASE("where every pair is lost the delta's interval is neither a point nor beyond -1") {
  const auto [values, baseline] = table(0, 0, 50, 0);
  const Summary summary = summarize_binary(values, baseline);
  CHECK(summary.delta == -1.0);
  CHECK(summary.delta_lo == -1.0);
  CHECK(summary.delta_hi.value() == Approx(-0.8573048).epsilon(1e-6));
  CHECK(summary.p.value() == Approx(std::ldexp(1.0, -49)));
}

TEST_CASE("a null drops its pair from the delta but not the other score from the value") {
  const Column values{1.0, std::nullopt, 0.0, 1.0, std::nullopt};
  const Column baseline{1.0, 1.0, std::nullopt, 0.0, std::nullopt};
  for (const Summary& summary : {summarize_binary(values, baseline), summarize_real(values, baseline, 1)}) {
    CHECK(summary.n == 3);
    CHECK(summary.value.value() == Approx(2.0 / 3));
    CHECK(summary.n_paired == 2);
    CHECK(summary.delta == 0.5);
  }
}

TEST_CASE("the baseline itself has a value and no comparison") {
  const Column values{1.0, 0.0, 1.0};
  for (const Summary& summary : {summarize_binary(values, {}), summarize_real(values, {}, 1)}) {
    CHECK(summary.n == 3);
    CHECK(summary.lo.has_value());
    check_no_comparison(summary);
  }
}

TEST_CASE("no pairs leave the comparison null, no values leave everything null") {
  const Column nulls(4);
  const Column values{1.0, 0.0, 1.0, 0.0};
  for (const Summary& summary : {summarize_binary(values, nulls), summarize_real(values, nulls, 1)}) {
    CHECK(summary.n == 4);
    check_no_comparison(summary);
  }
  for (const Summary& summary : {summarize_binary(nulls, values), summarize_real(nulls, values, 1),
                                 summarize_binary({}, {}), summarize_real({}, {}, 1)}) {
    CHECK(summary.n == 0);
    CHECK_FALSE(summary.value);
    CHECK_FALSE(summary.lo);
    CHECK_FALSE(summary.hi);
    check_no_comparison(summary);
  }
}

TEST_CASE("a real summary: paired differences decide, not the spread of the items") {
  Column values;
  Column baseline;
  const std::vector<double> differences{0.3, -0.1, 0.4, 0.2, 0.5, 0.1};
  for (std::size_t i = 0; i < differences.size(); ++i) {
    baseline.push_back(100.0 * static_cast<double>(i));
    values.push_back(100.0 * static_cast<double>(i) + differences[i]);
  }
  const Summary summary = summarize_real(values, baseline, 1);
  CHECK(summary.delta.value() == Approx(1.4 / 6));
  CHECK(summary.p.value() == Approx(6.0 / 64));
  CHECK(summary.mde.value() == Approx(2.8016 * 0.2160247 / std::sqrt(6.0)).epsilon(1e-4));
  CHECK(summary.delta_lo.value() > -0.05);
  CHECK(summary.delta_hi.value() < 0.45);
  CHECK(summary.delta_lo.value() < summary.delta_hi.value());
  CHECK(summary.lo.value() < summary.value.value());
  CHECK(summary.hi.value() > summary.value.value());
}

TEST_CASE("equal real pairs: delta 0, p 1, bounds and detectable effect null") {
  const Column values{0.2, 0.7, 0.4};
  const Summary summary = summarize_real(values, values, 1);
  CHECK(summary.n_paired == 3);
  CHECK(summary.delta == 0.0);
  CHECK_FALSE(summary.delta_lo);
  CHECK_FALSE(summary.delta_hi);
  CHECK_FALSE(summary.mde);
  CHECK(summary.p == 1.0);
  CHECK(summary.note == no_spread_note);
}

TEST_CASE("values or differences without spread have no bounds, but keep value, delta and p") {
  const Summary summary = summarize_real(Column(6, 2.0), Column(6, 1.0), 1);
  CHECK(summary.value == 2.0);
  CHECK_FALSE(summary.lo);
  CHECK_FALSE(summary.hi);
  CHECK(summary.delta == 1.0);
  CHECK_FALSE(summary.delta_lo);
  CHECK_FALSE(summary.mde);
  CHECK(summary.p == 2.0 / 64);
  const Summary single = summarize_real(Column{1.0}, Column{2.0}, 1);
  CHECK(single.delta == -1.0);
  CHECK(single.p == 1.0);
  CHECK_FALSE(single.mde);
}

TEST_CASE("summaries refuse scores that no metric of their kind gives") {
  CHECK_THROWS_AS(summarize_binary(Column{0.5}, {}), InputError);
  CHECK_THROWS_AS(summarize_binary(Column{1.0}, Column{0.5}), InputError);
  CHECK_THROWS_AS(summarize_binary(Column{1.0, 0.0}, Column{1.0}), InputError);
  CHECK_THROWS_AS(summarize_real(Column{std::numeric_limits<double>::infinity()}, {}, 1), InputError);
  CHECK_THROWS_AS(summarize_real(Column{1.0}, Column{std::nan("")}, 1), InputError);
}

TEST_CASE("Holm runs over the formats that have a p and leaves the baseline out") {
  std::vector<Summary> formats(6);
  const std::vector<double> p{0.01, 0.04, 0.03, 0.005, 0.2};
  for (std::size_t i = 0; i < p.size(); ++i) formats[i + 1].p = p[i];
  std::vector<Summary*> pointers;
  for (Summary& summary : formats) pointers.push_back(&summary);
  apply_holm(pointers);
  CHECK_FALSE(formats[0].p_holm);
  const std::vector<double> expected{0.04, 0.09, 0.09, 0.025, 0.2};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(formats[i + 1].p_holm.value() == Approx(expected[i]));
  CHECK(formats[1].p == 0.01);
}
