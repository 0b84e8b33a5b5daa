/// The linear layers of a model as modules of a checkpoint: names, tensors, and what the configuration says of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/awq.hpp"
#include "quantlens/checkpoints/bnb.hpp"
#include "quantlens/checkpoints/gptq.hpp"
#include "quantlens/checkpoints/int8.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/io/safetensors_writer.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/name_maps.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// A matrix and its Hugging Face module name ("model.layers.0.mlp.up_proj").
using LinearModule = std::pair<std::string, const WeightMatrix*>;

[[nodiscard]] inline LinearModule linear_module(const Architecture& architecture, const WeightMatrix& matrix) {
  std::string name = translate_name(architecture, matrix.name, canonical_names, hf_names).value();
  name.resize(name.size() - std::string_view(".weight").size());
  return {std::move(name), &matrix};
}

[[nodiscard]] inline std::vector<LinearModule> linear_modules(const Architecture& architecture,
                                                              const BlockWeights& block) {
  std::vector<LinearModule> modules;
  for (const BlockPart part : parts_of(block)) modules.push_back(linear_module(architecture, block[part]));
  return modules;
}

[[nodiscard]] inline std::vector<LinearModule> linear_modules(const ModelWeights& weights) {
  const Architecture& architecture = weights.config.record();
  std::vector<LinearModule> modules;
  for (const BlockWeights& block : weights.blocks)
    for (LinearModule& module : linear_modules(architecture, block)) modules.push_back(std::move(module));
  if (weights.lm_head) modules.push_back(linear_module(architecture, *weights.lm_head));
  return modules;
}

/// The type in which a matrix is written as floats: its file's, or F32 where that is none of safetensors'.
[[nodiscard]] inline GgmlType plain_type(const WeightMatrix& matrix) {
  return matrix.is_quantized() ? GgmlType::f32 : matrix.type;
}

/// A matrix as floats.
[[nodiscard]] inline OutputTensor plain_tensor(std::string name, const WeightMatrix& matrix) {
  const bool stored = !matrix.is_quantized();
  return {std::move(name),
          std::string(quantlens::name(plain_type(matrix))),
          {matrix.rows, matrix.cols},
          [&matrix, stored](const ByteSink& sink) {
            std::vector<float> values(matrix.cols);
            for (std::size_t r = 0; r < matrix.rows; ++r) {
              if (stored) {
                sink(matrix.row(r));
                continue;
              }
              matrix.decode_row(r, values);
              sink(std::as_bytes(std::span(values)));
            }
          }};
}

/// Nothing for an empty vector. Of type `wanted` where that rounds no value, else F32: transformers keeps the types of
/// a quantized checkpoint, and then multiplies no BF16 embedding by what F32 norms made. `values` must outlive the
/// tensor.
inline void add_vector(OutputTensors& tensors, const Architecture& architecture, const std::string& canonical,
                       const std::vector<float>& values, GgmlType wanted) {
  if (values.empty()) return;
  const auto add_as = [&](GgmlType type, auto convert) {
    if (!std::ranges::all_of(values, [&](float v) { return to_float(convert(v)) == v; })) return false;
    tensors.push_back(made_tensor(translate_name(architecture, canonical, canonical_names, hf_names).value(),
                                  std::string(quantlens::name(type)), {values.size()}, [&values, convert] {
                                    std::vector<decltype(convert(0.0f))> elements;
                                    for (const float v : values) elements.push_back(convert(v));
                                    return elements;
                                  }));
    return true;
  };
  if (wanted == GgmlType::f16 && add_as(wanted, to_half)) return;
  if (wanted == GgmlType::bf16 && add_as(wanted, to_bfloat16)) return;
  add_as(GgmlType::f32, [](float v) { return v; });
}

inline void add_module(OutputTensors& tensors, const LinearModule& module, CheckpointFormat format) {
  const auto& [name, matrix] = module;
  if (!matrix->codes) {
    tensors.push_back(plain_tensor(name + ".weight", *matrix));
    return;
  }
  OutputTensors parts = format == CheckpointFormat::awq        ? awq_tensors(name, *matrix->codes)
                        : format == CheckpointFormat::bnb_4bit ? bnb_4bit_tensors(name, *matrix->codes)
                        : format == CheckpointFormat::bnb_int8
                            ? bnb_int8_tensors(name, *matrix->codes)
                            : gptq_tensors(name, *matrix->codes, format == CheckpointFormat::gptq_v2);
  std::move(parts.begin(), parts.end(), std::back_inserter(tensors));
}

/// The tensors of block `index`, which must outlive them; `vector_type` as in add_vector.
inline void add_block(OutputTensors& tensors, const Architecture& architecture, const BlockWeights& block,
                      std::size_t index, CheckpointFormat format, GgmlType vector_type) {
  const auto add = [&](std::string_view name, std::string_view suffix, const std::vector<float>& values) {
    add_vector(tensors, architecture, concat("blocks.", index, ".", name, suffix), values, vector_type);
  };
  for (const BlockNorm norm : all_block_norms) {
    add(norm_name(norm), "", block.vectors.norms[norm]);
    add(norm_name(norm), "_bias", block.vectors.norm_biases[norm]);
  }
  for (const BlockPart part : all_block_parts) add(part_name(part), "_bias", block.vectors.biases[part]);
  for (const LinearModule& module : linear_modules(architecture, block)) add_module(tensors, module, format);
}

[[nodiscard]] inline OutputTensors checkpoint_tensors(const ModelWeights& weights, CheckpointFormat format) {
  const Architecture& architecture = weights.config.record();
  OutputTensors tensors;
  const GgmlType vector_type = plain_type(weights.embed);
  tensors.push_back(
      plain_tensor(translate_name(architecture, "embed", canonical_names, hf_names).value(), weights.embed));
  add_vector(tensors, architecture, "final_norm", weights.final_norm, vector_type);
  for (std::size_t i = 0; i < weights.blocks.size(); ++i)
    add_block(tensors, architecture, weights.blocks[i], i, format, vector_type);
  if (weights.lm_head) add_module(tensors, linear_module(architecture, *weights.lm_head), format);
  return tensors;
}

/// What all matrices of a format share, or may differ in.
struct CodesSummary {
  int bits;
  long long group_size;  ///< -1: the whole row
  bool symmetric, act_order;
  std::string layout;
};

[[nodiscard]] inline CodesSummary summarize(const PackedMatrix& codes) {
  return {codes.bits(), codes.n_groups() == 1 ? -1 : static_cast<long long>(codes.group_size()), !codes.has_offset(),
          !codes.input_order().empty(), std::string(codes.layout_info().name)};
}

/// "model.layers.3" -> "^model\\.layers\\.3$"
[[nodiscard]] inline std::string exact_pattern(std::string_view module) {
  std::string pattern = "^";
  for (const char c : module) pattern += c == '.' ? "\\." : std::string(1, c);
  return pattern + "$";
}

/// The quantization_config of some modules. Errors: as that of a model.
[[nodiscard]] inline nlohmann::json quantization_config(const std::vector<LinearModule>& modules, bool tied_embeddings,
                                                        CheckpointFormat format) {
  std::vector<std::pair<std::string, CodesSummary>> coded;
  nlohmann::json plain = nlohmann::json::array();
  float threshold = outlier_threshold;
  for (const auto& [name, matrix] : modules) {
    if (matrix->codes) {
      coded.emplace_back(name, summarize(*matrix->codes));
      threshold = matrix->outlier_threshold;
    } else {
      plain.push_back(name);
    }
  }
  if (tied_embeddings) plain.push_back("lm_head");
  if (coded.empty()) throw InputError("checkpoint", "no matrix of the model holds codes; there is nothing to write");

  // What most matrices have is the default, what others have an exception.
  std::map<std::pair<int, long long>, std::size_t> counts;
  for (const auto& [name, codes] : coded) ++counts[{codes.bits, codes.group_size}];
  const auto [bits, group_size] = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
                                    return a.second < b.second;
                                  })->first;
  const nlohmann::json producer = {concat("quantlens:", QUANTLENS_VERSION)};
  if (format == CheckpointFormat::awq) {
    for (const auto& [name, codes] : coded)
      if (codes.group_size != group_size)
        throw InputError("checkpoint", concat(name, " has groups of ", codes.group_size, ", others of ", group_size,
                                              "; AWQ's format says it once for all matrices"));
    return {{"quant_method", "awq"}, {"bits", 4},         {"group_size", group_size},
            {"zero_point", true},    {"version", "gemm"}, {"modules_to_not_convert", plain}};
  }
  if (format == CheckpointFormat::bnb_4bit || format == CheckpointFormat::bnb_int8) {
    for (const auto& [name, codes] : coded)
      if (codes.layout != coded.front().second.layout)
        throw InputError("checkpoint",
                         concat(name, " holds ", codes.layout, " codes, ", coded.front().first, " holds ",
                                coded.front().second.layout, "; bitsandbytes' format says it once for all matrices"));
    const bool four_bit = format == CheckpointFormat::bnb_4bit;
    return {
        {"quant_method", "bitsandbytes"},     {"load_in_4bit", four_bit},
        {"load_in_8bit", !four_bit},          {"bnb_4bit_quant_type", four_bit ? coded.front().second.layout : "fp4"},
        {"bnb_4bit_use_double_quant", false}, {"bnb_4bit_compute_dtype", "float32"},
        {"bnb_4bit_quant_storage", "uint8"},  {"llm_int8_threshold", threshold},
        {"llm_int8_has_fp16_weight", false},  {"llm_int8_enable_fp32_cpu_offload", false},
        {"llm_int8_skip_modules", plain}};
  }
  bool symmetric = true, act_order = false;
  nlohmann::json dynamic = nlohmann::json::object();
  for (const auto& [name, codes] : coded) {
    symmetric = symmetric && codes.symmetric;
    act_order = act_order || codes.act_order;
    if (codes.bits != bits || codes.group_size != group_size)
      dynamic["+:" + exact_pattern(name)] = {{"bits", codes.bits}, {"group_size", codes.group_size}};
  }
  for (const auto& name : plain)
    if (name != "lm_head") dynamic["-:" + exact_pattern(name.get<std::string>())] = nlohmann::json::object();
  const std::string version = format == CheckpointFormat::gptq_v2 ? "gptq_v2" : "gptq";
  nlohmann::json config = {
      {"quant_method", "gptq"},   {"checkpoint_format", version}, {"bits", bits},
      {"group_size", group_size}, {"desc_act", act_order},        {"sym", symmetric},
      {"lm_head", false},         {"pack_dtype", "int32"},        {"meta", {{"quantizer", producer}}}};
  for (const auto& [name, codes] : coded)
    if (name == "lm_head") config["lm_head"] = true;
  if (!dynamic.empty()) config["dynamic"] = dynamic;
  return config;
}

}  // namespace detail

}  // namespace quantlens::inline QUANTLENS_ABI
