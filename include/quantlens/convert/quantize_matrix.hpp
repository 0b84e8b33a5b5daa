/// One matrix in a format that needs no calibration text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "quantlens/convert/quantized_matrix.hpp"
#include "quantlens/core/interrupt.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/packed/gguf_encode.hpp"
#include "quantlens/quant/bnb_4bit.hpp"
#include "quantlens/quant/bnb_int8.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "quantlens/quant/hqq.hpp"
#include "quantlens/quant/rtn.hpp"

namespace quantlens::inline v0_1 {

[[nodiscard]] constexpr ActivationForm form_of(const FormatSpec& format) {
  if (format.method == Method::bnb_int8) return ActivationForm::int8_rows;
  return format.activation == Activation::a8 ? ActivationForm::int8_runs : ActivationForm::floats;
}

[[nodiscard]] inline QuantizedMatrix packed_matrix(PackedMatrix packed, ActivationForm form) {
  return {std::make_shared<const PackedMatrix>(std::move(packed)), form};
}

/// Codes of a checkpoint under the activations that its own definition asks for, else under `form` where they are
/// integers. Errors: InputError "checkpoint" for an outlier threshold that the kernels do not have.
[[nodiscard]] inline QuantizedMatrix native_codes(const WeightMatrix& matrix, ActivationForm form) {
  if (matrix.activations == ActivationRule::llm_int8) {
    if (matrix.outlier_threshold != outlier_threshold)
      throw InputError("checkpoint", concat(matrix.name, ": outliers from ", matrix.outlier_threshold, " on; expected ",
                                            outlier_threshold, ", the published threshold"));
    return {matrix.codes, ActivationForm::int8_rows};
  }
  return {matrix.codes, matrix.codes->has_codebook() ? ActivationForm::floats : form};
}

/// `native`: the file's own codes; unquantized tensors stay as stored, whatever the activations.
[[nodiscard]] inline QuantizedMatrix native_matrix(const WeightMatrix& matrix, ActivationForm form) {
  if (matrix.codes) return native_codes(matrix, form);
  if (!matrix.is_quantized()) return {&matrix, ActivationForm::floats};
  const auto row = [&](std::size_t r) { return matrix.row(r).data(); };
  return packed_matrix(packed_from_gguf(matrix.type, matrix.rows, matrix.cols, row), form);
}

/// bitsandbytes' blocks as codes; as the floats that they stand for where no group follows them.
template <CodebookLayout L>
[[nodiscard]] QuantizedMatrix bnb_4bit_matrix(MatrixView<const float> values, const FormatSpec& format) {
  const Bnb4BitBlocks<L> blocks = bnb_4bit_quantize<L>(values, format.group_size, format.double_quant);
  if (auto packed = bnb_4bit_packed(blocks)) return packed_matrix(std::move(*packed), ActivationForm::floats);
  DenseMatrix dense{values.rows, values.cols, AlignedBuffer<float>(values.rows * values.cols)};
  std::ranges::copy(bnb_4bit_decode(blocks), dense.values.data());
  return {std::move(dense), ActivationForm::floats};
}

/// The blocks that a GGUF file of this type holds. Errors: InputError "group_size" where they do not fit the row.
[[nodiscard]] inline QuantizedMatrix gguf_matrix(MatrixView<const float> values, GgmlType type, ActivationForm form) {
  if (values.cols % block_elements(type) != 0)
    throw InputError("group_size", concat("blocks of ", block_elements(type), " (", name(type),
                                          ") do not divide rows of ", values.cols, " inputs"));
  std::vector<std::byte> blocks(values.cols / block_elements(type) * block_bytes(type));
  const auto row = [&](std::size_t r) {
    InterruptGuard::check();
    encode_row(type, values.row(r), blocks);
    return blocks.data();
  };
  return packed_matrix(packed_from_gguf(type, values.rows, values.cols, row), form);
}

/// Codes for floats. Errors: InputError of the quantizer; "format" for a method that needs calibration.
[[nodiscard]] inline QuantizedMatrix quantize_floats(MatrixView<const float> values, const FormatSpec& format) {
  switch (format.method) {
    case Method::rtn:
      return packed_matrix(rtn(values, {format.bits, format.group_size, format.symmetric}), form_of(format));
    case Method::hqq:
      return packed_matrix(hqq(values, format.bits, format.group_size), form_of(format));
    case Method::bnb_nf4:
      return bnb_4bit_matrix<Nf4>(values, format);
    case Method::bnb_fp4:
      return bnb_4bit_matrix<Fp4>(values, format);
    case Method::bnb_int8:
    case Method::int8_weight_only:
      return packed_matrix(BnbInt8().quantize(values), form_of(format));
    case Method::gguf_q4_0:
      return gguf_matrix(values, GgmlType::q4_0, form_of(format));
    case Method::gguf_q4_1:
      return gguf_matrix(values, GgmlType::q4_1, form_of(format));
    case Method::gguf_q8_0:
      return gguf_matrix(values, GgmlType::q8_0, form_of(format));
    case Method::gguf_f16: {
      DenseMatrix halves{values.rows, values.cols, AlignedBuffer<float>(values.rows * values.cols)};
      for (std::size_t r = 0; r < values.rows; ++r)
        std::ranges::transform(values.row(r), halves.view().row(r).begin(), round_to_half);
      return {std::move(halves), ActivationForm::floats};
    }
    default:
      throw InputError("format", concat(format.name(), " cannot be made from a matrix alone"));
  }
}

/// `decoded`: the weights as floats where somebody has them (or has changed them), else null.
/// Errors: those of quantize_floats, naming the matrix.
[[nodiscard]] inline QuantizedMatrix quantize_matrix(const WeightMatrix& matrix, const FormatSpec& format,
                                                     const DenseMatrix* decoded = nullptr) {
  if (decoded == nullptr && format.method == Method::full) return {&matrix, ActivationForm::floats};
  if (decoded == nullptr && format.method == Method::native) return native_matrix(matrix, form_of(format));
  if (format.method == Method::full || format.method == Method::native) {
    DenseMatrix copy{decoded->rows, decoded->cols, AlignedBuffer<float>(decoded->values.size())};
    std::copy_n(decoded->values.data(), decoded->values.size(), copy.values.data());
    return {std::move(copy), ActivationForm::floats};
  }
  try {
    if (decoded != nullptr) return quantize_floats(decoded->view(), format);
    const DenseMatrix dense = decode_matrix(matrix);
    return quantize_floats(dense.view(), format);
  } catch (const InputError& error) {
    throw error_of(matrix.name, error);
  }
}

/// Puts what a quantizer made in the place of what the file stores.
inline void replace_weights(WeightMatrix& matrix, QuantizedMatrix&& quantized) {
  if (auto* codes = std::get_if<std::shared_ptr<const PackedMatrix>>(&quantized.weights)) {
    set_codes(matrix, std::move(*codes));
    if (quantized.form != ActivationForm::int8_rows) return;
    matrix.activations = ActivationRule::llm_int8;
    matrix.outlier_threshold = outlier_threshold;
  } else if (const auto* dense = std::get_if<DenseMatrix>(&quantized.weights)) {
    const auto values = dense->values.span();
    matrix = dense_matrix(matrix.name, matrix.rows, matrix.cols, {values.begin(), values.end()});
  }
}

/// The embedding as lookups read it: stored, or codes that are decoded row by row.
/// Errors: InputError "format" for methods that would need calibration text.
[[nodiscard]] inline WeightMatrix quantized_embedding(const WeightMatrix& embed, const FormatSpec& format) {
  if (format.method == Method::full || format.method == Method::native) return embed;
  if (method_info(format.method).calibration)
    throw InputError("format",
                     concat("embed: ", format.name(), " looks at a layer's inputs, and an embedding has none"));
  WeightMatrix replaced = embed;
  replace_weights(replaced, quantize_matrix(embed, format));
  return replaced;
}

}  // namespace quantlens::inline v0_1
