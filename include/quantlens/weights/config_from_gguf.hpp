/// Reads a model's hyperparameters from GGUF metadata.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/model_config.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// Keys that change what a model computes and that this library does not compute: any value but `neutral` is refused.
inline void refuse_gguf_extras(const GgufFile& file, const std::string& arch) {
  struct Extra {
    std::string_view key;
    double neutral;
  };
  for (const Extra& extra : {Extra{".expert_count", 0},
                             {".attention.sliding_window_pattern", 0},
                             {".logit_scale", 1},
                             {".embedding_scale", 1},
                             {".residual_scale", 1},
                             {".attention.clamp_kqv", 0},
                             {".attention.max_alibi_bias", 0},
                             {".rope.scaling.yarn_ext_factor", 1},
                             {".rope.scaling.yarn_attn_factor", 1},
                             {".rope.scaling.yarn_log_multiplier", 0}}) {
    const std::string key = concat(arch, extra.key);
    const double value = file.number_or(key, extra.neutral);
    if (value != extra.neutral)
      throw InputError("config", concat(file.name(), ": ", key, " = ", value, " is not supported"));
  }
  if (!file.boolean_or(arch + ".attention.causal", true))
    throw InputError("config", concat(file.name(), ": ", arch, ".attention.causal = false is not supported"));
}

/// A factor without a type is linear. Source: llama.cpp, llama-model.cpp (load_hparams) and ggml's rope_yarn.
[[nodiscard]] inline RopeScaling rope_scaling_from_gguf(const GgufFile& file, const std::string& arch,
                                                        std::size_t n_ctx) {
  RopeScaling scaling;
  const auto refuse = [&](const auto&... parts) { throw InputError("config", concat(file.name(), ": ", parts...)); };
  const std::string prefix = arch + ".rope.scaling.";
  const std::string kind = file.string_or(prefix + "type", "linear");
  const double attention = file.number_or(prefix + "attn_factor", 1.0);
  if (kind != "none" && kind != "linear" && kind != "yarn")
    refuse(prefix, "type = '", kind, "' is not supported (known: none linear yarn)");
  if (kind != "yarn" && attention != 1.0) refuse(prefix, "attn_factor = ", attention, " is supported for yarn only");
  if (kind == "none") return scaling;
  const double factor = file.number_or(prefix + "factor", file.number_or(arch + ".rope.scale_linear", 1.0));
  scaling.factor = static_cast<float>(factor);
  if (kind == "linear") {
    scaling.kind = factor == 1.0 ? RopeScaling::Kind::none : RopeScaling::Kind::linear;
    return scaling;
  }
  scaling.kind = RopeScaling::Kind::yarn;
  scaling.original_n_ctx = file.uint_or(prefix + "original_context_length", n_ctx);
  scaling.beta_fast = static_cast<float>(file.number_or(prefix + "yarn_beta_fast", scaling.beta_fast));
  scaling.beta_slow = static_cast<float>(file.number_or(prefix + "yarn_beta_slow", scaling.beta_slow));
  scaling.magnitude = static_cast<float>(attention * yarn_magnitude(factor));
  return scaling;
}

}  // namespace detail

/// All but the stop tokens. Llama 3's frequency scaling is a tensor of the file (rope_freqs.weight), not metadata.
/// Errors: InputError `unknown_name`, `gguf_key` or `config`; FormatError for values of a wrong type.
[[nodiscard]] inline ModelConfig config_from_gguf(const GgufFile& file) {
  ModelConfig config;
  const Architecture& record = architecture_of_gguf(file.string("general.architecture"));
  config.architecture = record.name;
  const std::string arch(record.gguf);
  detail::refuse_gguf_extras(file, arch);

  const auto refuse = [&](const auto&... parts) { throw InputError("config", concat(file.name(), ": ", parts...)); };
  const GgufTensor* embed = file.find("token_embd.weight");
  if (embed == nullptr)
    refuse("no tensor token_embd.weight", file.tensors().empty() ? "; it is a vocabulary only" : "");
  config.vocab_size = embed->shape[0];
  config.tied_embeddings = file.find("output.weight") == nullptr;
  config.n_ctx = file.uint(arch + ".context_length");
  config.d_model = file.uint(arch + ".embedding_length");
  config.n_layers = file.uint(arch + ".block_count");
  config.d_ff = file.uint_of_all_blocks(arch + ".feed_forward_length");
  config.n_heads = file.uint_of_all_blocks(arch + ".attention.head_count");
  const std::string kv_key = arch + ".attention.head_count_kv";
  config.n_kv_heads = file.has(kv_key) ? file.uint_of_all_blocks(kv_key) : config.n_heads;
  config.norm_eps = static_cast<float>(file.number(
      arch + (record.norm == NormKind::rms ? ".attention.layer_norm_rms_epsilon" : ".attention.layer_norm_epsilon")));
  config.rope_theta = static_cast<float>(file.number_or(arch + ".rope.freq_base", 10000.0));
  config.rope_scaling = detail::rope_scaling_from_gguf(file, arch, config.n_ctx);
  config.sliding_window.size = file.uint_or(arch + ".attention.sliding_window", 0);
  for (const BlockPart part : {BlockPart::q, BlockPart::k, BlockPart::v})
    config.has_bias[part] = record.biases != BiasRule::as_config;
  for (const BlockPart part : {BlockPart::o, BlockPart::up, BlockPart::down})
    config.has_bias[part] = record.biases == BiasRule::all;

  config.gives_n_kv_heads = file.has(arch + ".attention.head_count_kv");
  config.gives_d_head = file.has(arch + ".attention.key_length") || file.has(arch + ".rope.dimension_count");
  if (file.has(arch + ".attention.key_length")) {
    config.d_head = file.uint(arch + ".attention.key_length");
  } else {
    if (config.n_heads == 0 || config.d_model % config.n_heads != 0)
      refuse("embedding_length ", config.d_model, " is not divided by attention.head_count ", config.n_heads);
    config.d_head = config.d_model / config.n_heads;
  }
  for (const std::string_view key : {".attention.value_length", ".rope.dimension_count"})
    if (const std::uint64_t value = file.uint_or(concat(arch, key), config.d_head); value != config.d_head)
      refuse(arch, key, " is ", value, ", but only the head's size, ", config.d_head, ", is supported");
  return config;
}

}  // namespace quantlens::inline QUANTLENS_ABI
