/// GPTQ checkpoints as AutoGPTQ and GPTQModel write them: their configuration, one matrix read, one matrix written.
///
/// qweight I32 [n_in * bits / 32, n_out] holds each column's codes as a little-endian bit stream down the inputs;
/// qzeros I32 [n_groups, n_out * bits / 32] each group's zero points as one along the outputs, less one in version 1;
/// scales F16 [n_groups, n_out]; g_idx I32 [n_in] the group of each input. value = scale * (code - zero).
/// Source: AutoGPTQ 0.7, qlinear_cuda.py; GPTQModel 7.7, nn_modules/qlinear/__init__.py.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/checkpoints/codes.hpp"
#include "quantlens/checkpoints/output.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/text/regex.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// How the matrices of a checkpoint are quantized; GPTQModel lets single modules differ.
struct GptqConfig {
  int bits = 4;
  std::size_t group_size = 0;     ///< 0: the whole row
  std::optional<bool> act_order;  ///< What the file claims; the tensors decide.
  std::optional<bool> symmetric;
  bool version_2 = false;  ///< Zero points are stored as they are, not less one.
  /// Version 1 as GPTQModel writes 2, 4 and 8 bits: one was taken from each zero point by one subtraction a word, so
  /// that a zero point of 0 borrows from its neighbour. Others wrap each zero point by itself.
  bool words_borrow = false;
};

namespace detail {

/// The keys that may differ from module to module, read over what is already known.
inline void read_gptq_fields(const JsonFields& fields, GptqConfig& config) {
  if (const nlohmann::json* bits = fields.find("bits")) {
    if (*bits != 2 && *bits != 3 && *bits != 4 && *bits != 8)
      fields.fail(concat("bits is ", bits->dump(), " (known: 2 3 4 8)"));
    config.bits = bits->get<int>();
  }
  if (const nlohmann::json* group = fields.find("group_size")) {
    if (*group == -1)
      config.group_size = 0;
    else if (group->is_number_integer() && *group > 0 && *group < (1u << 30))
      config.group_size = group->get<std::size_t>();
    else
      fields.fail(concat("group_size is ", group->dump(), ", neither -1 nor above 0"));
  }
  if (fields.find("desc_act") != nullptr) config.act_order = fields.boolean_or("desc_act", false);
  if (fields.find("sym") != nullptr) config.symmetric = fields.boolean_or("sym", false);
}

}  // namespace detail

/// The configuration of one module, such as "model.layers.0.mlp.up_proj".
/// `json` is quantization_config; `file` names it in messages. Errors: InputError `config`.
[[nodiscard]] inline GptqConfig gptq_config(const nlohmann::json& json, const std::string& file,
                                            const std::string& module) {
  const detail::JsonFields fields(json, file);
  GptqConfig config;
  for (const std::string_view key : {"bits", "group_size"})
    if (fields.find(key) == nullptr) fields.fail(concat("no ", key));
  detail::read_gptq_fields(fields, config);
  const std::string format = fields.string_or("checkpoint_format", fields.string_or("format", "gptq"));
  if (const std::string other = fields.string_or("format", format); other != format)
    fields.fail(concat("checkpoint_format is '", format, "', but format is '", other, "'"));
  if (format != "gptq" && format != "gptq_v2")
    fields.fail(concat("checkpoint_format '", format, "' is not supported (known: gptq gptq_v2)"));
  config.version_2 = format == "gptq_v2";
  if (fields.boolean_or("is_marlin_format", false)) fields.fail("is_marlin_format is not supported");
  if (const auto type = fields.string_or("pack_dtype", "int32"); type != "int32")
    fields.fail(concat("pack_dtype '", type, "' is not supported (known: int32)"));

  if (const nlohmann::json* meta = fields.find("meta"); meta != nullptr && !config.version_2)
    config.words_borrow =
        meta->is_object() && meta->value("quantizer", nlohmann::json()).dump().find("gptqmodel") != std::string::npos;
  const nlohmann::json* dynamic = fields.find("dynamic");
  if (dynamic == nullptr) return config;
  if (!dynamic->is_object()) fields.fail("dynamic is no object");
  const nlohmann::json* rule = nullptr;
  for (const auto& [key, settings] : dynamic->items()) {
    std::string pattern = key;
    const bool excludes = pattern.starts_with("-:");
    if (excludes || pattern.starts_with("+:")) pattern.erase(0, 2);
    if (!Regex("^(?:" + pattern + ")").matches(module)) continue;
    if (excludes) fields.fail(concat("dynamic leaves ", module, " unquantized ('", key, "'), but it is quantized"));
    // The first rule of the file would win, but JSON objects have no order.
    if (rule != nullptr && *rule != settings) fields.fail(concat("dynamic has several rules for ", module));
    rule = &settings;
  }
  if (rule != nullptr) detail::read_gptq_fields(detail::JsonFields(*rule, concat(file, " dynamic")), config);
  return config;
}

namespace detail {

[[nodiscard]] inline CodeGroups read_gptq_groups(const CheckpointModule& module, const GptqConfig& config) {
  const CheckpointTensor& qweight = module.require("qweight");
  const CheckpointTensor& qzeros = module.require("qzeros");
  const CheckpointTensor& scales = module.require("scales");
  const auto bits = static_cast<std::size_t>(config.bits);
  qweight.require_dtype("I32");
  qweight.require_n_dims(2);
  const std::size_t rows = qweight.dim(1), cols = qweight.dim(0) * 32 / bits;
  if (rows == 0 || cols == 0 || qweight.dim(0) * 32 % bits != 0 || rows * bits % 32 != 0)
    qweight.fail(0, concat("shape ", shape_text(qweight.shape()), " holds no whole words of ", bits,
                           "-bit codes; is bits right?"));
  CodeGroups groups{rows, row_groups(qweight, cols, config.group_size), {}, {}};
  const std::size_t n_groups = groups.groups.n_stored();
  const std::string because = concat(cols, " inputs in groups of ", config.group_size == 0 ? cols : config.group_size,
                                     ", ", rows, " outputs; is group_size right?");
  qzeros.require_dtype("I32");
  qzeros.require_shape({n_groups, rows * bits / 32}, because);
  scales.require_shape({n_groups, rows}, because);
  groups.scales = scales.floats();
  const bool by_word = config.words_borrow && config.bits != 3;
  const std::uint32_t ones = by_word ? 0xffffffffu / ((1u << bits) - 1) : 0;  // 1 in every field
  const unsigned one = config.version_2 || by_word ? 0 : 1;
  for (std::size_t g = 0; g < n_groups; ++g) {
    const auto word = [&](std::size_t w) { return qzeros.at<std::uint32_t>(g * rows * bits / 32 + w) + ones; };
    for (std::size_t r = 0; r < rows; ++r)
      groups.zeros.push_back(
          static_cast<std::uint8_t>((code_in_words(word, r, config.bits) + one) & ((1u << bits) - 1)));
  }
  if (const CheckpointTensor* g_idx = module.find("g_idx")) {
    g_idx->require_dtype("I32");
    g_idx->require_shape({cols}, because);
    groups.order = input_order(*g_idx, groups.groups);
    if (!groups.order.empty() && config.act_order == false)
      g_idx->fail(0, "groups are not consecutive inputs, but desc_act is false");
  } else if (config.act_order == true) {
    static_cast<void>(module.require("g_idx"));
  }
  return groups;
}

}  // namespace detail

/// One matrix. All zero points at the middle of the codes make it symmetric.
/// Errors: FormatError `checkpoint` naming tensor and item; InputError `missing_tensor`, `unexpected_tensor`,
/// `group_size`.
[[nodiscard]] inline CheckpointMatrix read_gptq(const CheckpointModule& module, const GptqConfig& config) {
  module.require_only({"qweight", "qzeros", "scales", "g_idx"});
  const detail::CodeGroups groups = detail::read_gptq_groups(module, config);
  const CheckpointTensor& qweight = module.require("qweight");
  const auto other = std::find_if(groups.zeros.begin(), groups.zeros.end(),
                                  [&](std::uint8_t zero) { return zero != code_centre(config.bits); });
  const bool symmetric = other == groups.zeros.end();
  if (config.symmetric == true && !symmetric) {
    const auto at = static_cast<std::size_t>(other - groups.zeros.begin());
    module.require("qzeros").fail(
        0, concat("the zero point of group ", at / groups.rows, ", output ", at % groups.rows, " is ", int{*other},
                  ", but sym is true, which means ", code_centre(config.bits)));
  }
  const double scale_bits = module.require("scales").dtype() == "F32" ? 32 : 16;
  const auto code = [&](std::size_t r, std::size_t c) {
    const auto word = [&](std::size_t w) { return qweight.at<std::uint32_t>(w * groups.rows + r); };
    return detail::code_in_words(word, c, config.bits);
  };
  CheckpointMatrix read = detail::checkpoint_matrix(groups, config.bits, symmetric, qweight, scale_bits, code);
  const bool act = config.act_order.value_or(!groups.order.empty());
  read.scheme = concat("gptq-w", config.bits, config.group_size == 0 ? "" : concat("-g", config.group_size),
                       config.symmetric.value_or(symmetric) ? "" : "-asym", act ? "-act" : "");
  return read;
}

/// The tensors of one matrix; `module` is its Hugging Face name without ".weight". `m` must outlive them.
/// Errors: InputError `checkpoint` for codes that the format cannot hold exactly.
[[nodiscard]] inline OutputTensors gptq_tensors(const std::string& module, const PackedMatrix& m, bool version_2) {
  detail::require_integer_codes(m, module, "GPTQ");
  const int bits = m.bits();
  const auto n_bits = static_cast<std::size_t>(bits);
  const std::size_t rows = m.rows(), cols = m.cols(), n_groups = m.n_groups();
  if (bits == 5) detail::refuse_codes(module, "GPTQ", "it has codes of 5 bits (known: 2 3 4 8)");
  if (rows * n_bits % 32 != 0 || cols * n_bits % 32 != 0)
    detail::refuse_codes(module, "GPTQ", rows, " outputs and ", cols, " inputs of ", bits,
                         " bits do not fill whole 32-bit words");
  std::vector<std::uint16_t> scales(n_groups * rows);
  std::vector<std::uint32_t> qzeros(n_groups * rows * n_bits / 32, 0);
  for (std::size_t g = 0; g < n_groups; ++g) {
    const auto word = [&](std::size_t w) -> std::uint32_t& { return qzeros[g * rows * n_bits / 32 + w]; };
    for (std::size_t r = 0; r < rows; ++r) {
      scales[g * rows + r] = detail::half_scale(m, r, g, module, "GPTQ");
      // Masked field by field: a zero point of 0, stored as -1, must not spill into its neighbours.
      const unsigned zero = detail::zero_point(m, r, g, module, "GPTQ") - (version_2 ? 0u : 1u);
      detail::add_code_to_words(word, r, bits, static_cast<std::uint8_t>(zero & ((1u << bits) - 1)));
    }
  }
  std::vector<std::int32_t> g_idx(cols);
  for (std::size_t c = 0; c < cols; ++c)
    g_idx[m.input_order().empty() ? c : m.input_order()[c]] = static_cast<std::int32_t>(c / m.group_size());
  const auto qweight = [&m, rows, cols, bits, n_bits] {
    std::vector<std::uint32_t> words(cols * n_bits / 32 * rows, 0);
    std::vector<std::uint8_t> row(cols);
    for (std::size_t r = 0; r < rows; ++r) {
      m.row_codes(r, row);
      const auto word = [&](std::size_t w) -> std::uint32_t& { return words[w * rows + r]; };
      for (std::size_t c = 0; c < cols; ++c)
        detail::add_code_to_words(word, m.input_order().empty() ? c : m.input_order()[c], bits, row[c]);
    }
    return words;
  };
  return {made_tensor(module + ".qweight", "I32", {cols * n_bits / 32, rows}, qweight),
          made_tensor(module + ".qzeros", "I32", {n_groups, rows * n_bits / 32}, [qzeros] { return qzeros; }),
          made_tensor(module + ".scales", "F16", {n_groups, rows}, [scales] { return scales; }),
          made_tensor(module + ".g_idx", "I32", {cols}, [g_idx] { return g_idx; })};
}

}  // namespace quantlens::inline QUANTLENS_ABI
