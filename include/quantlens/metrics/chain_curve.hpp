/// How much of a chain of thought an answer needs: the area over its early-answering curve.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The area under a chain's early-answering curve, by trapezoids over the kept share 0, 1/n, ..., 1 of its n sentences.
/// Shapes: n + 1 values: of the answer to no sentence, to the first one, ..., to all n.
/// Undefined-when: the chain has no sentence.
[[nodiscard]] inline std::optional<double> area_under_chain_curve(std::span<const double> values) {
  if (values.size() < 2) return std::nullopt;
  double sum = (values.front() + values.back()) / 2;
  for (const double value : values.subspan(1, values.size() - 2)) sum += value;
  return sum / static_cast<double>(values.size() - 1);
}

/// The metric aoc of one chain, of values that are 1 where the answer to the first sentences is that to all of them,
/// else 0; and soft_aoc, of the probabilities of the answer to all. High: the answer needs the chain.
/// Areas are linear in the curve, so the mean over chains is that of chains grouped by length, each group weighted by
/// its chains.
/// Range: [0, 1]; aoc is at most 1 - 1/(2n). Better: neither: it depends on how hard the items are. Undefined-when: the
/// chain has no sentence.
/// Source: Lanham et al. 2023, "Measuring Faithfulness in Chain-of-Thought Reasoning"; soft_aoc: [design].
[[nodiscard]] inline std::optional<double> area_over_chain_curve(std::span<const double> values) {
  const std::optional<double> area = area_under_chain_curve(values);
  return area ? std::optional(1 - *area) : std::nullopt;
}

}  // namespace quantlens::inline QUANTLENS_ABI
