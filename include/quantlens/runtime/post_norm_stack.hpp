/// A stack of layers as BERT and BART have them: what a part computes is added to what it read, and the sum is
/// normalized.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "quantlens/runtime/activations.hpp"
#include "quantlens/runtime/linear.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/encoder_config.hpp"
#include "quantlens/weights/tensor_pool.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A layer norm's vectors. Shapes: [d_model].
struct NormVectors {
  std::vector<float> weight, bias;
};

/// Attention and the norm behind it. Shapes of matrices: [d_model, d_model].
struct AttentionPart {
  AnyLinear q, k, v, o;
  NormVectors norm;
};

/// Shapes: up [d_ff, d_model], down [d_model, d_ff].
struct PostNormLayer {
  AttentionPart self;
  std::optional<AttentionPart> cross;  ///< of decoders: on what the encoder made of the source
  AnyLinear up, down;
  NormVectors norm;
};

/// Layers, and what tokens are embedded with. Read only: threads may share it.
struct PostNormStack {
  StackConfig config;
  WeightMatrix embed;       ///< [vocab_size, d_model]
  WeightMatrix positions;   ///< [n_positions, d_model]
  std::vector<float> type;  ///< [d_model], added to each embedding; empty: none
  NormVectors embed_norm;
  std::vector<PostNormLayer> layers;
  std::shared_ptr<const void> storage;  ///< keeps the embeddings' bytes alive
  const KernelTable* kernels = nullptr;
};

/// Takes a stack's tensors out of the pool. `embed` where the stack has none of its own.
/// Errors: InputError `missing_tensor`, `shape`, `unexpected_tensor`; FormatError `not_finite`.
[[nodiscard]] PostNormStack take_stack(detail::TensorPool& pool, const StackConfig& config,
                                       std::optional<WeightMatrix> embed, std::shared_ptr<const void> storage,
                                       const KernelTable& kernels);

/// Texts as token ids, one behind the other: nothing is padded.
struct TokenBatch {
  std::vector<TokenId> tokens;
  std::vector<std::size_t> starts{0};  ///< [size() + 1]

  void add(std::span<const TokenId> text) {
    tokens.insert(tokens.end(), text.begin(), text.end());
    starts.push_back(tokens.size());
  }
  [[nodiscard]] std::size_t size() const noexcept { return starts.size() - 1; }
};

/// What decoders look at: a batch's states behind the encoder, and the text of it that each of the decoder's texts is
/// from. Shapes: states [starts.back(), d_model], of_text [texts of the decoder's batch].
struct SourceStates {
  const Activations& states;
  std::span<const std::size_t> starts, of_text;
};

/// Called behind each number of layers with all states [n_tokens, d_model]; must not throw.
using StatesVisitor = std::function<void(std::size_t n_layers, const Activations& states)>;

struct StackOptions {
  std::size_t threads = 1;
  std::size_t n_layers = std::numeric_limits<std::size_t>::max();  ///< computed at most
  StatesVisitor visit = {};
};

/// The states of all tokens behind the last layer computed; with 0 layers the embeddings. Shape: [n_tokens, d_model].
/// A text's states are bit for bit the same for any batch and number of threads.
/// Errors: InputError `n_ctx` for a text of no tokens or too many, `embedding` for a token that has no row.
[[nodiscard]] Activations run_stack(const PostNormStack& stack, const TokenBatch& batch, const StackOptions& options,
                                    const SourceStates* source = nullptr);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/runtime/post_norm_stack_impl.hpp"
#endif
