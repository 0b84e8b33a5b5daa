/// BARTScore of a text and its reference: both directions and their mean.
#pragma once

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How likely each of two texts is after the other, as a BART says. Units: nats a token. Range: 0 at most.
/// Better: higher. Undefined-when: never; of an empty text its two special tokens are scored.
/// Source: Yuan et al. 2021, arXiv 2106.11520, section 3.2, whose recall, precision and F these are.
struct BartScore {
  double to_reference = 0;    ///< of the reference, given the text
  double from_reference = 0;  ///< of the text, given the reference

  [[nodiscard]] constexpr double mean() const noexcept { return (to_reference + from_reference) / 2; }
};

}  // namespace quantlens::inline QUANTLENS_ABI
