/// The models that a protocol may ask.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quantlens/models/text_model.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Texts as vectors of one length, such that the cosine of two of them says how much the texts mean the same.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  /// One vector for each text, in their order.
  virtual std::vector<std::vector<float>> embed(std::span<const std::string> texts) = 0;
};

/// The last two are null where the run has none; a protocol that declares that it needs one is not run without.
struct Models {
  TextModel& model;                ///< the format under test
  TextModel& full;                 ///< the same model unquantized, which judges how fluent texts are
  TextModel* judge = nullptr;      ///< another model, which rates answers; never the model under test
  TextEncoder* encoder = nullptr;  ///< compares meanings
};

}  // namespace quantlens::inline QUANTLENS_ABI
