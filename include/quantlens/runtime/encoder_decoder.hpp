/// An encoder and a decoder that writes what the encoder read: how likely given texts are as its answers.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quantlens/runtime/post_norm_stack.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Read only: threads may share it.
struct EncoderDecoder {
  PostNormStack encoder, decoder;
  AnyLinear lm_head;          ///< [vocab_size, d_model], with a bias
  TokenId decoder_start = 0;  ///< what the decoder reads before the first token
};

/// A text that the decoder may write.
struct TargetText {
  std::size_t source;  ///< index of what the encoder reads
  std::span<const TokenId> tokens;
};

/// The log-probability of each token of each target, given its source and the tokens before it. The encoder reads each
/// source once. Numbers do not depend on what else is asked for, nor on threads. Units: nats.
/// Errors: those of run_stack.
[[nodiscard]] std::vector<std::vector<double>> score_targets(const EncoderDecoder& model,
                                                             std::span<const std::vector<TokenId>> sources,
                                                             std::span<const TargetText> targets, std::size_t threads);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/runtime/encoder_decoder_impl.hpp"
#endif
