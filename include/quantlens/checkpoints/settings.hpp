/// Finds how a folder says its matrices are quantized: in config.json, or in the own files of AutoGPTQ and AutoAWQ.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "quantlens/io/hf_folder.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What config.json calls quantization_config, wherever it was written.
struct CheckpointSettings {
  nlohmann::json settings;  ///< Null: the weights are plain.
  std::string file;         ///< Names it in messages.
  /// Whether config.json itself says so. Another file may be left over from a model that was quantized elsewhere.
  bool in_config = true;
};

/// Errors: InputError `config` for a config that is no object.
[[nodiscard]] inline CheckpointSettings checkpoint_settings(const nlohmann::json& config) {
  const nlohmann::json* found = detail::JsonFields(config, "config.json").find("quantization_config");
  return {found != nullptr ? *found : nlohmann::json(), "config.json quantization_config"};
}

/// Errors: InputError `config`.
/// Source: AutoGPTQ 0.7, quantization/config.py; AutoAWQ 0.2, models/_config.py.
[[nodiscard]] inline CheckpointSettings checkpoint_settings(const HfFolder& folder) {
  CheckpointSettings found = checkpoint_settings(folder.config());
  if (!found.settings.is_null()) return found;
  if (!folder.quantize_config().is_null()) {
    found = {folder.quantize_config(), "quantize_config.json", false};
    if (!found.settings.contains("quant_method")) found.settings["quant_method"] = "gptq";
  } else if (!folder.quant_config().is_null()) {
    found = {folder.quant_config(), "quant_config.json", false};
    if (!found.settings.contains("quant_method")) found.settings["quant_method"] = "awq";
    for (const auto& [own, common] : {std::pair("w_bit", "bits"), std::pair("q_group_size", "group_size")})
      if (found.settings.contains(own) && !found.settings.contains(common))
        found.settings[common] = found.settings[own];
  }
  return found;
}

}  // namespace quantlens::inline QUANTLENS_ABI
