/// The fields of config.json: those that are read, those that change no output, and no others.
#pragma once

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/architecture.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace hf_fields_detail {

/// Read by config_from_hf, besides the keys that an architecture spells its own way.
inline constexpr std::array read = std::to_array<std::string_view>({
    "attention_bias",
    "dtype",
    "head_dim",
    "layer_types",
    "max_window_layers",
    "mlp_bias",
    "model_type",
    "num_key_value_heads",
    "original_max_position_embeddings",
    "partial_rotary_factor",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "scale_attn_by_inverse_layer_idx",
    "scale_attn_weights",
    "sliding_window",
    "tie_word_embeddings",
    "torch_dtype",
    "use_sliding_window",
    "vocab_size",
});

/// What training, generation and other programs keep there. Source: transformers 4.30 to 5, PretrainedConfig and the
/// families' own configurations.
inline constexpr std::array idle = std::to_array<std::string_view>({
    "add_cross_attention",
    "architectures",
    "attention_dropout",
    "attn_implementation",
    "attn_pdrop",
    "auto_map",
    "bad_words_ids",
    "begin_suppress_tokens",
    "chunk_size_feed_forward",
    "cross_attention_hidden_size",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "embd_pdrop",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "gradient_checkpointing",
    "hidden_dropout",
    "id2label",
    "initializer_range",
    "is_decoder",
    "is_encoder_decoder",
    "is_llama_config",
    "label2id",
    "length_penalty",
    "max_length",
    "max_sequence_length",
    "min_length",
    "n_ctx",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_labels",
    "num_return_sequences",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "pruned_heads",
    "quantization_config",
    "remove_invalid_values",
    "reorder_and_upcast_attn",
    "repetition_penalty",
    "resid_pdrop",
    "return_dict",
    "return_dict_in_generate",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "tokenizer_class",
    "top_k",
    "top_p",
    "torchscript",
    "transformers_version",
    "typical_p",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_mrope",
});

template <class Names>
[[nodiscard]] bool holds(const Names& names, std::string_view key) {
  return std::ranges::find(names, key) != names.end();
}

[[nodiscard]] inline bool is_known(const Architecture& record, std::string_view key) {
  const HfKeys& own = record.hf_keys;
  const std::array spelled{own.n_layers, own.d_model, own.d_ff, own.n_heads, own.n_ctx, own.norm_eps, own.activation};
  return holds(read, key) || holds(idle, key) || holds(spelled, key) || key.ends_with("_token_id") ||
         key.starts_with("_") || key.starts_with("quantlens_") || key.starts_with("transformers.js");
}

/// Whether a field of a name that says nothing may change an output: texts and what is off do not.
[[nodiscard]] inline bool may_matter(const nlohmann::json& value) {
  return (value.is_boolean() && value.get<bool>()) || (value.is_number() && value.get<double>() != 0.0) ||
         ((value.is_array() || value.is_object()) && !value.empty());
}

}  // namespace hf_fields_detail

/// `own` lists fields that only the record's family has. Errors: InputError `config` for a field that no record knows
/// and that is not off: what it changes would not be computed.
inline void refuse_unknown_hf_fields(const nlohmann::json& config, const Architecture& record, std::string_view file,
                                     std::span<const std::string_view> own = {}) {
  using namespace hf_fields_detail;
  for (const auto& [key, value] : config.items())
    if (!is_known(record, key) && !holds(own, key) && may_matter(value))
      throw InputError("config", concat(file, ": the field '", key, "' (", value.dump(), ") is none that ", record.name,
                                        " models are known to have, so what it changes would not be computed; remove ",
                                        "it if it changes nothing"));
}

}  // namespace quantlens::inline QUANTLENS_ABI
