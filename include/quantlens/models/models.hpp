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

/// Two texts, of which the second may be what somebody writes after reading the first.
struct TextPair {
  std::string source, target;
};

/// How likely a text is as what a model writes after reading another one, such as BARTScore.
class PairScorer {
 public:
  virtual ~PairScorer() = default;

  /// The mean log-probability of the target's tokens, for each pair. Units: nats a token.
  virtual std::vector<double> score(std::span<const TextPair> pairs) = 0;
};

/// The last three are null where the run has none; a protocol that declares that it needs one is not run without.
struct Models {
  TextModel& model;                ///< the format under test
  TextModel& full;                 ///< the same model unquantized, which judges how fluent texts are
  TextModel* judge = nullptr;      ///< another model, which rates answers; never the model under test
  TextEncoder* encoder = nullptr;  ///< compares meanings
  PairScorer* scorer = nullptr;    ///< says how well one text follows from another
};

}  // namespace quantlens::inline QUANTLENS_ABI
