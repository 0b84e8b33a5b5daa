/// Gathers the tensors of a Hugging Face folder, quantized or not, into a pool of weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/awq.hpp"
#include "quantlens/checkpoints/bnb.hpp"
#include "quantlens/checkpoints/compressed.hpp"
#include "quantlens/checkpoints/gptq.hpp"
#include "quantlens/checkpoints/int8.hpp"
#include "quantlens/checkpoints/settings.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/assemble.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

[[nodiscard]] inline GgmlType type_from_safetensors(const HfFolder::Tensor& stored) {
  const std::string& dtype = stored.tensor->dtype;
  if (dtype == "F32") return GgmlType::f32;
  if (dtype == "F16") return GgmlType::f16;
  if (dtype == "BF16") return GgmlType::bf16;
  throw FormatError("tensor_type", stored.shard->name(), stored.tensor->offset,
                    concat("tensor '", stored.tensor->name, "' is of type ", dtype, " (known: F32 F16 BF16)"));
}

/// A folder's settings, read as one of the methods that load.
class CheckpointReader {
 public:
  explicit CheckpointReader(CheckpointSettings found)
      : settings_(std::move(found.settings)), file_(std::move(found.file)), in_config_(found.in_config) {
    if (settings_.is_null()) return;
    const JsonFields quantization(settings_, file_);
    method_ = quantization.string_or("quant_method", "");
    if (method_ == "gptq") {
      suffixes_ = {".qweight", ".qzeros", ".scales", ".g_idx"};
      static_cast<void>(gptq_config(settings_, file_, "any module"));
    } else if (method_ == "awq") {
      suffixes_ = {".qweight", ".qzeros", ".scales"};
      awq_ = awq_config(settings_, file_);
    } else if (method_ == "compressed-tensors") {
      suffixes_ = {".weight_packed", ".weight_scale", ".weight_shape", ".weight_zero_point", ".weight_g_idx"};
      static_cast<void>(compressed_config(settings_, file_, ""));
    } else if (method_ == "bitsandbytes") {
      bnb_ = bnb_config(settings_, file_);
      suffixes_ = bnb_.four_bit ? std::vector<std::string_view>{".weight.quant_state.bitsandbytes__nf4",
                                                                ".weight.quant_state.bitsandbytes__fp4",
                                                                ".weight.absmax",
                                                                ".weight.quant_map",
                                                                ".weight.nested_absmax",
                                                                ".weight.nested_quant_map"}
                                : std::vector<std::string_view>{".SCB", ".weight_format"};
    } else {
      quantization.fail(concat("quant_method ", quantization.find("quant_method") ? concat("'", method_, "'") : "null",
                               " is not supported (known: gptq awq bitsandbytes compressed-tensors)"));
    }
  }

  /// Sorts tensors into modules, then adds modules and plain tensors to the pool.
  /// `source` names in messages where the tensors are from.
  void read(std::span<const HfFolder::Tensor> tensors, const std::string& source, const ModelConfig& config,
            TensorPool& pool) {
    architecture_ = &config.record();
    find_prefix(tensors);
    for (const HfFolder::Tensor& stored : tensors) take_part(stored);
    for (const HfFolder::Tensor& stored : tensors) {
      const std::string name = full_name(stored);
      if (is_constant(name) || !suffix_of(name).empty()) continue;
      if (method_ == "bitsandbytes" && name.ends_with(".weight")) {
        const auto found = modules_.find(name.substr(0, name.size() - 7));
        if (found != modules_.end()) {
          found->second.add("weight", stored);
          continue;
        }
      }
      if (is_idle_bias(stored, config)) continue;
      if (settings_.is_null()) refuse_codes_without_settings(stored);
      // A name that no model has is the pool's to refuse, whatever its type.
      const bool known = translate_name(*architecture_, name, hf_names, canonical_names).has_value();
      const GgmlType type = known ? type_from_safetensors(stored) : GgmlType::f32;
      pool.add({name, stored.shard->name(), type, stored.tensor->shape, stored.tensor->data, stored.tensor->offset});
    }
    for (const auto& [name, module] : modules_) {
      CheckpointMatrix read = read_module(module);
      std::vector<std::uint64_t> shape{read.matrix.rows, read.matrix.cols};
      pool.add({name + ".weight", source, GgmlType::f32, std::move(shape), {}, 0, std::move(read)});
    }
    if (settings_.is_null() || !modules_.empty()) return;
    if (in_config_)
      throw InputError("config", concat(file_, " says ", method_, ", but no tensor is quantized that way"));
    notes_.push_back(concat(file_, " is ignored: no tensor is quantized as it says"));
  }

  /// What was read otherwise than the files say, a sentence each.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  /// transformers saves a model without its language-modelling head under names that lack "model.".
  /// Source: transformers 5, PreTrainedModel.base_model_prefix.
  void find_prefix(std::span<const HfFolder::Tensor> tensors) {
    const auto any_starts_with = [&](std::string_view start) {
      return std::ranges::any_of(tensors, [&](const auto& stored) { return stored.tensor->name.starts_with(start); });
    };
    const std::string_view prefix = architecture_->hf_prefix;
    if (any_starts_with(prefix) || !any_starts_with(architecture_->hf_blocks.substr(prefix.size()))) return;
    prefix_ = prefix;
    notes_.push_back(concat("the tensors' names lack '", prefix, "'; they are read as if they began with it"));
  }

  /// Old checkpoints store what follows from the config.
  [[nodiscard]] bool is_constant(std::string_view name) const {
    return std::ranges::any_of(architecture_->hf_ignored, [&](std::string_view end) { return name.ends_with(end); });
  }

  [[nodiscard]] std::string full_name(const HfFolder::Tensor& stored) const {
    const std::string& name = stored.tensor->name;
    return name.starts_with("lm_head.") ? name : prefix_ + name;
  }

  [[nodiscard]] std::string_view suffix_of(std::string_view name) const {
    for (const std::string_view suffix : suffixes_)
      if (name.ends_with(suffix)) return suffix;
    return {};
  }

  static void refuse_codes_without_settings(const HfFolder::Tensor& stored) {
    const std::string& name = stored.tensor->name;
    for (const std::string_view ending : {".qweight", ".qzeros", ".g_idx", ".weight_packed", ".absmax", ".SCB"})
      if (name.ends_with(ending))
        throw InputError("config",
                         concat(stored.shard->name(), ": tensor '", name, "' belongs to a quantized checkpoint, but ",
                                "neither config.json (quantization_config) nor quantize_config.json nor ",
                                "quant_config.json says how; was such a file left behind?"));
  }

  void take_part(const HfFolder::Tensor& stored) {
    const std::string name = full_name(stored);
    const std::string_view suffix = suffix_of(name);
    if (suffix.empty()) return;
    const std::string module = name.substr(0, name.size() - suffix.size());
    modules_.try_emplace(module, module).first->second.add(std::string(suffix.substr(1)), stored);
  }

  /// AutoGPTQ gives every quantized layer a bias; where the model has none it is all zeros.
  [[nodiscard]] bool is_idle_bias(const HfFolder::Tensor& stored, const ModelConfig& config) const {
    const std::string name = full_name(stored);
    if (!name.ends_with(".bias") || !modules_.contains(name.substr(0, name.size() - 5))) return false;
    const auto canonical = translate_name(*architecture_, name, hf_names, canonical_names);
    for (const BlockPart part : all_block_parts)
      if (canonical && config.has_bias[part] && canonical->ends_with(concat(".", part_name(part), "_bias")))
        return false;
    const std::vector<float> values = CheckpointTensor(stored).floats();
    return std::all_of(values.begin(), values.end(), [](float value) { return value == 0.0f; });
  }

  [[nodiscard]] CheckpointMatrix read_module(const CheckpointModule& module) const {
    if (method_ == "gptq") return read_gptq(module, gptq_config(settings_, file_, module.name()));
    if (method_ == "awq") return read_awq(module, awq_);
    if (method_ == "compressed-tensors")
      return read_compressed(module, compressed_config(settings_, file_, module.name()));
    return bnb_.four_bit ? read_bnb_4bit(module, bnb_) : read_bnb_int8(module, bnb_);
  }

  const Architecture* architecture_ = nullptr;  ///< Of the model that is read.
  nlohmann::json settings_;
  std::string file_;
  bool in_config_;
  std::string prefix_;  ///< What the names of all tensors but lm_head's lack.
  std::vector<std::string> notes_;
  std::string method_;
  std::vector<std::string_view> suffixes_;
  AwqConfig awq_;
  BnbConfig bnb_;
  std::map<std::string, CheckpointModule> modules_;
};

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
