/// The model families, one record each: which tensors there are and what a block computes with them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/block_part.hpp"

namespace quantlens::inline QUANTLENS_ABI {

enum class NormKind { rms, layer };        ///< Layer norms subtract the mean and have biases.
enum class NormPlace { before, after };    ///< Of attention and of the MLP.
enum class QkNorm { none, heads, whole };  ///< Queries and keys: each head by itself, or all heads together.
enum class Positions { rotary, learned };  ///< Learned ones are added to the embedding.
enum class MlpActivation { silu, gelu_tanh };
enum class BiasRule { as_config, qkv, all };        ///< Which matrices have biases; as_config: config and tensors say.
enum class WindowRule { none, every_layer, some };  ///< Which layers may see a sliding window only.

/// The sizes that shapes are made of.
enum class Dim { one, d_model, d_ff, d_head, half_head, q_width, kv_width, qkv_width, vocab, n_ctx };

/// One tensor: its three names (those of a block's tensors come behind "blocks.3.", "blk.3." and Hugging Face's own
/// prefix; empty: it is not in such files) and its shape [rows, cols], or [rows] where cols is one.
struct TensorRecord {
  std::string_view canonical, gguf, hf;
  Dim rows = Dim::d_model, cols = Dim::one;
};

/// How Hugging Face's config.json spells the settings whose names differ between families.
struct HfKeys {
  std::string_view n_layers = "num_hidden_layers", d_model = "hidden_size", d_ff = "intermediate_size",
                   n_heads = "num_attention_heads", n_ctx = "max_position_embeddings", norm_eps = "rms_norm_eps",
                   activation = "hidden_act", activation_name = "silu";
};

struct Architecture {
  std::string_view name;  ///< Hugging Face's model_type.
  std::string_view gguf;  ///< general.architecture of GGUF files.
  NormKind norm = NormKind::rms;
  NormPlace norm_place = NormPlace::before;
  QkNorm qk_norm = QkNorm::none;
  Positions positions = Positions::rotary;
  bool gated_mlp = true;
  MlpActivation activation = MlpActivation::silu;
  BiasRule biases = BiasRule::as_config;
  WindowRule window = WindowRule::none;
  bool tied_by_default = false;
  std::size_t default_d_head = 0;    ///< Where the config gives none; 0: d_model / n_heads.
  bool interleaved_in_gguf = false;  ///< Llama's converter interleaves the rotary halves of q's and k's rows.
  bool transposed_in_hf = false;     ///< Hugging Face stores a block's matrices as [n_in, n_out].
  HfKeys hf_keys = {};
  std::string_view hf_prefix = "model.";          ///< Of all names but the output layer's.
  std::string_view hf_blocks = "model.layers.";   ///< Before a block's number.
  std::vector<std::string_view> hf_ignored = {};  ///< Endings of stored constants that follow from the config.
  std::vector<TensorRecord> tensors = {}, block_tensors = {};

  /// Null where the family has no such tensor. `wanted` is the canonical name behind "blocks.3.".
  [[nodiscard]] const TensorRecord* find_in_block(std::string_view wanted) const {
    const auto found = std::ranges::find(block_tensors, wanted, &TensorRecord::canonical);
    return found == block_tensors.end() ? nullptr : &*found;
  }
  /// Whether q, k and v are stored as one matrix.
  [[nodiscard]] bool fuses_qkv() const { return find_in_block("attn.qkv") != nullptr; }
};

namespace architecture_detail {

using Tensors = std::vector<TensorRecord>;

[[nodiscard]] inline Tensors joined(std::initializer_list<Tensors> lists) {
  Tensors all;
  for (const Tensors& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

/// What Llama and those after it share, named as there.
[[nodiscard]] inline Tensors llama_model() {
  return {{"embed", "token_embd.weight", "model.embed_tokens.weight", Dim::vocab, Dim::d_model},
          {"final_norm", "output_norm.weight", "model.norm.weight"},
          {"lm_head", "output.weight", "lm_head.weight", Dim::vocab, Dim::d_model},
          {"rope_freqs", "rope_freqs.weight", "", Dim::half_head}};
}

[[nodiscard]] inline Tensors llama_matrices() {
  return {{"attn.q", "attn_q.weight", "self_attn.q_proj.weight", Dim::q_width, Dim::d_model},
          {"attn.k", "attn_k.weight", "self_attn.k_proj.weight", Dim::kv_width, Dim::d_model},
          {"attn.v", "attn_v.weight", "self_attn.v_proj.weight", Dim::kv_width, Dim::d_model},
          {"attn.q_bias", "attn_q.bias", "self_attn.q_proj.bias", Dim::q_width},
          {"attn.k_bias", "attn_k.bias", "self_attn.k_proj.bias", Dim::kv_width},
          {"attn.v_bias", "attn_v.bias", "self_attn.v_proj.bias", Dim::kv_width},
          {"attn.o", "attn_output.weight", "self_attn.o_proj.weight", Dim::d_model, Dim::q_width},
          {"attn.o_bias", "attn_output.bias", "self_attn.o_proj.bias", Dim::d_model},
          {"mlp.gate", "ffn_gate.weight", "mlp.gate_proj.weight", Dim::d_ff, Dim::d_model},
          {"mlp.up", "ffn_up.weight", "mlp.up_proj.weight", Dim::d_ff, Dim::d_model},
          {"mlp.down", "ffn_down.weight", "mlp.down_proj.weight", Dim::d_model, Dim::d_ff},
          {"mlp.gate_bias", "ffn_gate.bias", "mlp.gate_proj.bias", Dim::d_ff},
          {"mlp.up_bias", "ffn_up.bias", "mlp.up_proj.bias", Dim::d_ff},
          {"mlp.down_bias", "ffn_down.bias", "mlp.down_proj.bias", Dim::d_model}};
}

[[nodiscard]] inline Tensors norms_before() {
  return {{"attn_norm", "attn_norm.weight", "input_layernorm.weight"},
          {"mlp_norm", "ffn_norm.weight", "post_attention_layernorm.weight"}};
}

/// On queries and keys: of width `q` and `k`.
[[nodiscard]] inline Tensors qk_norms(Dim q, Dim k) {
  return {{"attn.q_norm", "attn_q_norm.weight", "self_attn.q_norm.weight", q},
          {"attn.k_norm", "attn_k_norm.weight", "self_attn.k_norm.weight", k}};
}

}  // namespace architecture_detail

// The records. Sources: transformers 5, modeling_<name>.py and configuration_<name>.py; llama.cpp, llama-arch.cpp.

namespace architectures {

[[nodiscard]] inline Architecture llama() {
  using namespace architecture_detail;
  return {.name = "llama",
          .gguf = "llama",
          .interleaved_in_gguf = true,
          .hf_ignored = {".rotary_emb.inv_freq"},
          .tensors = llama_model(),
          .block_tensors = joined({norms_before(), llama_matrices()})};
}

[[nodiscard]] inline Architecture mistral() {
  Architecture record = llama();
  record.name = "mistral";
  record.window = WindowRule::every_layer;
  return record;
}

[[nodiscard]] inline Architecture qwen2() {
  Architecture record = llama();
  record.name = record.gguf = "qwen2";
  record.biases = BiasRule::qkv;
  record.window = WindowRule::some;
  record.interleaved_in_gguf = false;
  return record;
}

[[nodiscard]] inline Architecture qwen3() {
  using namespace architecture_detail;
  Architecture record = llama();
  record.name = record.gguf = "qwen3";
  record.qk_norm = QkNorm::heads;
  record.window = WindowRule::some;
  record.default_d_head = 128;
  record.interleaved_in_gguf = false;
  record.block_tensors = joined({record.block_tensors, qk_norms(Dim::d_head, Dim::d_head)});
  return record;
}

[[nodiscard]] inline Architecture olmo2() {
  using namespace architecture_detail;
  Architecture record = llama();
  record.name = record.gguf = "olmo2";
  record.norm_place = NormPlace::after;
  record.qk_norm = QkNorm::whole;
  record.interleaved_in_gguf = false;
  record.block_tensors = joined({llama_matrices(),
                                 qk_norms(Dim::q_width, Dim::kv_width),
                                 {{"attn_post_norm", "post_attention_norm.weight", "post_attention_layernorm.weight"},
                                  {"mlp_post_norm", "post_ffw_norm.weight", "post_feedforward_layernorm.weight"}}});
  return record;
}

[[nodiscard]] inline Architecture gpt2() {
  return {.name = "gpt2",
          .gguf = "gpt2",
          .norm = NormKind::layer,
          .positions = Positions::learned,
          .gated_mlp = false,
          .activation = MlpActivation::gelu_tanh,
          .biases = BiasRule::all,
          .tied_by_default = true,
          .transposed_in_hf = true,
          .hf_keys = {.n_layers = "n_layer",
                      .d_model = "n_embd",
                      .d_ff = "n_inner",
                      .n_heads = "n_head",
                      .n_ctx = "n_positions",
                      .norm_eps = "layer_norm_epsilon",
                      .activation = "activation_function",
                      .activation_name = "gelu_new"},
          .hf_prefix = "transformer.",
          .hf_blocks = "transformer.h.",
          .hf_ignored = {".attn.bias", ".attn.masked_bias"},
          .tensors = {{"embed", "token_embd.weight", "transformer.wte.weight", Dim::vocab, Dim::d_model},
                      {"positions", "position_embd.weight", "transformer.wpe.weight", Dim::n_ctx, Dim::d_model},
                      {"final_norm", "output_norm.weight", "transformer.ln_f.weight"},
                      {"final_norm_bias", "output_norm.bias", "transformer.ln_f.bias"},
                      {"lm_head", "output.weight", "lm_head.weight", Dim::vocab, Dim::d_model}},
          .block_tensors = {{"attn_norm", "attn_norm.weight", "ln_1.weight"},
                            {"attn_norm_bias", "attn_norm.bias", "ln_1.bias"},
                            {"attn.qkv", "attn_qkv.weight", "attn.c_attn.weight", Dim::qkv_width, Dim::d_model},
                            {"attn.qkv_bias", "attn_qkv.bias", "attn.c_attn.bias", Dim::qkv_width},
                            {"attn.o", "attn_output.weight", "attn.c_proj.weight", Dim::d_model, Dim::q_width},
                            {"attn.o_bias", "attn_output.bias", "attn.c_proj.bias"},
                            {"mlp_norm", "ffn_norm.weight", "ln_2.weight"},
                            {"mlp_norm_bias", "ffn_norm.bias", "ln_2.bias"},
                            {"mlp.up", "ffn_up.weight", "mlp.c_fc.weight", Dim::d_ff, Dim::d_model},
                            {"mlp.up_bias", "ffn_up.bias", "mlp.c_fc.bias", Dim::d_ff},
                            {"mlp.down", "ffn_down.weight", "mlp.c_proj.weight", Dim::d_model, Dim::d_ff},
                            {"mlp.down_bias", "ffn_down.bias", "mlp.c_proj.bias"}}};
}

}  // namespace architectures

/// All of them. A new family is a record above and its name here.
[[nodiscard]] inline const std::vector<Architecture>& known_architectures() {
  static const std::vector<Architecture> records = {architectures::llama(), architectures::mistral(),
                                                    architectures::qwen2(), architectures::qwen3(),
                                                    architectures::olmo2(), architectures::gpt2()};
  return records;
}

namespace architecture_detail {

/// The first record whose `field` is `name`. Errors: InputError `unknown_name`, with the names that load.
[[nodiscard]] inline const Architecture& find_by(std::string_view Architecture::*field, std::string_view name) {
  std::vector<std::string> known;
  for (const Architecture& record : known_architectures()) {
    if (record.*field == name) return record;
    if (std::string text(record.*field); std::ranges::find(known, text) == known.end())
      known.push_back(std::move(text));
  }
  throw unknown_name("architecture", name, known);
}

}  // namespace architecture_detail

/// By model_type, or by general.architecture of a GGUF file. Errors: InputError `unknown_name`.
[[nodiscard]] inline const Architecture& architecture_named(std::string_view name) {
  return architecture_detail::find_by(&Architecture::name, name);
}
[[nodiscard]] inline const Architecture& architecture_of_gguf(std::string_view name) {
  return architecture_detail::find_by(&Architecture::gguf, name);
}

}  // namespace quantlens::inline QUANTLENS_ABI
