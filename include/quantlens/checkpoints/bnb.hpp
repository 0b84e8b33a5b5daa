/// bitsandbytes checkpoints: their configuration; NF4 and FP4 matrices read and written.
///
/// `weight` U8 [n_weights / 2, 1] holds two codes a byte over the flattened matrix, the first in the high nibble;
/// `weight.absmax` one scale a block, F32, or U8 codes of a table with their own scales (double quantization);
/// `weight.quant_state.bitsandbytes__nf4` the rest as JSON. Source: bitsandbytes 0.50, functional.py, QuantState.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/checkpoints/output.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What quantization_config says for all modules.
struct BnbConfig {
  bool four_bit = false;           ///< Else LLM.int8().
  std::string quant_type = "fp4";  ///< bitsandbytes' own default.
  bool double_quant = false;
  float outlier_threshold = 6.0f;  ///< LLM.int8(): the reference's default.
};

/// `json` is quantization_config; `file` names it in messages. Errors: InputError `config`.
[[nodiscard]] inline BnbConfig bnb_config(const nlohmann::json& json, const std::string& file) {
  const detail::JsonFields fields(json, file);
  BnbConfig config;
  config.four_bit = fields.boolean_or("load_in_4bit", false);
  if (config.four_bit == fields.boolean_or("load_in_8bit", false))
    fields.fail("one of load_in_4bit and load_in_8bit should be true");
  config.quant_type = fields.string_or("bnb_4bit_quant_type", config.quant_type);
  if (config.quant_type != "nf4" && config.quant_type != "fp4")
    fields.fail(concat("bnb_4bit_quant_type '", config.quant_type, "' is not supported (known: nf4 fp4)"));
  config.double_quant = fields.boolean_or("bnb_4bit_use_double_quant", false);
  if (const auto storage = fields.string_or("bnb_4bit_quant_storage", "uint8"); storage != "uint8")
    fields.fail(concat("bnb_4bit_quant_storage '", storage, "' is not supported (known: uint8)"));
  config.outlier_threshold = fields.number_or("llm_int8_threshold", config.outlier_threshold);
  if (!(config.outlier_threshold >= 0.0f)) fields.fail("llm_int8_threshold is below 0");
  return config;
}

namespace detail {

/// The scale of each block. Shapes: [n_blocks].
[[nodiscard]] inline std::vector<float> bnb_absmax(const CheckpointModule& module, const JsonFields& state,
                                                   std::size_t n_blocks, bool nested) {
  const CheckpointTensor& absmax = module.require("weight.absmax");
  const std::string because = concat(n_blocks, " blocks");
  absmax.require_shape({n_blocks}, because);
  if (!nested) {
    absmax.require_dtype("F32");
    return absmax.floats();
  }
  absmax.require_dtype("U8");
  const std::size_t nested_block = state.size("nested_blocksize");
  if (nested_block == 0) state.fail("nested_blocksize is 0");
  const CheckpointTensor& map = module.require("weight.nested_quant_map");
  const CheckpointTensor& scales = module.require("weight.nested_absmax");
  map.require_dtype("F32");
  map.require_shape({256}, "one value for each code");
  scales.require_dtype("F32");
  scales.require_shape({(n_blocks - 1) / nested_block + 1}, because);
  const float offset = state.number("nested_offset");
  if (!std::isfinite(offset)) state.fail("nested_offset is not finite");
  const std::vector<float> table = map.floats(), factors = scales.floats();
  std::vector<float> values(n_blocks);
  for (std::size_t i = 0; i < n_blocks; ++i) {
    const float product = table[absmax.at<std::uint8_t>(i)] * factors[i / nested_block];
    values[i] = product + offset;
  }
  return values;
}

/// The matrix on its own codes where every group of a row lies in one block, else its values.
[[nodiscard]] inline WeightMatrix bnb_matrix(LayoutKind layout, const CheckpointTensor& weight, std::size_t rows,
                                             std::size_t cols, std::size_t block, const std::vector<float>& absmax,
                                             double block_bits) {
  const auto code = [&](std::size_t i) {
    const auto byte = weight.at<std::uint8_t>(i / 2);
    return static_cast<std::uint8_t>(i % 2 == 0 ? byte >> 4 : byte & 15);
  };
  std::size_t group = std::gcd(block, cols);
  if (group % run_length != 0) group = block % cols == 0 ? cols : 0;
  if (group == 0) {
    const auto codebook = info_of(layout).codebook;
    std::vector<float> values(rows * cols);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = absmax[i / block] * codebook[code(i)];
    return dense_matrix("", rows, cols, std::move(values));
  }
  PackedMatrix matrix(layout, 4, rows, cols, group,
                      block_bits * static_cast<double>(group) / static_cast<double>(block));
  std::vector<std::uint8_t> codes(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) codes[c] = code(r * cols + c);
    matrix.set_row_codes(r, codes);
    for (std::size_t g = 0; g < matrix.n_groups(); ++g) matrix.scale(r, g) = absmax[(r * cols + g * group) / block];
  }
  return coded_matrix("", std::move(matrix));
}

}  // namespace detail

/// One NF4 or FP4 matrix. Blocks that straddle rows unevenly make it a matrix of decoded floats.
/// Errors: FormatError `checkpoint` naming tensor and item; InputError `config`, `missing_tensor`, `unexpected_tensor`.
[[nodiscard]] inline CheckpointMatrix read_bnb_4bit(const CheckpointModule& module, const BnbConfig& config) {
  module.require_only({"weight", "weight.absmax", "weight.quant_map", "weight.nested_absmax", "weight.nested_quant_map",
                       "weight.quant_state.bitsandbytes__nf4", "weight.quant_state.bitsandbytes__fp4"});
  const std::string state_part = "weight.quant_state.bitsandbytes__" + config.quant_type;
  if (module.find(state_part) == nullptr)
    throw InputError("config", concat("config.json: bnb_4bit_quant_type is '", config.quant_type, "', but ",
                                      module.name(), " has no '", state_part, "'"));
  const CheckpointTensor& state_tensor = module.require(state_part);
  state_tensor.require_dtype("U8");
  const auto text = state_tensor.bytes();
  const nlohmann::json json =
      parse_json_strict(std::string_view(reinterpret_cast<const char*>(text.data()), text.size()), state_tensor.name());
  const detail::JsonFields state(json, state_tensor.name());
  if (const auto type = state.string_or("quant_type", ""); type != config.quant_type)
    state.fail(concat("quant_type is '", type, "', not '", config.quant_type, "'"));

  const std::size_t block = state.size("blocksize");
  if (block == 0 || block > (1u << 30)) state.fail(concat("blocksize is ", block));
  const nlohmann::json* shape = state.find("shape");
  if (shape == nullptr || !shape->is_array() || shape->size() != 2 || !(*shape)[0].is_number_unsigned() ||
      !(*shape)[1].is_number_unsigned())
    state.fail("shape is not two sizes");
  const std::size_t rows = (*shape)[0], cols = (*shape)[1];
  const auto n = checked_product(rows, cols);
  if (!n || *n == 0) state.fail(concat("shape is ", shape->dump()));
  const CheckpointTensor& weight = module.require("weight");
  weight.require_dtype("U8");
  weight.require_shape({(*n - 1) / 2 + 1, 1}, concat("two codes a byte of shape ", shape->dump()));

  const bool nested = state.find("nested_blocksize") != nullptr;
  if (nested != config.double_quant)
    state.fail(concat("nested_blocksize is ", nested ? "given" : "missing", ", but bnb_4bit_use_double_quant is ",
                      config.double_quant ? "true" : "false"));
  const std::size_t n_blocks = (*n - 1) / block + 1;
  const std::vector<float> absmax = detail::bnb_absmax(module, state, n_blocks, nested);
  const double block_bits = nested ? 8.0 + 32.0 / static_cast<double>(state.size("nested_blocksize")) : 32.0;

  const CheckpointTensor& map = module.require("weight.quant_map");
  map.require_dtype("F32");
  map.require_shape({16}, "one value for each code");
  const std::vector<float> values = map.floats();
  const LayoutKind layout = config.quant_type == "nf4" ? LayoutKind::nf4 : LayoutKind::fp4;
  const auto codebook = info_of(layout).codebook;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != codebook[i])
      map.fail(4 * i, concat("item ", i, " is ", values[i], ", but ", config.quant_type, " has ", codebook[i]));
  CheckpointMatrix result;
  result.matrix = detail::bnb_matrix(layout, weight, rows, cols, block, absmax, block_bits);
  result.scheme =
      concat("bnb-", config.quant_type, block == 64 ? "" : concat("-g", block), config.double_quant ? "-dq" : "");
  return result;
}

namespace detail {

/// The block size to write groups of a matrix with: the largest that bitsandbytes knows and that divides them; 64 where
/// that is 32 and neighbours agree, as they do when blocks of 64 straddled rows.
[[nodiscard]] inline std::size_t bnb_block_size(const PackedMatrix& matrix, std::string_view module) {
  const std::size_t n = matrix.rows() * matrix.n_groups();
  std::size_t block = 1;
  while (matrix.group_size() % (2 * block) == 0 && block < 4096) block *= 2;
  const auto scale = [&](std::size_t i) { return matrix.scale(i / matrix.n_groups(), i % matrix.n_groups()); };
  const auto merges = [&](std::size_t count) {
    for (std::size_t i = 0; i < n; ++i)
      if (scale(i) != scale(i / count * count)) return false;
    return true;
  };
  if (block == matrix.group_size())
    while (block < 64 && merges(64 / block)) block = 64;
  if (block < 32)
    refuse_codes(module, "bitsandbytes", "groups of ", matrix.group_size(), " are no whole blocks of 32 or more");
  return block;
}

}  // namespace detail

/// The tensors of one NF4 or FP4 matrix, its scales as F32; `module` is its Hugging Face name without ".weight".
/// `m` must outlive them. Errors: InputError `checkpoint` for codes that the format cannot hold exactly.
[[nodiscard]] inline OutputTensors bnb_4bit_tensors(const std::string& module, const PackedMatrix& m) {
  const LayoutInfo& layout = m.layout_info();
  if (!layout.has_codebook())
    detail::refuse_codes(module, "bitsandbytes", "it holds ", layout.name, " codes (known: nf4 fp4)");
  if (!m.input_order().empty()) detail::refuse_codes(module, "bitsandbytes", "its columns are in another order");
  const std::size_t rows = m.rows(), cols = m.cols(), n = rows * cols;
  const std::size_t block = detail::bnb_block_size(m, module);
  const auto packed = [&m, rows, cols, n] {
    std::vector<std::uint8_t> bytes((n + 1) / 2, 0), row(cols);
    for (std::size_t r = 0; r < rows; ++r) {
      m.row_codes(r, row);
      for (std::size_t c = 0; c < cols; ++c) {
        const std::size_t i = r * cols + c;
        bytes[i / 2] = static_cast<std::uint8_t>(bytes[i / 2] | (i % 2 == 0 ? row[c] << 4 : row[c]));
      }
    }
    return bytes;
  };
  std::vector<float> absmax((n + block - 1) / block);
  for (std::size_t b = 0; b < absmax.size(); ++b)
    absmax[b] = m.scale(b * block / cols, b * block % cols / m.group_size());
  const nlohmann::json state = {
      {"quant_type", layout.name}, {"blocksize", block}, {"dtype", "float32"}, {"shape", {rows, cols}}};
  const std::string text = state.dump(), weight = module + ".weight";
  const auto map = [&layout] { return std::vector<float>(layout.codebook.begin(), layout.codebook.end()); };
  return {made_tensor(weight, "U8", {(n + 1) / 2, 1}, packed),
          made_tensor(weight + ".absmax", "F32", {absmax.size()}, [absmax] { return absmax; }),
          made_tensor(weight + ".quant_map", "F32", {16}, map),
          made_tensor(weight + ".quant_state.bitsandbytes__" + std::string(layout.name), "U8", {text.size()},
                      [text] { return text; })};
}

}  // namespace quantlens::inline QUANTLENS_ABI
