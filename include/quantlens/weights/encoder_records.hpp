/// Stacks of layers as BERT and BART have them, one record each: the names of their tensors and settings.
#pragma once

#include <string_view>

#include "quantlens/version.hpp"
#include "quantlens/weights/architecture.hpp"

namespace quantlens::inline QUANTLENS_ABI {

// Of a record only names are used: what a layer computes is the same for all. Tensors' names lack the model's own
// prefix ("bert.", "roberta.", "model."), which files may leave out.
// Sources: transformers 5, modeling_bert.py, modeling_roberta.py, modeling_bart.py and their configurations.

namespace encoder_records_detail {

using Tensors = architecture_detail::Tensors;

/// The layers of BERT and RoBERTa.
[[nodiscard]] inline Architecture bert_like(std::string_view name) {
  return {.name = name,
          .gguf = "",
          .hf_keys = {.norm_eps = "layer_norm_eps", .activation_name = "gelu"},
          .hf_prefix = "",
          .hf_blocks = "encoder.layer.",
          .tensors = {{"embed", "", "embeddings.word_embeddings.weight"},
                      {"positions", "", "embeddings.position_embeddings.weight"},
                      {"types", "", "embeddings.token_type_embeddings.weight"},
                      {"embed_norm", "", "embeddings.LayerNorm.weight"},
                      {"embed_norm_bias", "", "embeddings.LayerNorm.bias"}},
          .block_tensors = {{"attn.q", "", "attention.self.query.weight"},
                            {"attn.q_bias", "", "attention.self.query.bias"},
                            {"attn.k", "", "attention.self.key.weight"},
                            {"attn.k_bias", "", "attention.self.key.bias"},
                            {"attn.v", "", "attention.self.value.weight"},
                            {"attn.v_bias", "", "attention.self.value.bias"},
                            {"attn.o", "", "attention.output.dense.weight"},
                            {"attn.o_bias", "", "attention.output.dense.bias"},
                            {"attn.norm", "", "attention.output.LayerNorm.weight"},
                            {"attn.norm_bias", "", "attention.output.LayerNorm.bias"},
                            {"mlp.up", "", "intermediate.dense.weight"},
                            {"mlp.up_bias", "", "intermediate.dense.bias"},
                            {"mlp.down", "", "output.dense.weight"},
                            {"mlp.down_bias", "", "output.dense.bias"},
                            {"mlp.norm", "", "output.LayerNorm.weight"},
                            {"mlp.norm_bias", "", "output.LayerNorm.bias"}}};
}

[[nodiscard]] inline Tensors bart_layer() {
  return {{"attn.q", "", "self_attn.q_proj.weight"},
          {"attn.q_bias", "", "self_attn.q_proj.bias"},
          {"attn.k", "", "self_attn.k_proj.weight"},
          {"attn.k_bias", "", "self_attn.k_proj.bias"},
          {"attn.v", "", "self_attn.v_proj.weight"},
          {"attn.v_bias", "", "self_attn.v_proj.bias"},
          {"attn.o", "", "self_attn.out_proj.weight"},
          {"attn.o_bias", "", "self_attn.out_proj.bias"},
          {"attn.norm", "", "self_attn_layer_norm.weight"},
          {"attn.norm_bias", "", "self_attn_layer_norm.bias"},
          {"mlp.up", "", "fc1.weight"},
          {"mlp.up_bias", "", "fc1.bias"},
          {"mlp.down", "", "fc2.weight"},
          {"mlp.down_bias", "", "fc2.bias"},
          {"mlp.norm", "", "final_layer_norm.weight"},
          {"mlp.norm_bias", "", "final_layer_norm.bias"}};
}

[[nodiscard]] inline Tensors bart_cross_attention() {
  return {
      {"cross.q", "", "encoder_attn.q_proj.weight"},        {"cross.q_bias", "", "encoder_attn.q_proj.bias"},
      {"cross.k", "", "encoder_attn.k_proj.weight"},        {"cross.k_bias", "", "encoder_attn.k_proj.bias"},
      {"cross.v", "", "encoder_attn.v_proj.weight"},        {"cross.v_bias", "", "encoder_attn.v_proj.bias"},
      {"cross.o", "", "encoder_attn.out_proj.weight"},      {"cross.o_bias", "", "encoder_attn.out_proj.bias"},
      {"cross.norm", "", "encoder_attn_layer_norm.weight"}, {"cross.norm_bias", "", "encoder_attn_layer_norm.bias"}};
}

}  // namespace encoder_records_detail

namespace encoder_records {

[[nodiscard]] inline const Architecture& bert() {
  static const Architecture record = encoder_records_detail::bert_like("bert");
  return record;
}

[[nodiscard]] inline const Architecture& roberta() {
  static const Architecture record = encoder_records_detail::bert_like("roberta");
  return record;
}

/// The encoder also has what both stacks embed tokens with.
[[nodiscard]] inline const Architecture& bart_encoder() {
  static const Architecture record = {.name = "bart",
                                      .gguf = "",
                                      .hf_keys = {.n_layers = "encoder_layers",
                                                  .d_model = "d_model",
                                                  .d_ff = "encoder_ffn_dim",
                                                  .n_heads = "encoder_attention_heads",
                                                  .activation = "activation_function",
                                                  .activation_name = "gelu"},
                                      .hf_prefix = "",
                                      .hf_blocks = "encoder.layers.",
                                      .tensors = {{"embed", "", "shared.weight"},
                                                  {"positions", "", "encoder.embed_positions.weight"},
                                                  {"embed_norm", "", "encoder.layernorm_embedding.weight"},
                                                  {"embed_norm_bias", "", "encoder.layernorm_embedding.bias"}},
                                      .block_tensors = encoder_records_detail::bart_layer()};
  return record;
}

[[nodiscard]] inline const Architecture& bart_decoder() {
  using namespace encoder_records_detail;
  static const Architecture record = [] {
    Architecture decoder = bart_encoder();
    decoder.hf_keys.n_layers = "decoder_layers";
    decoder.hf_keys.d_ff = "decoder_ffn_dim";
    decoder.hf_keys.n_heads = "decoder_attention_heads";
    decoder.hf_blocks = "decoder.layers.";
    decoder.tensors = {{"positions", "", "decoder.embed_positions.weight"},
                       {"embed_norm", "", "decoder.layernorm_embedding.weight"},
                       {"embed_norm_bias", "", "decoder.layernorm_embedding.bias"},
                       {"logits_bias", "", "final_logits_bias"}};
    decoder.block_tensors = architecture_detail::joined({bart_layer(), bart_cross_attention()});
    return decoder;
  }();
  return record;
}

}  // namespace encoder_records

}  // namespace quantlens::inline QUANTLENS_ABI
