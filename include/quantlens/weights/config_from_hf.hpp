/// Reads a model's hyperparameters from config.json, in the spellings of transformers 4 and 5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/weights/model_config.hpp"

namespace quantlens::inline v0_1 {

namespace detail {

/// Typed access to one JSON object; a null counts as absent.
/// Errors: InputError `config` naming the file and the key.
class JsonFields {
 public:
  JsonFields(const nlohmann::json& object, std::string file) : object_(object), file_(std::move(file)) {
    if (!object.is_object()) fail("should be an object");
  }

  [[nodiscard]] const nlohmann::json* find(std::string_view key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }
  [[nodiscard]] std::size_t size(std::string_view key) const {
    const nlohmann::json& value = require(key);
    if (!is_index(value)) fail(concat(key, " is ", value.dump(), ", no integer of 0 or more"));
    return value.get<std::size_t>();
  }
  [[nodiscard]] std::size_t size_or(std::string_view key, std::size_t fallback) const {
    return find(key) != nullptr ? size(key) : fallback;
  }
  [[nodiscard]] float number(std::string_view key) const {
    const nlohmann::json& value = require(key);
    if (!value.is_number()) fail(concat(key, " is ", value.dump(), ", no number"));
    return static_cast<float>(value.get<double>());
  }
  [[nodiscard]] float number_or(std::string_view key, float fallback) const {
    return find(key) != nullptr ? number(key) : fallback;
  }
  [[nodiscard]] std::string string_or(std::string_view key, std::string_view fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return std::string(fallback);
    if (!value->is_string()) fail(concat(key, " is ", value->dump(), ", no string"));
    return value->get<std::string>();
  }
  [[nodiscard]] bool boolean_or(std::string_view key, bool fallback) const {
    const nlohmann::json* value = find(key);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) fail(concat(key, " is ", value->dump(), ", neither true nor false"));
    return value->get<bool>();
  }
  /// An id or a list of ids; empty where there is none.
  [[nodiscard]] std::vector<TokenId> token_ids(std::string_view key) const {
    std::vector<TokenId> ids;
    const nlohmann::json* value = find(key);
    if (value == nullptr) return ids;
    const auto add = [&](const nlohmann::json& id) {
      if (!is_index(id) || id.get<std::uint64_t>() > std::numeric_limits<TokenId>::max())
        fail(concat(key, ": ", id.dump(), " is no token id"));
      ids.push_back(id.get<TokenId>());
    };
    if (value->is_array()) {
      for (const nlohmann::json& id : *value) add(id);
    } else {
      add(*value);
    }
    return ids;
  }
  [[noreturn]] void fail(std::string_view why) const { throw InputError("config", concat(file_, ": ", why)); }
  [[nodiscard]] const std::string& file() const { return file_; }

 private:
  /// An integer of 0 or more, whether it was parsed or made in C++.
  [[nodiscard]] static bool is_index(const nlohmann::json& value) {
    return value.is_number_unsigned() || (value.is_number_integer() && value.get<std::int64_t>() >= 0);
  }
  [[nodiscard]] const nlohmann::json& require(std::string_view key) const {
    if (const nlohmann::json* value = find(key)) return *value;
    fail(concat("no ", key));
  }

  const nlohmann::json& object_;
  std::string file_;
};

/// `settings` holds rope_scaling (transformers 4) or rope_parameters (5), `kind` is its type.
[[nodiscard]] inline RopeScaling rope_scaling_from_hf(const JsonFields& settings, std::string_view kind) {
  RopeScaling scaling;
  if (kind == "default") return scaling;
  if (kind != "linear" && kind != "llama3")
    settings.fail(concat("rope type '", kind, "' is not supported (known: default linear llama3)"));
  scaling.factor = settings.number("factor");
  scaling.kind = RopeScaling::Kind::linear;
  if (kind == "llama3") {
    scaling.kind = RopeScaling::Kind::llama3;
    scaling.low_freq_factor = settings.number("low_freq_factor");
    scaling.high_freq_factor = settings.number("high_freq_factor");
    scaling.original_n_ctx = settings.size("original_max_position_embeddings");
  }
  return scaling;
}

inline void read_hf_rope(const JsonFields& fields, ModelConfig& config) {
  config.rope_theta = fields.number_or("rope_theta", config.rope_theta);
  const nlohmann::json* scaling = fields.find("rope_scaling");
  const nlohmann::json* parameters = fields.find("rope_parameters");
  const nlohmann::json* settings = parameters != nullptr ? parameters : scaling;
  if (settings == nullptr) return;
  const JsonFields rope(*settings, concat(fields.file(), parameters != nullptr ? " rope_parameters" : " rope_scaling"));
  config.rope_theta = rope.number_or("rope_theta", config.rope_theta);
  if (rope.number_or("partial_rotary_factor", 1.0f) != 1.0f) rope.fail("partial_rotary_factor is not supported");
  config.rope_scaling = rope_scaling_from_hf(rope, rope.string_or("rope_type", rope.string_or("type", "default")));
}

/// Settings that change what a model computes and that this library does not compute.
inline void refuse_hf_extras(const JsonFields& fields, std::string_view model_type) {
  if (const auto act = fields.string_or("hidden_act", "silu"); act != "silu")
    fields.fail(concat("hidden_act '", act, "' is not supported (known: silu)"));
  // Qwen2 has its q, k and v biases whatever this says.
  if (model_type == "llama" && fields.boolean_or("attention_bias", false))
    fields.fail("attention_bias is not supported");
  if (fields.boolean_or("mlp_bias", false)) fields.fail("mlp_bias is not supported");
  if (fields.boolean_or("use_sliding_window", false)) fields.fail("use_sliding_window is not supported");
  if (fields.number_or("partial_rotary_factor", 1.0f) != 1.0f) fields.fail("partial_rotary_factor is not supported");
  if (const nlohmann::json* layers = fields.find("layer_types"))
    for (const nlohmann::json& layer : *layers)
      if (layer != "full_attention") fields.fail(concat("layer type ", layer.dump(), " is not supported"));
  for (const std::string_view key : {"dtype", "torch_dtype"})
    if (const auto dtype = fields.string_or(key, "float32");
        dtype != "float32" && dtype != "float16" && dtype != "bfloat16")
      fields.fail(concat(key, " '", dtype, "' is not supported (known: float32 float16 bfloat16)"));
}

}  // namespace detail

/// All but the stop tokens; quantization_config is left to checkpoint_read.hpp.
/// Errors: InputError `unknown_name` or `config`.
[[nodiscard]] inline ModelConfig config_from_hf(const nlohmann::json& json, std::string file = "config.json") {
  const detail::JsonFields fields(json, std::move(file));
  ModelConfig config;
  config.architecture = fields.string_or("model_type", "");
  require_known_architecture(config.architecture);
  detail::refuse_hf_extras(fields, config.architecture);
  config.n_layers = fields.size("num_hidden_layers");
  config.d_model = fields.size("hidden_size");
  config.d_ff = fields.size("intermediate_size");
  config.vocab_size = fields.size("vocab_size");
  config.n_ctx = fields.size("max_position_embeddings");
  config.norm_eps = fields.number("rms_norm_eps");
  config.n_heads = fields.size("num_attention_heads");
  config.n_kv_heads = fields.size_or("num_key_value_heads", config.n_heads);
  if (fields.find("head_dim") != nullptr) {
    config.d_head = fields.size("head_dim");
  } else {
    if (config.n_heads == 0 || config.d_model % config.n_heads != 0)
      fields.fail(concat("hidden_size ", config.d_model, " is not divided by num_attention_heads ", config.n_heads));
    config.d_head = config.d_model / config.n_heads;
  }
  config.tied_embeddings = fields.boolean_or("tie_word_embeddings", false);
  detail::read_hf_rope(fields, config);
  return config;
}

/// Where generation ends: generation_config.json's eos ids if it gives any, else config.json's.
[[nodiscard]] inline std::vector<TokenId> eos_ids_from_hf(const nlohmann::json& config,
                                                          const nlohmann::json& generation_config) {
  if (generation_config.is_object()) {
    auto ids = detail::JsonFields(generation_config, "generation_config.json").token_ids("eos_token_id");
    if (!ids.empty()) return ids;
  }
  return detail::JsonFields(config, "config.json").token_ids("eos_token_id");
}

}  // namespace quantlens::inline v0_1
