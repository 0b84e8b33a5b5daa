/// LLM.int8() matrices of bitsandbytes checkpoints, read and written.
///
/// `weight` I8 [n_out, n_in], `SCB` F32 [n_out]: the largest magnitude of each row; value = code * SCB / 127.
/// Source: bitsandbytes 0.50, nn/modules.py, Linear8bitLt.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "quantlens/checkpoints/bnb.hpp"
#include "quantlens/checkpoints/output.hpp"
#include "quantlens/checkpoints/tensor.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One matrix, marked to run with int8 activations and an outlier threshold.
/// Errors: FormatError `checkpoint` naming tensor and item; InputError `missing_tensor`, `unexpected_tensor`.
[[nodiscard]] inline CheckpointMatrix read_bnb_int8(const CheckpointModule& module, const BnbConfig& config) {
  module.require_only({"weight", "SCB", "weight_format"});
  const CheckpointTensor& weight = module.require("weight");
  weight.require_dtype("I8");
  weight.require_n_dims(2);
  const std::size_t rows = weight.dim(0), cols = weight.dim(1);
  if (rows == 0 || cols == 0) weight.fail(0, concat("shape ", shape_text(weight.shape()), " holds no weights"));
  const CheckpointTensor& scb = module.require("SCB");
  scb.require_dtype("F32");
  scb.require_shape({rows}, concat(rows, " outputs"));
  if (const CheckpointTensor* format = module.find("weight_format")) {
    format->require_dtype("U8");
    format->require_shape({}, "one number");
    if (const auto value = format->at<std::uint8_t>(0); value != 0)
      format->fail(0, concat("is ", int{value}, ", a layout that is not supported (known: 0, row-major)"));
  }
  const std::vector<float> absmax = scb.floats();
  PackedMatrix matrix = pack<Symmetric, 8>(rows, cols, 0, 32);
  std::vector<std::uint8_t> codes(cols);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c)
      codes[c] = static_cast<std::uint8_t>(weight.at<std::uint8_t>(r * cols + c) ^ 0x80u);
    matrix.set_row_codes(r, codes);
    matrix.scale(r, 0) = absmax[r] / 127.0f;
  }
  CheckpointMatrix read;
  read.matrix = coded_matrix("", std::move(matrix), ActivationForm::int8_rows);
  read.matrix.outlier_threshold = config.outlier_threshold;
  read.scheme = "bnb-int8";
  return read;
}

/// The tensors of one matrix of whole-row symmetric 8-bit codes; `module` is its Hugging Face name without ".weight".
/// `m` must outlive them. Where two values of SCB give the same scale, the last bit of the one read may not return.
/// Errors: InputError `checkpoint` for codes that the format cannot hold exactly.
[[nodiscard]] inline OutputTensors bnb_int8_tensors(const std::string& module, const PackedMatrix& m) {
  if (m.layout() != LayoutKind::symmetric || m.bits() != 8 || m.n_groups() != 1 || !m.input_order().empty())
    detail::refuse_codes(module, "LLM.int8()", "it holds no symmetric 8-bit codes of whole rows");
  const std::size_t rows = m.rows(), cols = m.cols();
  std::vector<float> scb(rows);
  for (std::size_t r = 0; r < rows; ++r) {
    const float scale = m.scale(r, 0), near = scale * 127.0f;
    constexpr float inf = std::numeric_limits<float>::infinity();
    scb[r] = near;
    for (const float candidate : {std::nextafter(near, -inf), std::nextafter(near, inf), near})
      if (candidate / 127.0f == scale) scb[r] = candidate;
    if (scb[r] / 127.0f != scale)
      detail::refuse_codes(module, "LLM.int8()", "the scale of row ", r, ", ", scale, ", is no float over 127");
  }
  const auto weight = [&m, rows, cols] {
    std::vector<std::uint8_t> bytes(rows * cols);
    for (std::size_t r = 0; r < rows; ++r) m.row_codes(r, std::span(bytes).subspan(r * cols, cols));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(byte ^ 0x80u);
    return bytes;
  };
  return {made_tensor(module + ".weight", "I8", {rows, cols}, weight),
          made_tensor(module + ".SCB", "F32", {rows}, [scb] { return scb; }),
          made_tensor(module + ".weight_format", "U8", {}, [] { return std::vector<std::uint8_t>{0}; })};
}

}  // namespace quantlens::inline QUANTLENS_ABI
