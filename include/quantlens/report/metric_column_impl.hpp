/// What metric_column.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/report/metric_column.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

inline std::vector<std::string> right_aligned(std::vector<std::string> cells) {
  std::size_t widest = 0;
  for (const std::string& cell : cells) widest = std::max(widest, display_width(cell));
  for (std::string& cell : cells) cell.insert(0, widest - display_width(cell), ' ');
  return cells;
}

/// "0.467 ±0.065", or "0.967 [0.91, 0.99]" in all rows where some interval is lopsided.
inline std::vector<std::string> value_cells(const std::vector<const Json*>& metrics, int digits) {
  bool lopsided = false;
  for (const Json* metric : metrics) {
    const Number value = number(*metric, "value");
    const Number lo = number(*metric, "lo");
    const Number hi = number(*metric, "hi");
    if (value && lo && hi) lopsided |= std::abs((*hi - *value) - (*value - *lo)) > 0.1 * (*hi - *lo);
  }
  std::vector<std::string> cells;
  for (const Json* metric : metrics) {
    const Number value = number(*metric, "value");
    const Number lo = number(*metric, "lo");
    const Number hi = number(*metric, "hi");
    std::string cell = value ? decimal(*value, digits) : "-";
    if (value && lo && hi)
      cell += lopsided ? concat(" [", decimal(*lo, digits), ", ", decimal(*hi, digits), "]")
                       : concat(" ±", decimal((*hi - *lo) / 2, digits));
    cells.push_back(cell);
  }
  return right_aligned(std::move(cells));
}

inline std::vector<std::string> delta_cells(const std::vector<const Json*>& metrics, int digits) {
  std::vector<std::string> cells;
  for (const Json* metric : metrics) {
    const Number delta = number(*metric, "delta");
    const bool significant = number(*metric, "p_holm").value_or(1) < 0.05;
    cells.push_back(delta ? decimal(*delta, digits, true) + (significant ? "*" : " ") : "");
  }
  return right_aligned(std::move(cells));
}

QUANTLENS_INLINE TextColumn metric_column(const std::string& name, const std::vector<const Json*>& metrics) {
  std::vector<Number> values;
  for (const Json* metric : metrics) values.push_back(number(*metric, "value"));
  const int digits = digits_for(values);
  TextColumn column{name, value_cells(metrics, digits), true};
  const std::string better = metrics.front()->value("better", Json()).is_string()
                                 ? metrics.front()->at("better").get<std::string>()
                                 : std::string();
  if (!better.empty()) column.header += better == "higher" ? " ↑" : " ↓";
  const std::vector<std::string> deltas = delta_cells(metrics, digits);
  if (display_width(deltas.front()) == 0) return column;
  column.header += ", delta";
  for (std::size_t i = 0; i < deltas.size(); ++i) column.cells[i] += "  " + deltas[i];
  return column;
}

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI
