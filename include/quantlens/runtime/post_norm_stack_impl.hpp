/// What post_norm_stack.hpp declares, defined.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/parallel.hpp"
#include "quantlens/runtime/pack.hpp"
#include "quantlens/runtime/post_norm_pass.hpp"
#include "quantlens/runtime/post_norm_stack.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace post_norm_detail {

/// The tensors of one stack by canonical name, as what they become.
class StackTensors {
 public:
  StackTensors(detail::TensorPool& pool, const StackConfig& config, const KernelTable& kernels)
      : pool_(pool), config_(config), kernels_(kernels) {}

  /// `suspect`: the setting that a wrong shape lets doubt.
  [[nodiscard]] AnyLinear linear(const std::string& name, std::size_t n_out, std::size_t n_in,
                                 std::string_view suspect) {
    AnyLinear made = dense_linear(pool_.matrix(name, n_out, n_in, suspect), kernels_);
    made.set_bias(pool_.vector(name + "_bias", n_out, suspect));
    return made;
  }
  [[nodiscard]] NormVectors norm(const std::string& name) {
    const std::string_view suspect = config_.record->hf_keys.d_model;
    return {pool_.vector(name, config_.d_model, suspect), pool_.vector(name + "_bias", config_.d_model, suspect)};
  }
  [[nodiscard]] AttentionPart attention(const std::string& prefix) {
    const auto square = [&](const char* name) {
      return linear(prefix + name, config_.d_model, config_.d_model, config_.record->hf_keys.d_model);
    };
    return {square("q"), square("k"), square("v"), square("o"), norm(prefix + "norm")};
  }
  [[nodiscard]] PostNormLayer layer(std::size_t i) {
    const std::string block = concat("blocks.", i, ".");
    const std::string_view suspect = config_.record->hf_keys.d_ff;
    PostNormLayer made;
    made.self = attention(block + "attn.");
    if (config_.is_decoder) made.cross = attention(block + "cross.");
    made.up = linear(block + "mlp.up", config_.d_ff, config_.d_model, suspect);
    made.down = linear(block + "mlp.down", config_.d_model, config_.d_ff, suspect);
    made.norm = norm(block + "mlp.norm");
    return made;
  }

 private:
  detail::TensorPool& pool_;
  const StackConfig& config_;
  const KernelTable& kernels_;
};

inline void check_batch(const PostNormStack& stack, const TokenBatch& batch) {
  for (std::size_t text = 0; text < batch.size(); ++text) {
    const std::size_t n = batch.starts[text + 1] - batch.starts[text];
    if (n == 0 || n > stack.config.n_ctx)
      throw InputError("n_ctx", concat("text ", text, " of a batch has ", n, " tokens; the model reads from 1 to ",
                                       stack.config.n_ctx));
  }
  for (const TokenId token : batch.tokens)
    if (token < 0 || static_cast<std::size_t>(token) >= stack.config.vocab_size)
      throw InputError("embedding", concat("token ", token, " is not below vocab_size, ", stack.config.vocab_size));
}

}  // namespace post_norm_detail

QUANTLENS_INLINE PostNormStack take_stack(detail::TensorPool& pool, const StackConfig& config,
                                          std::optional<WeightMatrix> embed, std::shared_ptr<const void> storage,
                                          const KernelTable& kernels) {
  const std::size_t d = config.d_model;
  post_norm_detail::StackTensors tensors(pool, config, kernels);
  PostNormStack stack;
  stack.config = config;
  stack.storage = std::move(storage);
  stack.kernels = &kernels;
  stack.embed = embed ? std::move(*embed) : pool.matrix("embed", config.vocab_size, d, "vocab_size");
  stack.positions = pool.matrix("positions", config.n_positions(), d, config.record->hf_keys.n_ctx);
  if (config.n_types > 0) {
    stack.type.resize(d);
    pool.matrix("types", config.n_types, d, "type_vocab_size").decode_row(0, stack.type);
  }
  stack.embed_norm = tensors.norm("embed_norm");
  for (std::size_t i = 0; i < config.n_layers; ++i) stack.layers.push_back(tensors.layer(i));
  return stack;
}

QUANTLENS_INLINE Activations run_stack(const PostNormStack& stack, const TokenBatch& batch, const StackOptions& options,
                                       const SourceStates* source) {
  post_norm_detail::check_batch(stack, batch);
  PostNormPass pass(stack, batch, options, source);
  run_team(options.threads, [&](const Team& team) { pass.run(team); });
  return pass.take_states();
}

}  // namespace quantlens::inline QUANTLENS_ABI
