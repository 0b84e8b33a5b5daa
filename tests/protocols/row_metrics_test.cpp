#include "quantlens/protocols/row_metrics.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/protocols/registry.hpp"
#include "quantlens/stats/summary.hpp"

using namespace quantlens;

namespace {

/// Ten answers to a task with two labels, as a row and its baseline have them.
std::vector<ItemRecord> records(const std::vector<std::size_t>& predicted) {
  const std::vector<std::pair<double, bool>> answers{{.96, true},  {.91, true}, {.86, true},  {.81, false},
                                                     {.76, true},  {.71, true}, {.61, false}, {.56, true},
                                                     {.51, false}, {.41, false}};
  std::vector<ItemRecord> all(answers.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].predicted = predicted[i];
    all[i].gold = answers[i].second ? predicted[i] : predicted[i] + 1;
    all[i].set_score(metric::label_confidence, answers[i].first);
  }
  return all;
}

Summary summary_of(const MetricInfo& info, const std::vector<ItemRecord>& row,
                   const std::vector<ItemRecord>& baseline) {
  const auto pointers = [](const std::vector<ItemRecord>& list) {
    std::vector<const ItemRecord*> all;
    for (const ItemRecord& record : list) all.push_back(&record);
    return all;
  };
  const std::vector<Metric> metrics = row_metrics(*make_protocol("nle"));
  const auto found = std::ranges::find(metrics, info.name, [](const Metric& metric) { return metric.info.name; });
  return found->summarize(pointers(row), pointers(baseline), 1);
}

}  // namespace

TEST_CASE("rows with labels say how well their confidence tells right from wrong") {
  // The answers of protocols' golden example: 5 bins give .11 and .242 there; ten bins by hand are 2.42 / 10 and 3.58
  // / 10.
  const auto row = records(std::vector<std::size_t>(10, 0));
  CHECK(summary_of(metric::ece, row, {}).value == Approx(.242));
  CHECK(summary_of(metric::ace, row, {}).value == Approx(.358));
  CHECK(summary_of(metric::type2_auroc, row, {}).value == Approx(.8333333));
}

TEST_CASE("an item without a confidence is left out of calibration") {
  auto row = records(std::vector<std::size_t>(10, 0));
  row[0].set_score(metric::label_confidence, std::nullopt);
  const Summary ece = summary_of(metric::ece, row, {});
  CHECK(ece.n == 9);
  // |1 - .91| is what its bin still lacks.
  CHECK(ece.value == Approx((2.42 - .13 + .09) / 9));
}

TEST_CASE("same_label counts the baseline's labels, of right and of wrong answers, and not at all in its own row") {
  const auto row = records({0, 0, 0, 0, 0, 0, 0, 0, 0, no_label});
  const auto baseline = records({0, 1, 0, 1, 0, 0, 0, 0, 1, no_label});
  const Summary same = summary_of(metric::same_label, row, baseline);
  CHECK(same.value == Approx(.7));
  CHECK(same.n == 10);
  CHECK(same.lo.has_value());
  CHECK_FALSE(same.delta);
  CHECK(summary_of(metric::same_label, row, {}).n == 0);
}

TEST_CASE("a row has its protocol's metrics first, and those of labels where it predicts some") {
  const auto names = [](std::string_view protocol) {
    std::vector<std::string_view> all;
    for (const Metric& metric : row_metrics(*make_protocol(protocol))) all.push_back(metric.info.name);
    return all;
  };
  CHECK(names("nle").front() == "accuracy");
  CHECK(names("nle").back() == "generated_tokens");
  const std::size_t n_labels = 7, n_others = 1;
  CHECK(names("nle").size() == make_protocol("nle")->metrics().size() + n_labels);
  CHECK(names("recall").size() == make_protocol("recall")->metrics().size() + n_others);
}
