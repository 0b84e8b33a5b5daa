/// A model that also says how much it has computed and what it weighs: what the bench runs. Tests script it.
#pragma once

#include <cstddef>

#include "quantlens/convert/quantize_model.hpp"
#include "quantlens/models/text_model.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

class MeasuredModel : public TextModel {
 public:
  /// Work done since the model was built; rates come from differences.
  [[nodiscard]] virtual EngineCounters counters() const = 0;
  [[nodiscard]] virtual ModelWeight weight() const = 0;
  /// Drops what earlier prompts left in memory (shared prefixes), so that the next one is met for the first time.
  virtual void forget_prompts() = 0;
  /// How many threads answer from here on; no answer depends on it.
  virtual void use_threads(std::size_t threads) = 0;

  double kept_mib =
      0;  ///< what its uses have left behind in memory, such as shared prefixes; who measures that adds it
};

}  // namespace quantlens::inline QUANTLENS_ABI
