/// One metric of several rows as a column: values with intervals, and what changed.
#pragma once

#include <string>
#include <vector>

#include "quantlens/report/plain_text.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// `metrics`: as rows of results.json have them, one at least. "name ↑, delta" over "0.967 ±0.065  -0.011*".
TextColumn metric_column(const std::string& name, const std::vector<const Json*>& metrics);

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/metric_column_impl.hpp"
#endif
