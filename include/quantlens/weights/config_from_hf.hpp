/// Reads a model's hyperparameters from config.json, in the spellings of transformers 4 and 5.
#pragma once

#include <algorithm>
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
#include "quantlens/version.hpp"
#include "quantlens/weights/hf_fields.hpp"
#include "quantlens/weights/model_config.hpp"

namespace quantlens::inline QUANTLENS_ABI {

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
  /// Whether the key is there, if only as a null.
  [[nodiscard]] bool has(std::string_view key) const { return object_.contains(key); }
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

/// The context that a scaled model was first trained on.
[[nodiscard]] inline std::size_t original_n_ctx_from_hf(const JsonFields& fields, const JsonFields& settings,
                                                        std::size_t n_ctx) {
  constexpr std::string_view key = "original_max_position_embeddings";
  return fields.find(key) != nullptr ? fields.size(key) : settings.size_or(key, n_ctx);
}

/// Source: transformers 5, modeling_rope_utils.py, _compute_yarn_parameters.
[[nodiscard]] inline RopeScaling yarn_from_hf(const JsonFields& settings, std::size_t original_n_ctx,
                                              std::size_t n_ctx) {
  RopeScaling scaling;
  scaling.kind = RopeScaling::Kind::yarn;
  scaling.original_n_ctx = original_n_ctx;
  scaling.factor = settings.number_or("factor", static_cast<float>(n_ctx) / static_cast<float>(original_n_ctx));
  const auto above_zero_or = [&](std::string_view key, float fallback) {
    const float value = settings.number_or(key, fallback);
    return value == 0.0f ? fallback : value;
  };
  scaling.beta_fast = above_zero_or("beta_fast", scaling.beta_fast);
  scaling.beta_slow = above_zero_or("beta_slow", scaling.beta_slow);
  scaling.truncate = settings.boolean_or("truncate", true);
  const double factor = scaling.factor, scale = settings.number_or("mscale", 0.0f),
               scale_all = settings.number_or("mscale_all_dim", 0.0f);
  const double inferred = scale != 0.0 && scale_all != 0.0
                              ? yarn_magnitude(factor, scale) / yarn_magnitude(factor, scale_all)
                              : yarn_magnitude(factor);
  scaling.magnitude = settings.number_or("attention_factor", static_cast<float>(inferred));
  return scaling;
}

/// `settings` holds rope_scaling (transformers 4) or rope_parameters (5), `kind` is its type.
[[nodiscard]] inline RopeScaling rope_scaling_from_hf(const JsonFields& fields, const JsonFields& settings,
                                                      std::string_view kind, std::size_t n_ctx) {
  RopeScaling scaling;
  if (kind == "default") return scaling;
  if (kind == "yarn") return yarn_from_hf(settings, original_n_ctx_from_hf(fields, settings, n_ctx), n_ctx);
  if (kind != "linear" && kind != "llama3" && kind != "dynamic")
    settings.fail(concat("rope type '", kind, "' is not supported (known: default linear llama3 dynamic yarn)"));
  scaling.factor = settings.number("factor");
  scaling.kind = kind == "dynamic" ? RopeScaling::Kind::dynamic : RopeScaling::Kind::linear;
  if (kind == "llama3") {
    scaling.kind = RopeScaling::Kind::llama3;
    scaling.low_freq_factor = settings.number("low_freq_factor");
    scaling.high_freq_factor = settings.number("high_freq_factor");
    scaling.original_n_ctx = original_n_ctx_from_hf(fields, settings, n_ctx);
  }
  return scaling;
}

inline void read_hf_rope(const JsonFields& fields, ModelConfig& config) {
  config.rope_theta = fields.number_or("rope_theta", config.rope_theta);
  const nlohmann::json* scaling = fields.find("rope_scaling");
  const nlohmann::json* parameters = fields.find("rope_parameters");
  const bool is_version_4 = scaling != nullptr && !scaling->empty();
  const nlohmann::json* settings = is_version_4 ? scaling : parameters;
  if (settings == nullptr) return;
  const JsonFields rope(*settings, concat(fields.file(), is_version_4 ? " rope_scaling" : " rope_parameters"));
  config.rope_theta = rope.number_or("rope_theta", config.rope_theta);
  if (rope.number_or("partial_rotary_factor", 1.0f) != 1.0f) rope.fail("partial_rotary_factor is not supported");
  for (const auto& [key, value] : settings->items())
    if (value.is_object()) rope.fail(concat("settings of their own for layers of type '", key, "' are not supported"));
  config.rope_scaling =
      rope_scaling_from_hf(fields, rope, rope.string_or("rope_type", rope.string_or("type", "default")), config.n_ctx);
}

/// Which layers say "sliding_attention". Shape [n_layers], or empty: none does.
[[nodiscard]] inline std::vector<bool> sliding_layers_from_hf(const JsonFields& fields, const nlohmann::json& types,
                                                              std::size_t n_layers) {
  std::vector<bool> layers;
  if (!types.is_array()) fields.fail(concat("layer_types is ", types.dump(), ", no list"));
  for (const nlohmann::json& type : types) {
    if (type != "full_attention" && type != "sliding_attention")
      fields.fail(concat("layer type ", type.dump(), " is not supported (known: full_attention sliding_attention)"));
    layers.push_back(type == "sliding_attention");
  }
  if (std::ranges::find(layers, true) == layers.end()) return {};
  if (layers.size() != n_layers)
    fields.fail(concat("layer_types has ", layers.size(), " names, but num_hidden_layers is ", n_layers));
  return layers;
}

/// Source: transformers 5, configuration_mistral.py and configuration_qwen2.py, and what their models do with it.
[[nodiscard]] inline SlidingWindow sliding_window_from_hf(const JsonFields& fields, const Architecture& record,
                                                          std::size_t n_layers) {
  constexpr std::size_t usual_size = 4096;
  // A null is no window, a missing key is the usual one.
  const auto size = [&]() -> std::size_t {
    if (!fields.has("sliding_window")) return usual_size;
    if (fields.find("sliding_window") == nullptr) return 0;
    const std::size_t given = fields.size("sliding_window");
    if (given == 0) fields.fail("sliding_window is 0, but should be at least 1, or null");
    return given;
  };
  SlidingWindow window;
  if (record.window == WindowRule::every_layer) {
    window.size = size();
    return window;
  }
  const bool is_on = fields.boolean_or("use_sliding_window", false);
  const nlohmann::json* types = fields.find("layer_types");
  if (types != nullptr) {
    window.layers = sliding_layers_from_hf(fields, *types, n_layers);
    if (window.layers.empty()) return {};
  } else {
    window.first_layer = record.window == WindowRule::none ? 0 : fields.size_or("max_window_layers", 28);
    if (!is_on || window.first_layer >= n_layers) return {};
  }
  if (record.window == WindowRule::none)
    fields.fail(
        concat(record.name,
               " has no sliding window, but use_sliding_window or layer_types asks for one; is model_type right?"));
  if (!is_on)
    fields.fail("layer_types says sliding_attention, but use_sliding_window is not true; which of them is right?");
  window.size = size();
  if (window.size == 0 && types != nullptr)
    fields.fail("layer_types says sliding_attention, but sliding_window is null; which of them is right?");
  return window;
}

/// The biases that the config promises; the tensors decide (config_from_tensors.hpp).
[[nodiscard]] inline PerPart<bool> biases_from_hf(const JsonFields& fields, const Architecture& record) {
  PerPart<bool> has_bias;
  const bool by_config = record.biases == BiasRule::as_config, all = record.biases == BiasRule::all;
  const bool attention = all || (by_config && fields.boolean_or("attention_bias", false));
  const bool mlp = all || (by_config && fields.boolean_or("mlp_bias", false));
  for (const BlockPart part : {BlockPart::q, BlockPart::k, BlockPart::v})
    has_bias[part] = attention || record.biases == BiasRule::qkv;
  has_bias[BlockPart::o] = attention;
  has_bias[BlockPart::gate] = mlp && record.gated_mlp;
  has_bias[BlockPart::up] = has_bias[BlockPart::down] = mlp;
  return has_bias;
}

/// Settings that change what a model computes and that this library does not compute.
inline void refuse_hf_extras(const JsonFields& fields, const Architecture& record) {
  const HfKeys& keys = record.hf_keys;
  if (const auto act = fields.string_or(keys.activation, keys.activation_name); act != keys.activation_name)
    fields.fail(concat(keys.activation, " '", act, "' is not supported (known: ", keys.activation_name, ")"));
  if (fields.number_or("partial_rotary_factor", 1.0f) != 1.0f) fields.fail("partial_rotary_factor is not supported");
  if (!fields.boolean_or("scale_attn_weights", true)) fields.fail("scale_attn_weights = false is not supported");
  if (fields.boolean_or("scale_attn_by_inverse_layer_idx", false))
    fields.fail("scale_attn_by_inverse_layer_idx is not supported");
  for (const std::string_view key : {"dtype", "torch_dtype"})
    if (const auto dtype = fields.string_or(key, "float32");
        dtype != "float32" && dtype != "float16" && dtype != "bfloat16")
      fields.fail(concat(key, " '", dtype, "' is not supported (known: float32 float16 bfloat16)"));
}

}  // namespace detail

/// All but the stop tokens; quantization_config is left to checkpoints/read.hpp.
/// Errors: InputError `unknown_name` or `config`.
[[nodiscard]] inline ModelConfig config_from_hf(const nlohmann::json& json, std::string file = "config.json") {
  const detail::JsonFields fields(json, std::move(file));
  ModelConfig config;
  config.architecture = fields.string_or("model_type", "");
  const Architecture& record = config.record();
  const HfKeys& keys = record.hf_keys;
  detail::refuse_hf_extras(fields, record);
  refuse_unknown_hf_fields(json, record, fields.file());
  config.n_layers = fields.size(keys.n_layers);
  config.d_model = fields.size(keys.d_model);
  // A family whose MLP has no gate may leave its width out: four times d_model.
  config.d_ff = record.gated_mlp ? fields.size(keys.d_ff) : fields.size_or(keys.d_ff, 4 * config.d_model);
  config.vocab_size = fields.size("vocab_size");
  config.n_ctx = fields.size(keys.n_ctx);
  config.norm_eps = fields.number(keys.norm_eps);
  config.n_heads = fields.size(keys.n_heads);
  config.n_kv_heads = fields.size_or("num_key_value_heads", config.n_heads);
  config.gives_n_kv_heads = fields.find("num_key_value_heads") != nullptr;
  config.gives_d_head = fields.find("head_dim") != nullptr;
  if (config.gives_d_head || record.default_d_head > 0) {
    config.d_head = fields.size_or("head_dim", record.default_d_head);
  } else {
    if (config.n_heads == 0 || config.d_model % config.n_heads != 0)
      fields.fail(concat(keys.d_model, " ", config.d_model, " is not divided by ", keys.n_heads, " ", config.n_heads));
    config.d_head = config.d_model / config.n_heads;
  }
  config.tied_embeddings = fields.boolean_or("tie_word_embeddings", record.tied_by_default);
  config.has_bias = detail::biases_from_hf(fields, record);
  config.sliding_window = detail::sliding_window_from_hf(fields, record, config.n_layers);
  if (record.positions == Positions::rotary) detail::read_hf_rope(fields, config);
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

}  // namespace quantlens::inline QUANTLENS_ABI
