/// The set-level metrics that several protocols, or one of a longer list, report.
#pragma once

#include "quantlens/protocols/metric.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// macro_f1 of gold and predicted labels.
[[nodiscard]] Metric macro_f1_metric();

/// recall_macro: recall_top1 averaged over the items' groups.
[[nodiscard]] Metric recall_macro_metric();

/// flips_mentioned, cct and phi_cct of the edits that ItemRecord::edits holds.
[[nodiscard]] Metric flips_mentioned_metric();
[[nodiscard]] Metric cct_metric();
[[nodiscard]] Metric phi_cct_metric();

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/set_metrics_impl.hpp"
#endif
