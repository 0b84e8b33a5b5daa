/// One weight matrix as its file stores it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/io/ggml_type.hpp"
#include "quantlens/packed/gguf_blocks.hpp"
#include "quantlens/packed/packed_matrix.hpp"

namespace quantlens::inline v0_1 {

/// What a checkpoint's own definition says about the activations that meet a matrix.
enum class ActivationRule {
  none,      ///< Floats: the weights alone are quantized.
  llm_int8,  ///< int8 activations but for outlier columns. Source: Dettmers et al. 2022, arXiv 2208.07339.
};

/// Rows of weights: a view of stored ones, or codes. Shape: [rows, cols] = [n_out, n_in].
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
  ActivationRule activations = ActivationRule::none;
  float outlier_threshold = 0.0f;  ///< llm_int8: activations from this magnitude on are outliers; 0: none are.
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

  [[nodiscard]] bool is_quantized() const { return codes != nullptr || quantlens::is_quantized(type); }
};

/// A matrix of floats that owns them. Shapes: values [rows, cols].
[[nodiscard]] inline WeightMatrix dense_matrix(std::string name, std::size_t rows, std::size_t cols,
                                               std::vector<float> values) {
  const auto owned = std::make_shared<const std::vector<float>>(std::move(values));
  WeightMatrix matrix;
  matrix.name = std::move(name);
  matrix.rows = rows;
  matrix.cols = cols;
  matrix.row_bytes = cols * sizeof(float);
  matrix.data = reinterpret_cast<const std::byte*>(owned->data());
  matrix.owner = owned;
  return matrix;
}

/// Replaces what a matrix holds by codes of the same shape.
inline void set_codes(WeightMatrix& matrix, std::shared_ptr<const PackedMatrix> codes) {
  matrix.codes = std::move(codes);
  matrix.row_order.clear();
  matrix.data = nullptr;
  matrix.owner = nullptr;
}

}  // namespace quantlens::inline v0_1
