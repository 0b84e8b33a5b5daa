/// Reads the hyperparameters of BERT's and BART's families from config.json.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/text/token.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"
#include "quantlens/weights/encoder_records.hpp"
#include "quantlens/weights/hf_fields.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The sizes of one stack of layers. Units: tokens, elements.
struct StackConfig {
  const Architecture* record = nullptr;
  std::size_t n_layers = 0, d_model = 0, d_ff = 0, n_heads = 0, vocab_size = 0;
  std::size_t n_ctx = 0;           ///< tokens of a text
  std::size_t first_position = 0;  ///< row of the first token's position
  std::size_t n_types = 0;         ///< rows of type embeddings, of which the first is added; 0: there are none
  float norm_eps = 0, embed_scale = 1;
  bool is_decoder = false;  ///< a token sees those before it and the whole source

  [[nodiscard]] std::size_t d_head() const noexcept { return d_model / n_heads; }
  [[nodiscard]] std::size_t n_positions() const noexcept { return first_position + n_ctx; }
};

struct EncoderDecoderConfig {
  StackConfig encoder, decoder;
  TokenId decoder_start = 0;  ///< what the decoder reads first
};

namespace detail {

/// Fields that only these families have: read, or of training.
inline constexpr std::array bert_fields = std::to_array<std::string_view>(
    {"attention_probs_dropout_prob", "classifier_dropout", "directionality", "hidden_dropout_prob", "pooler_fc_size",
     "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head", "pooler_type",
     "position_embedding_type", "type_vocab_size"});
inline constexpr std::array bart_fields = std::to_array<std::string_view>({"activation_dropout",
                                                                           "add_bias_logits",
                                                                           "add_final_layer_norm",
                                                                           "classif_dropout",
                                                                           "classifier_dropout",
                                                                           "decoder_attention_heads",
                                                                           "decoder_ffn_dim",
                                                                           "decoder_layerdrop",
                                                                           "decoder_layers",
                                                                           "dropout",
                                                                           "encoder_layerdrop",
                                                                           "force_bos_token_to_be_generated",
                                                                           "init_std",
                                                                           "normalize_before",
                                                                           "normalize_embedding",
                                                                           "num_hidden_layers",
                                                                           "output_past",
                                                                           "replacing_rate",
                                                                           "save_step",
                                                                           "scale_embedding",
                                                                           "static_position_embeddings",
                                                                           "student_decoder_layers",
                                                                           "student_encoder_layers"});

[[nodiscard]] inline StackConfig stack_from_hf(const JsonFields& fields, const Architecture& record) {
  const HfKeys& keys = record.hf_keys;
  refuse_hf_extras(fields, record);
  StackConfig stack;
  stack.record = &record;
  stack.n_layers = fields.size(keys.n_layers);
  stack.d_model = fields.size(keys.d_model);
  stack.d_ff = fields.size(keys.d_ff);
  stack.n_heads = fields.size(keys.n_heads);
  stack.vocab_size = fields.size("vocab_size");
  stack.n_ctx = fields.size(keys.n_ctx);
  constexpr std::size_t limit = std::size_t{1} << 24;
  for (const auto& [key, value] : {std::pair{keys.d_model, stack.d_model},
                                   {keys.d_ff, stack.d_ff},
                                   {keys.n_heads, stack.n_heads},
                                   {std::string_view("vocab_size"), stack.vocab_size},
                                   {keys.n_ctx, stack.n_ctx}})
    if (value == 0 || value > limit) fields.fail(concat(key, " is ", value, ", not in [1, ", limit, "]"));
  if (stack.d_model % stack.n_heads != 0)
    fields.fail(concat(keys.d_model, " ", stack.d_model, " is not divided by ", keys.n_heads, " ", stack.n_heads));
  return stack;
}

/// What changes the computation and is none of ours.
inline void require_off(const JsonFields& fields, std::string_view key) {
  if (fields.boolean_or(key, false)) fields.fail(concat(key, " is not supported"));
}

}  // namespace detail

/// An encoder of BERT's family. Errors: InputError `unknown_name` or `config`.
[[nodiscard]] inline StackConfig encoder_config_from_hf(const nlohmann::json& json, std::string file = "config.json") {
  const detail::JsonFields fields(json, std::move(file));
  const std::string name = fields.string_or("model_type", "");
  const Architecture& bert = encoder_records::bert();
  const Architecture& roberta = encoder_records::roberta();
  if (name != bert.name && name != roberta.name)
    throw unknown_name("encoder", name, std::array{std::string(bert.name), std::string(roberta.name)});
  const Architecture& record = name == bert.name ? bert : roberta;
  refuse_unknown_hf_fields(json, record, fields.file(), detail::bert_fields);
  detail::require_off(fields, "is_decoder");
  if (const auto type = fields.string_or("position_embedding_type", "absolute"); type != "absolute")
    fields.fail(concat("position_embedding_type '", type, "' is not supported (known: absolute)"));
  StackConfig config = detail::stack_from_hf(fields, record);
  config.n_types = fields.size_or("type_vocab_size", 2);
  config.norm_eps = fields.number_or("layer_norm_eps", 1e-12f);
  if (&record == &roberta) {
    // Positions up to that of padding are its own.
    config.first_position = fields.size_or("pad_token_id", 1) + 1;
    if (config.n_ctx <= config.first_position) fields.fail("max_position_embeddings leaves no position for a token");
    config.n_ctx -= config.first_position;
  }
  return config;
}

/// BART. Errors: InputError `unknown_name` or `config`.
[[nodiscard]] inline EncoderDecoderConfig bart_config_from_hf(const nlohmann::json& json,
                                                              std::string file = "config.json") {
  const detail::JsonFields fields(json, std::move(file));
  const Architecture& record = encoder_records::bart_encoder();
  if (const auto name = fields.string_or("model_type", ""); name != record.name)
    throw unknown_name("encoder-decoder", name, std::array{std::string(record.name)});
  const Architecture& decoder_record = encoder_records::bart_decoder();
  refuse_unknown_hf_fields(json, record, fields.file(), detail::bart_fields);
  for (const std::string_view key :
       {"add_bias_logits", "add_final_layer_norm", "normalize_before", "static_position_embeddings"})
    detail::require_off(fields, key);
  if (!fields.boolean_or("normalize_embedding", true)) fields.fail("normalize_embedding = false is not supported");
  if (!fields.boolean_or("tie_word_embeddings", true)) fields.fail("tie_word_embeddings = false is not supported");
  EncoderDecoderConfig config{detail::stack_from_hf(fields, record), detail::stack_from_hf(fields, decoder_record), 0};
  for (StackConfig* stack : {&config.encoder, &config.decoder}) {
    stack->first_position = 2;  // of the table, whatever the padding is
    stack->norm_eps = 1e-5f;    // torch's own
    if (fields.boolean_or("scale_embedding", false)) stack->embed_scale = std::sqrt(static_cast<float>(stack->d_model));
  }
  config.decoder.is_decoder = true;
  const std::size_t start = fields.size_or("decoder_start_token_id", fields.size_or("eos_token_id", 2));
  if (start >= config.decoder.vocab_size) fields.fail(concat("decoder_start_token_id ", start, " is no token"));
  config.decoder_start = static_cast<TokenId>(start);
  return config;
}

}  // namespace quantlens::inline QUANTLENS_ABI
