/// One weight matrix as its file stores it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "quantlens/io/ggml_type.hpp"
#include "quantlens/packed/any_packed.hpp"
#include "quantlens/packed/gguf_blocks.hpp"

namespace quantlens::inline v0_1 {

/// A view of stored rows, whose bytes whoever made it keeps alive, or codes that a checkpoint holds in another form.
/// Shape: [rows, cols] = [n_out, n_in].
struct WeightMatrix {
  std::string name;  ///< Canonical, such as "blocks.3.attn.q".
  GgmlType type = GgmlType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;
  /// Stored row of each logical row; empty where they are the same. (GGUF permutes Llama's q and k.)
  std::vector<std::uint32_t> row_order;
  const std::byte* data = nullptr;
  /// Instead of `data`, where a file's codes do not lie in rows.
  std::shared_ptr<const AnyPacked> codes;

  /// The stored bytes of logical row `r`, without any alignment. Precondition: no codes.
  [[nodiscard]] std::span<const std::byte> row(std::size_t r) const {
    const std::size_t stored = row_order.empty() ? r : row_order[r];
    return {data + stored * row_bytes, row_bytes};
  }

  /// The values of logical row `r`. Shape of out: [cols].
  void decode_row(std::size_t r, std::span<float> out) const {
    if (codes)
      quantlens::decode_row(*codes, r, out);
    else
      quantlens::decode_row(type, row(r).data(), out);
  }

  /// Bytes that the file spends on it.
  [[nodiscard]] double stored_bytes() const {
    if (!codes) return static_cast<double>(rows * row_bytes);
    const double bits = std::visit([](const auto& packed) { return packed.bits_per_weight(); }, *codes);
    return bits * static_cast<double>(rows * cols) / 8.0;
  }
};

}  // namespace quantlens::inline v0_1
