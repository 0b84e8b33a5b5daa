/// AWQ checkpoints in AutoAWQ's "gemm" version: their configuration, one matrix read, one matrix written.
///
/// qweight I32 [n_in, n_out / 8], qzeros I32 [n_groups, n_out / 8], scales F16 [n_groups, n_out]. Nibble i of a word
/// belongs to output awq_order[i] of its eight. value = scale * (code - zero).
/// Source: AutoAWQ 0.2, modules/linear/gemm.py.
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "quantlens/checkpoints/output.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/config_from_hf.hpp"

namespace quantlens::inline QUANTLENS_ABI {

inline constexpr std::array<std::size_t, 8> awq_order{0, 2, 4, 6, 1, 3, 5, 7};

struct AwqConfig {
  std::size_t group_size = 0;  ///< 0: the whole row
};

/// `json` is quantization_config; `file` names it in messages. Errors: InputError `config`.
[[nodiscard]] inline AwqConfig awq_config(const nlohmann::json& json, const std::string& file) {
  const detail::JsonFields fields(json, file);
  if (const std::size_t bits = fields.size("bits"); bits != 4)
    fields.fail(concat("bits is ", bits, " (known for awq: 4)"));
  std::string version = fields.string_or("version", fields.string_or("checkpoint_format", "gemm"));
  std::transform(version.begin(), version.end(), version.begin(), [](unsigned char c) { return std::tolower(c); });
  if (version != "gemm") fields.fail(concat("version '", version, "' is not supported (known: gemm)"));
  if (!fields.boolean_or("zero_point", true)) fields.fail("zero_point false is not supported");
  const nlohmann::json* group = fields.find("group_size");
  if (group == nullptr) fields.fail("no group_size");
  if (*group == -1) return {};
  if (!group->is_number_integer() || *group <= 0 || *group >= (1u << 30))
    fields.fail(concat("group_size is ", group->dump(), ", neither -1 nor above 0"));
  return {group->get<std::size_t>()};
}

/// One matrix. Errors: FormatError `checkpoint` naming tensor and item; InputError `missing_tensor`,
/// `unexpected_tensor`, `group_size`.
[[nodiscard]] inline CheckpointMatrix read_awq(const CheckpointModule& module, const AwqConfig& config) {
  module.require_only({"qweight", "qzeros", "scales"});
  const CheckpointTensor& qweight = module.require("qweight");
  const CheckpointTensor& qzeros = module.require("qzeros");
  const CheckpointTensor& scale_tensor = module.require("scales");
  qweight.require_dtype("I32");
  qweight.require_n_dims(2);
  const std::size_t cols = qweight.dim(0), rows = qweight.dim(1) * 8;
  if (rows == 0 || cols == 0) qweight.fail(0, concat("shape ", shape_text(qweight.shape()), " holds no weights"));
  const std::size_t group_size = config.group_size == 0 ? cols : config.group_size;
  if (cols % group_size != 0)
    qweight.fail(0, concat("groups of ", group_size, " do not divide its ", cols, " inputs; is group_size right?"));
  const std::size_t n_groups = cols / group_size;
  const std::string because = concat(cols, " inputs in groups of ", group_size, ", ", rows, " outputs");
  qzeros.require_dtype("I32");
  qzeros.require_shape({n_groups, rows / 8}, because);
  scale_tensor.require_shape({n_groups, rows}, because);
  const std::vector<float> scales = scale_tensor.floats();

  const double scale_bits = scale_tensor.dtype() == "F32" ? 32 : 16;
  CheckpointMatrix read;
  try {
    PackedMatrix matrix = pack<Affine, 4>(rows, cols, group_size, scale_bits + 4);
    // Where in its word the code of output r lies.
    const auto nibble = [&](const CheckpointTensor& tensor, std::size_t line, std::size_t r) {
      const auto place = std::find(awq_order.begin(), awq_order.end(), r % 8) - awq_order.begin();
      return static_cast<std::uint8_t>((tensor.at<std::uint32_t>(line * rows / 8 + r / 8) >> (4 * place)) & 15u);
    };
    std::vector<std::uint8_t> codes(cols);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < cols; ++c) codes[c] = nibble(qweight, c, r);
      matrix.set_row_codes(r, codes);
      for (std::size_t g = 0; g < n_groups; ++g) {
        matrix.scale(r, g) = scales[g * rows + r];
        matrix.offset(r, g) = -scales[g * rows + r] * static_cast<float>(nibble(qzeros, g, r));
      }
    }
    read.matrix = coded_matrix("", std::move(matrix));
  } catch (const InputError& error) {
    throw error_of(qweight.name(), error);
  }
  read.scheme = concat("awq-w4", config.group_size == 0 ? "" : concat("-g", config.group_size));
  return read;
}

/// The tensors of one matrix; `module` is its Hugging Face name without ".weight". `m` must outlive them.
/// Errors: InputError `checkpoint` for codes that the format cannot hold exactly.
[[nodiscard]] inline OutputTensors awq_tensors(const std::string& module, const PackedMatrix& m) {
  detail::require_integer_codes(m, module, "AWQ");
  const std::size_t rows = m.rows(), cols = m.cols(), n_groups = m.n_groups();
  if (m.bits() != 4) detail::refuse_codes(module, "AWQ", "it has codes of ", m.bits(), " bits (known: 4)");
  if (rows % 8 != 0) detail::refuse_codes(module, "AWQ", "its ", rows, " outputs are no multiple of 8");
  if (!m.input_order().empty()) detail::refuse_codes(module, "AWQ", "its columns are in another order (act-order)");
  const auto put = [rows](std::vector<std::uint32_t>& words, std::size_t line, std::size_t r, std::uint8_t code) {
    const auto place = std::find(awq_order.begin(), awq_order.end(), r % 8) - awq_order.begin();
    words[line * rows / 8 + r / 8] |= std::uint32_t{code} << (4 * place);
  };
  std::vector<std::uint16_t> scales(n_groups * rows);
  std::vector<std::uint32_t> qzeros(n_groups * rows / 8, 0);
  for (std::size_t g = 0; g < n_groups; ++g)
    for (std::size_t r = 0; r < rows; ++r) {
      scales[g * rows + r] = detail::half_scale(m, r, g, module, "AWQ");
      put(qzeros, g, r, detail::zero_point(m, r, g, module, "AWQ"));
    }
  const auto qweight = [&m, rows, cols, put] {
    std::vector<std::uint32_t> words(cols * rows / 8, 0);
    std::vector<std::uint8_t> row(cols);
    for (std::size_t r = 0; r < rows; ++r) {
      m.row_codes(r, row);
      for (std::size_t c = 0; c < cols; ++c) put(words, c, r, row[c]);
    }
    return words;
  };
  return {made_tensor(module + ".qweight", "I32", {cols, rows / 8}, qweight),
          made_tensor(module + ".qzeros", "I32", {n_groups, rows / 8}, [qzeros] { return qzeros; }),
          made_tensor(module + ".scales", "F16", {n_groups, rows}, [scales] { return scales; })};
}

}  // namespace quantlens::inline QUANTLENS_ABI
