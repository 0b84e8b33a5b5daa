/// What the activations are that meet the codes of a matrix.
#pragma once

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// floats; one scale a run of 32 (the `-a8` policy); one scale a row, outliers apart (LLM.int8()).
/// Source of the last: Dettmers et al. 2022, arXiv 2208.07339.
enum class ActivationForm { floats, int8_runs, int8_rows };

/// From which magnitude on LLM.int8() keeps an activation in float. Source: arXiv 2208.07339, section 3.2.
inline constexpr float outlier_threshold = 6.0f;

}  // namespace quantlens::inline QUANTLENS_ABI
