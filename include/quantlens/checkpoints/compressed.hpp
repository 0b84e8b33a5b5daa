/// Checkpoints of the compressed-tensors package (llm-compressor, vLLM) whose weights are packed integers.
///
/// weight_packed I32 [n_out, n_in * bits / 32, rounded up] holds each row's codes as a little-endian bit stream;
/// weight_scale [n_out, n_groups]; weight_zero_point I32 [n_out * bits / 32, n_groups], packed down the outputs;
/// weight_shape I64 [2]; weight_g_idx I32 [n_in], the group of each input where activations decided on the order.
/// value = scale * (code - zero), both as packed, with 2^(bits - 1) added.
/// Source: compressed-tensors 0.20, compressors/pack_quantized/base.py and helpers.py; quantization/quant_args.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/checkpoints/codes.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/text/regex.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How the weights of some modules are packed.
struct CompressedConfig {
  int bits = 4;
  std::size_t group_size = 0;  ///< 0: the whole row
  bool one_scale = false;      ///< One for the whole matrix.
  bool symmetric = true;
};

namespace detail {

/// The settings of the weights of one group of modules.
[[nodiscard]] inline CompressedConfig compressed_weights(const nlohmann::json& json, const std::string& file) {
  const JsonFields fields(json, file);
  CompressedConfig config;
  const std::string type = fields.string_or("type", "int");
  const std::size_t bits = fields.size_or("num_bits", 8);
  if (type != "int" || (bits != 2 && bits != 4 && bits != 8))
    fields.fail(concat("weights of type ", type, " in ", bits, " bits are not supported (known: int in 2, 4 or 8)"));
  config.bits = static_cast<int>(bits);
  config.symmetric = fields.boolean_or("symmetric", true);
  const nlohmann::json* group = fields.find("group_size");
  const bool has_group = group != nullptr && *group != -1;
  const std::string strategy = fields.string_or("strategy", has_group          ? "group"
                                                            : group != nullptr ? "channel"
                                                                               : "tensor");
  if (strategy == "group") {
    config.group_size = fields.size("group_size");
    if (config.group_size == 0) fields.fail("group_size is 0");
  } else if (strategy == "tensor") {
    config.one_scale = true;
  } else if (strategy != "channel") {
    fields.fail(concat("strategy '", strategy, "' of weights is not supported (known: tensor channel group)"));
  }
  return config;
}

/// How specifically a target names a module: 3 by its name, 2 by a pattern, 1 by its class, 0 not at all.
[[nodiscard]] inline int target_match(const nlohmann::json& target, const std::string& module) {
  if (!target.is_string()) return 0;
  const auto text = target.get<std::string>();
  if (text.starts_with("re:")) return Regex("^(?:" + text.substr(3) + ")").matches(module) ? 2 : 0;
  if (text == module) return 3;
  return text == "Linear" ? 1 : 0;
}

}  // namespace detail

/// The settings of one module, such as "model.layers.0.mlp.up_proj"; empty: only what holds for all is checked.
/// `json` is quantization_config; `file` names it in messages. Errors: InputError `config`.
[[nodiscard]] inline CompressedConfig compressed_config(const nlohmann::json& json, const std::string& file,
                                                        const std::string& module) {
  const detail::JsonFields fields(json, file);
  for (const std::string_view key : {"sparsity_config", "transform_config", "kv_cache_scheme"})
    if (const nlohmann::json* found = fields.find(key); found != nullptr && !found->empty())
      if (const auto format = found->is_object() ? found->value("format", nlohmann::json()) : nlohmann::json();
          format != "dense")
        fields.fail(concat(key, " is not supported"));
  const nlohmann::json* groups = fields.find("config_groups");
  if (groups == nullptr || !groups->is_object() || groups->empty()) fields.fail("no config_groups");
  const std::string common_format = fields.string_or("format", "");
  int best = 0;
  CompressedConfig config;
  for (const auto& [name, settings] : groups->items()) {
    const std::string where = concat(file, " ", name);
    const detail::JsonFields group(settings, where);
    for (const std::string_view key : {"input_activations", "output_activations"})
      if (group.find(key) != nullptr)
        group.fail(concat(key, " are quantized too, which is not supported; only weights may be"));
    const std::string format = group.string_or("format", common_format);
    if (format != "pack-quantized")
      group.fail(concat("format '", format, "' is not supported (known: pack-quantized)"));
    const nlohmann::json* weights = group.find("weights");
    if (weights == nullptr) group.fail("no weights");
    const CompressedConfig of_group = detail::compressed_weights(*weights, where + " weights");
    const nlohmann::json* targets = group.find("targets");
    if (targets == nullptr || !targets->is_array()) group.fail("no list of targets");
    for (const nlohmann::json& target : *targets)
      if (const int match = detail::target_match(target, module); match > best) {
        best = match;
        config = of_group;
      }
  }
  if (best == 0 && !module.empty()) fields.fail(concat("no target matches ", module, ", which is quantized"));
  return config;
}

/// One matrix. Errors: FormatError `checkpoint` naming tensor and item; InputError `missing_tensor`,
/// `unexpected_tensor`, `group_size`.
[[nodiscard]] inline CheckpointMatrix read_compressed(const CheckpointModule& module, const CompressedConfig& config) {
  module.require_only({"weight_packed", "weight_scale", "weight_shape", "weight_zero_point", "weight_g_idx"});
  const CheckpointTensor& packed = module.require("weight_packed");
  const CheckpointTensor& shape = module.require("weight_shape");
  const CheckpointTensor& scales = module.require("weight_scale");
  const auto bits = static_cast<std::size_t>(config.bits);
  const auto words = [bits](std::size_t n) { return (n * bits + 31) / 32; };
  packed.require_dtype("I32");
  packed.require_n_dims(2);
  shape.require_dtype("I64");
  shape.require_shape({2}, "rows and columns");
  const auto stored_rows = shape.at<std::int64_t>(0), stored_cols = shape.at<std::int64_t>(1);
  const std::size_t rows = packed.dim(0), line = packed.dim(1), cols = static_cast<std::size_t>(stored_cols);
  if (stored_cols <= 0 || stored_rows <= 0 || static_cast<std::size_t>(stored_rows) != rows ||
      cols > line * 32 / bits || words(cols) != line)
    packed.fail(0, concat("shape ", shape_text(packed.shape()), " does not hold the [", stored_rows, ", ", stored_cols,
                          "] of weight_shape in codes of ", bits, " bits; is num_bits right?"));

  detail::CodeGroups stored{rows, detail::row_groups(packed, cols, config.group_size), {}, {}};
  const std::size_t n_groups = stored.groups.n_stored();
  const std::string because = concat(cols, " inputs in groups of ", config.group_size == 0 ? cols : config.group_size,
                                     ", ", rows, " outputs; is group_size right?");
  if (config.one_scale)
    scales.require_shape({1}, "one scale for the matrix");
  else
    scales.require_shape({rows, n_groups}, because);
  const std::vector<float> scale_values = scales.floats();
  const CheckpointTensor* zeros =
      config.symmetric ? module.find("weight_zero_point") : &module.require("weight_zero_point");
  // Older versions keep whole bytes, without 2^(bits - 1) added.
  const bool bytes = zeros != nullptr && zeros->dtype() == "I8";
  if (zeros != nullptr) {
    if (config.one_scale) zeros->fail(0, "one zero point for the whole matrix is not supported");
    if (!bytes) zeros->require_dtype("I32");
    zeros->require_shape({bytes ? rows : words(rows), n_groups}, because);
  }
  const int centre = code_centre(config.bits);
  const auto zero = [&](std::size_t r, std::size_t g) {
    if (zeros == nullptr) return static_cast<std::uint8_t>(centre);
    if (bytes) return static_cast<std::uint8_t>(zeros->at<std::int8_t>(r * n_groups + g) + centre);
    const auto word = [&](std::size_t w) { return zeros->at<std::uint32_t>(w * n_groups + g); };
    return detail::code_in_words(word, r, config.bits);
  };
  for (std::size_t g = 0; g < n_groups; ++g)
    for (std::size_t r = 0; r < rows; ++r) {
      stored.scales.push_back(scale_values[config.one_scale ? 0 : r * n_groups + g]);
      stored.zeros.push_back(zero(r, g));
      if (config.symmetric && stored.zeros.back() != centre)
        zeros->fail(0, concat("the zero point of group ", g, ", output ", r, " is not 0, but symmetric is true"));
    }
  if (const CheckpointTensor* g_idx = module.find("weight_g_idx")) {
    g_idx->require_dtype("I32");
    g_idx->require_shape({cols}, because);
    stored.order = detail::input_order(*g_idx, stored.groups);
  }
  const auto code = [&](std::size_t r, std::size_t c) {
    const auto word = [&](std::size_t w) { return packed.at<std::uint32_t>(r * line + w); };
    return detail::code_in_words(word, c, config.bits);
  };
  const double scale_bits = scales.dtype() == "F32" ? 32 : 16;
  CheckpointMatrix read = detail::checkpoint_matrix(stored, config.bits, config.symmetric, packed, scale_bits, code);
  read.scheme = concat("compressed-tensors-w", config.bits,
                       config.group_size == 0 ? "" : concat("-g", config.group_size), config.symmetric ? "" : "-asym");
  return read;
}

}  // namespace quantlens::inline QUANTLENS_ABI
