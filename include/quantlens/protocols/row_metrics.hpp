/// The metrics of a row: those of its protocol, and what any row of the kind says without asking the model anything
/// more.
#pragma once

#include <vector>

#include "quantlens/protocols/protocol.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The protocol's own metrics first. Of protocols that predict labels (their metrics have the accuracy): same_label,
/// the share of items with the baseline's label; label_confidence, the chosen label's share of all labels' probability;
/// and how well that says whether the label is right: brier, ece, ace and type2_auroc. Of all: generated_tokens of an
/// item. Source: Dutta et al. 2024, "Accuracy is Not All You Need" (same_label); calibration.hpp names the others'.
[[nodiscard]] std::vector<Metric> row_metrics(const Protocol& protocol);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/protocols/row_metrics_impl.hpp"
#endif
