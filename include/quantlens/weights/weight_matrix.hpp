/// One weight matrix between its file and kernels: stored bytes, floats of its own, or codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/io/ggml_type.hpp"
#include "quantlens/packed/activation_form.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/packed/packed_matrix.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Rows of weights: a view of stored ones (or of floats that it owns), or codes. Shape: [rows, cols] = [n_out, n_in].
struct WeightMatrix {
  std::string name;  ///< Canonical, such as "blocks.3.attn.q".
  GgmlType type = GgmlType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;
  /// Stored row of each logical row; empty where they are the same. (GGUF permutes Llama's q and k.)
  std::vector<std::uint32_t> row_order;
  const std::byte* data = nullptr;
  /// Codes of a published checkpoint, or of a quantizer, in the order of logical rows; they replace `data`. Null: none.
  std::shared_ptr<const PackedMatrix> codes;
  /// The activations that the codes meet, as a checkpoint's definition or a format says. None: the matrix is multiplied
  /// as floats, and codes are decoded for that.
  std::optional<ActivationForm> form;
  float outlier_threshold = quantlens::outlier_threshold;  ///< int8_rows: 0: no activation is an outlier.
  /// Keeps `data` alive where it lies in no mapped file.
  std::shared_ptr<const void> owner;

  /// The stored bytes of logical row `r`, without any alignment. Only where there are no codes.
  [[nodiscard]] std::span<const std::byte> row(std::size_t r) const {
    const std::size_t stored = row_order.empty() ? r : row_order[r];
    return {data + stored * row_bytes, row_bytes};
  }

  /// The values of logical row `r`. Shapes: out has cols elements.
  void decode_row(std::size_t r, std::span<float> out) const {
    if (codes)
      codes->decode_row(r, out);
    else
      quantlens::decode_row(type, row(r).data(), out);
  }

  /// Bytes that a file spends on it.
  [[nodiscard]] double stored_bytes() const {
    if (!codes) return static_cast<double>(rows * row_bytes);
    return codes->bits_per_weight() * static_cast<double>(rows * cols) / 8.0;
  }

  /// Whether both are views of the same bytes, or the same codes.
  [[nodiscard]] bool shares_weights(const WeightMatrix& other) const {
    return codes == other.codes && data == other.data;
  }
  [[nodiscard]] bool is_quantized() const { return codes != nullptr || quantlens::is_quantized(type); }
};

/// A matrix of floats that owns them: a std::vector or an AlignedBuffer. Shapes: values [rows, cols].
template <class Floats = std::vector<float>>
[[nodiscard]] WeightMatrix dense_matrix(std::string name, std::size_t rows, std::size_t cols, Floats values) {
  const auto owned = std::make_shared<const Floats>(std::move(values));
  WeightMatrix matrix;
  matrix.name = std::move(name);
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.row_bytes = cols * sizeof(float);
  matrix.data = reinterpret_cast<const std::byte*>(owned->data());
  matrix.owner = owned;
  return matrix;
}

/// A matrix of codes that meet such activations.
[[nodiscard]] inline WeightMatrix coded_matrix(std::string name, PackedMatrix codes,
                                               ActivationForm form = ActivationForm::floats) {
  WeightMatrix matrix;
  matrix.name = std::move(name);
  matrix.rows = codes.rows();
  matrix.cols = codes.cols();
  matrix.codes = std::make_shared<const PackedMatrix>(std::move(codes));
  matrix.form = form;
  return matrix;
}

}  // namespace quantlens::inline QUANTLENS_ABI
