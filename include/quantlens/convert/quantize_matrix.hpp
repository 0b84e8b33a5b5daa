/// One matrix in a format that needs no calibration text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/convert/dense_matrix.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/packed/gguf_encode.hpp"
#include "quantlens/quant/bnb_4bit.hpp"
#include "quantlens/quant/bnb_int8.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/quant/hqq.hpp"
#include "quantlens/quant/rtn.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What activations meet the codes that a format makes.
[[nodiscard]] constexpr ActivationForm form_of(const FormatSpec& format) {
  if (format.method == Method::bnb_int8) return ActivationForm::int8_rows;
  return format.activation == Activation::a8 ? ActivationForm::int8_runs : ActivationForm::floats;
}

/// `native`: the file's own codes; unquantized tensors stay as stored, whatever the activations. Codes of a checkpoint
/// meet the activations that its own definition asks for, else those of `form` where they are integers.
/// Errors: InputError "checkpoint" for an outlier threshold that the kernels do not have.
[[nodiscard]] inline WeightMatrix native_matrix(const WeightMatrix& matrix, ActivationForm form) {
  if (!matrix.is_quantized()) return matrix;
  if (!matrix.codes) {
    const auto row = [&](std::size_t r) { return matrix.row(r).data(); };
    return coded_matrix(matrix.name, packed_from_gguf(matrix.type, matrix.rows, matrix.cols, row), form);
  }
  WeightMatrix native = matrix;
  if (matrix.form != ActivationForm::int8_rows)
    native.form = matrix.codes->has_codebook() ? ActivationForm::floats : form;
  else if (matrix.outlier_threshold != outlier_threshold)
    throw InputError("checkpoint", concat(matrix.name, ": outliers from ", matrix.outlier_threshold, " on; expected ",
                                          outlier_threshold, ", the published threshold"));
  return native;
}

/// bitsandbytes' blocks as codes; as the floats that they stand for where no group follows them.
template <CodebookLayout L>
[[nodiscard]] WeightMatrix bnb_4bit_matrix(const std::string& name, MatrixView<const float> values,
                                           const FormatSpec& format) {
  const Bnb4BitBlocks<L> blocks = bnb_4bit_quantize<L>(values, format.group_size, format.bnb_4bit.double_quant);
  if (auto packed = bnb_4bit_packed(blocks)) return coded_matrix(name, std::move(*packed));
  return dense_matrix(name, values.rows, values.cols, bnb_4bit_decode(blocks));
}

/// The blocks that a GGUF file of this type holds. Errors: InputError "group_size" where they do not fit the row.
[[nodiscard]] inline PackedMatrix gguf_codes(MatrixView<const float> values, GgmlType type) {
  if (values.cols % block_elements(type) != 0)
    throw InputError("group_size", concat("blocks of ", block_elements(type), " (", name(type),
                                          ") do not divide rows of ", values.cols, " inputs"));
  std::vector<std::byte> blocks(values.cols / block_elements(type) * block_bytes(type));
  return packed_from_gguf(type, values.rows, values.cols, [&](std::size_t r) {
    InterruptGuard::check();
    encode_row(type, values.row(r), blocks);
    return blocks.data();
  });
}

/// A matrix of this name for floats. Errors: InputError of the quantizer; "format" for a method that needs calibration.
[[nodiscard]] inline WeightMatrix quantize_floats(const std::string& name, MatrixView<const float> values,
                                                  const FormatSpec& format) {
  const auto coded = [&](PackedMatrix codes) { return coded_matrix(name, std::move(codes), form_of(format)); };
  switch (format.method) {
    case Method::rtn:
      return coded(rtn(values, {format.bits, format.group_size, format.symmetric}));
    case Method::hqq:
      return coded(hqq(values, format.bits, format.group_size));
    case Method::bnb_nf4:
      return bnb_4bit_matrix<Nf4>(name, values, format);
    case Method::bnb_fp4:
      return bnb_4bit_matrix<Fp4>(name, values, format);
    case Method::bnb_int8:
    case Method::int8_weight_only:
      return coded(BnbInt8().quantize(values));
    case Method::gguf_q4_0:
      return coded(gguf_codes(values, GgmlType::q4_0));
    case Method::gguf_q4_1:
      return coded(gguf_codes(values, GgmlType::q4_1));
    case Method::gguf_q8_0:
      return coded(gguf_codes(values, GgmlType::q8_0));
    case Method::gguf_f16: {
      DenseMatrix halves{values.rows, values.cols, AlignedBuffer<float>(values.rows * values.cols)};
      for (std::size_t r = 0; r < values.rows; ++r)
        std::ranges::transform(values.row(r), halves.view().row(r).begin(), round_to_half);
      return dense_matrix(name, values.rows, values.cols, std::move(halves.values));
    }
    default:
      if (const QuantizeMatrix quantize = method_info(format.method).quantize)
        return coded(quantize(values, {format.bits, format.group_size, format.symmetric}));
      throw InputError("format", concat(format.name(), " cannot be made from a matrix alone"));
  }
}

/// The matrix in a format; where that changes nothing, the matrix as it is stored. `decoded`: the weights as floats
/// where somebody has them (or has changed them), else null. Errors: those of quantize_floats, naming the matrix.
[[nodiscard]] inline WeightMatrix quantize_matrix(const WeightMatrix& matrix, const FormatSpec& format,
                                                  const DenseMatrix* decoded = nullptr) {
  if (format.method == Method::full || format.method == Method::native) {
    if (decoded != nullptr) {
      const std::span<const float> values = decoded->values.span();
      return dense_matrix(matrix.name, matrix.rows, matrix.cols, std::vector(values.begin(), values.end()));
    }
    if (format.method == Method::native) return native_matrix(matrix, form_of(format));
    WeightMatrix full = matrix;
    full.form.reset();
    return full;
  }
  try {
    if (decoded != nullptr) return quantize_floats(matrix.name, decoded->view(), format);
    const DenseMatrix dense = decode_matrix(matrix);
    return quantize_floats(matrix.name, dense.view(), format);
  } catch (const InputError& error) {
    throw error_of(matrix.name, error);
  }
}

/// The embedding as lookups read it: stored, or codes that are decoded row by row.
/// Errors: InputError "format" for methods that would need calibration text.
[[nodiscard]] inline WeightMatrix quantized_embedding(const WeightMatrix& embed, const FormatSpec& format) {
  if (format.method == Method::full || format.method == Method::native) return embed;
  if (method_info(format.method).calibration)
    throw InputError("format",
                     concat("embed: ", format.name(), " looks at a layer's inputs, and an embedding has none"));
  return quantize_matrix(embed, format);
}

}  // namespace quantlens::inline QUANTLENS_ABI
