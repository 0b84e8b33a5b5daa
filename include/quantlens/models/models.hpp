/// The models that a protocol may ask.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "quantlens/models/text_model.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The tokens of one text. Shape: values [ids.size(), width], each row of length 1.
struct TokenVectors {
  std::vector<TokenId> ids;
  std::vector<bool> is_special;  ///< put around the text by the tokenizer
  std::vector<float> values;
  std::size_t width = 0;
};

/// Texts and their tokens as vectors of one length, such that the cosine of two of them says how much they mean the
/// same.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  /// One vector for each text, in their order.
  virtual std::vector<std::vector<float>> embed(std::span<const std::string> texts) = 0;

  /// Each token's state behind `n_layers` layers; 0: behind all. Errors: InputError `engine` for more than there are.
  virtual std::vector<TokenVectors> token_vectors(std::span<const std::string> texts, std::size_t n_layers) = 0;

  /// The tokens of each text, those that the tokenizer puts around it included.
  virtual std::vector<std::vector<TokenId>> tokens(std::span<const std::string> texts) = 0;
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
  TextModel& model;  ///< the format under test
  TextModel& full;   ///< the same model unquantized, or the one that the run names: judges how fluent texts are
  TextModel* judge = nullptr;      ///< another model, which rates answers; never the model under test
  TextEncoder* encoder = nullptr;  ///< compares meanings
  PairScorer* scorer = nullptr;    ///< says how well one text follows from another
};

}  // namespace quantlens::inline QUANTLENS_ABI
