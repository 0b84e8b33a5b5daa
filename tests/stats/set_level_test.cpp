#include "quantlens/stats/set_level.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "quantlens/metrics/classification.hpp"

using namespace quantlens;

namespace {

using Labels = std::vector<std::optional<LabelPair>>;
using Column = std::vector<std::optional<double>>;

/// Labels 0, 1, 2 with shares 0.5, 0.3, 0.2, right with that probability, else one of the other two.
LabelPair draw_label(Rng& rng, double right) {
  const double u = rng.uniform();
  const std::size_t gold = u < 0.5 ? 0 : u < 0.8 ? 1 : 2;
  return {gold, rng.uniform() < right ? gold : (gold + 1 + rng.below(2)) % 3};
}

Labels draw_labels(Rng& rng, std::size_t n, double right) {
  Labels labels;
  for (std::size_t i = 0; i < n; ++i) labels.push_back(draw_label(rng, right));
  return labels;
}

/// Macro-F1 of infinitely many such items, from the definition of F1.
double true_macro_f1(double right) {
  const double shares[] = {0.5, 0.3, 0.2};
  double sum = 0;
  for (const double share : shares) sum += 2 * share * right / (share + share * right + (1 - share) * (1 - right) / 2);
  return sum / 3;
}

}  // namespace

TEST_CASE("under the mean a set-level summary agrees with the real one") {
  Rng rng(3);
  std::vector<std::optional<double>> values;
  std::vector<std::optional<double>> baseline;
  for (int i = 0; i < 60; ++i) {
    baseline.push_back(rng.uniform());
    values.push_back(0.7 * *baseline.back() + 0.4 * rng.uniform());
  }
  values[7] = std::nullopt;
  baseline[9] = std::nullopt;
  const Summary real = summarize_real(values, baseline, 1);
  const Summary set = summarize_set_level(values, baseline, mean, 1);
  CHECK(set.n == 59);
  CHECK(set.n_paired == 58);
  CHECK(set.value == real.value);
  CHECK(set.delta.value() == Approx(real.delta.value()));
  CHECK(set.lo.value() == Approx(real.lo.value()).margin(1e-12));
  CHECK(set.hi.value() == Approx(real.hi.value()).margin(1e-12));
  CHECK(set.delta_lo.value() == Approx(real.delta_lo.value()).margin(1e-12));
  CHECK(set.delta_hi.value() == Approx(real.delta_hi.value()).margin(1e-12));
  CHECK(set.p.value() == Approx(real.p.value()).margin(0.02));
  CHECK(set.mde.value() == Approx(real.mde.value()).epsilon(0.05));
}

TEST_CASE("macro-F1 of a much worse format: delta, interval and p agree on it") {
  Rng rng(4);
  Labels baseline = draw_labels(rng, 300, 0.9);
  Labels values = baseline;
  for (std::size_t i = 0; i < values.size(); i += 2) values[i]->predicted = no_label;
  const Summary summary = summarize_set_level(values, baseline, macro_f1, 1);
  CHECK(summary.delta.value() < -0.1);
  CHECK(summary.delta_lo.value() < summary.delta.value());
  CHECK(summary.delta_hi.value() > summary.delta.value());
  CHECK(summary.delta_hi.value() < 0);
  CHECK(summary.p == 1.0 / 10'001);
  CHECK(summary.mde.value() > 0);
  CHECK(summary.mde.value() < 0.2);
}

TEST_CASE("equal outcomes: delta 0, p 1, bounds and detectable effect null") {
  Rng rng(5);
  const Labels labels = draw_labels(rng, 50, 0.7);
  const Summary summary = summarize_set_level(labels, labels, macro_f1, 1);
  CHECK(summary.n_paired == 50);
  CHECK(summary.delta == 0.0);
  CHECK(summary.p == 1.0);
  CHECK_FALSE(summary.delta_lo);
  CHECK_FALSE(summary.delta_hi);
  CHECK_FALSE(summary.mde);
}

TEST_CASE("a delta without spread has no bounds and no detectable effect") {
  const Summary summary = summarize_set_level(Column(6, 1.0), Column(6, 0.0), mean, 1);
  CHECK(summary.delta == 1.0);
  CHECK_FALSE(summary.delta_lo);
  CHECK_FALSE(summary.delta_hi);
  CHECK_FALSE(summary.mde);
  CHECK(summary.p.value() == Approx(2.0 / 64).margin(0.006));
}

TEST_CASE("without baseline, pairs or values the rest is null") {
  const Labels labels{LabelPair{0, 0}, LabelPair{1, 0}, LabelPair{1, 1}};
  const Summary alone = summarize_set_level(labels, Labels{}, macro_f1, 1);
  CHECK(alone.n == 3);
  CHECK(alone.value.value() == Approx(2.0 / 3));
  CHECK(alone.lo.has_value());
  CHECK(alone.n_paired == 0);
  CHECK_FALSE(alone.delta);
  CHECK_FALSE(alone.p);
  CHECK_FALSE(summarize_set_level(labels, Labels(3), macro_f1, 1).delta);
  const Summary nothing = summarize_set_level(Labels(3), labels, macro_f1, 1);
  CHECK(nothing.n == 0);
  CHECK_FALSE(nothing.value);
  CHECK_FALSE(nothing.lo);
  CHECK_THROWS_AS(summarize_set_level(labels, Labels(2), macro_f1, 1), InputError);
}

TEST_CASE("a statistic that is undefined on the items has no value, and on some resamples still an interval") {
  const auto never = [](std::span<const double>) { return std::optional<double>(); };
  const Summary undefined = summarize_set_level(Column{1.0, 2.0}, Column{2.0, 1.0}, never, 1);
  CHECK(undefined.n == 2);
  CHECK(undefined.n_paired == 2);
  CHECK_FALSE(undefined.value);
  CHECK_FALSE(undefined.delta);
  CHECK_FALSE(undefined.p);
  const auto needs_spread = [](std::span<const double> values) -> std::optional<double> {
    return all_equal(values) ? std::nullopt : std::optional(mean(values));
  };
  const Summary sometimes = summarize_set_level(Column{1.0, 2.0, 4.0}, Column{}, needs_spread, 1);
  CHECK(sometimes.value.value() == Approx(7.0 / 3));
  CHECK(sometimes.lo.value() > 1.0);
  CHECK(sometimes.hi.value() < 4.0);
}

TEST_CASE("macro-F1 intervals cover the true value and the true delta in 93 to 97 % of samples") {
  Rng rng(61);
  const int n_samples = 1000;
  const double truth = true_macro_f1(0.7);
  const double true_delta = truth - true_macro_f1(0.8);
  int value_covered = 0;
  int delta_covered = 0;
  for (int sample = 0; sample < n_samples; ++sample) {
    std::vector<LabelPair> values;
    std::vector<LabelPair> baseline;
    for (int i = 0; i < 150; ++i) {
      baseline.push_back(draw_label(rng, 0.8));
      const std::size_t gold = baseline.back().gold;
      values.push_back({gold, rng.uniform() < 0.7 ? gold : (gold + 1 + rng.below(2)) % 3});
    }
    std::vector<LabelPair> picked(values.size());
    const auto of = [&](const std::vector<LabelPair>& outcomes, std::span<const ItemIndex> items) {
      picked.clear();
      for (const ItemIndex item : items) picked.push_back(outcomes[item]);
      return macro_f1(picked);
    };
    const auto value_of = [&](std::span<const ItemIndex> items) { return std::optional(of(values, items)); };
    const auto delta_of = [&](std::span<const ItemIndex> items) {
      return std::optional(of(values, items) - of(baseline, items));
    };
    const auto covers = [&](double estimate, const auto& statistic, double target) {
      const BootstrapOptions options{.seed = rng.next(), .resamples = 600};
      const auto interval =
          bca_interval(estimate, bootstrap(values.size(), options, statistic), jackknife(values.size(), statistic));
      return interval->lo <= target && target <= interval->hi;
    };
    value_covered += covers(macro_f1(values), value_of, truth) ? 1 : 0;
    delta_covered += covers(macro_f1(values) - macro_f1(baseline), delta_of, true_delta) ? 1 : 0;
  }
  const double value_coverage = static_cast<double>(value_covered) / n_samples;
  const double delta_coverage = static_cast<double>(delta_covered) / n_samples;
  INFO("coverage: value " << value_coverage << ", delta " << delta_coverage);
  CHECK(value_coverage >= 0.93);
  CHECK(value_coverage <= 0.97);
  CHECK(delta_coverage >= 0.93);
  CHECK(delta_coverage <= 0.97);
}
