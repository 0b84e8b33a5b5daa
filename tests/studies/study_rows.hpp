/// Rows of a run that no model was asked for.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "quantlens/bench/sweep.hpp"
#include "quantlens/stats/moments.hpp"

namespace quantlens::test {

using namespace quantlens;

struct StudyRows {
  std::vector<std::unique_ptr<CellOutcome>> outcomes;
  std::vector<std::unique_ptr<Row>> rows;

  /// A row with the scores of its items, in their order, and its change to the baseline.
  Row& add(const TaskProtocol& what, const std::string& format, const MetricInfo& metric,
           const std::vector<double>& scores, std::optional<double> delta) {
    CellOutcome& outcome = *outcomes.emplace_back(std::make_unique<CellOutcome>());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      ItemRecord& record = outcome.records.emplace_back();
      record.item_id = std::to_string(i);
      record.gold = i % 4 == 0 ? 1 : 0;  // three of four items have the same label
      record.set_score(metric, scores[i]);
    }
    Row& row = *rows.emplace_back(std::make_unique<Row>());
    row.cell = {what, parse_format(format)};
    row.outcome = &outcome;
    row.n = scores.size();
    Summary summary;
    summary.value = mean(scores);
    summary.n = scores.size();
    summary.delta = delta;
    row.metrics.push_back({metric, summary});
    return row;
  }
};

}  // namespace quantlens::test
