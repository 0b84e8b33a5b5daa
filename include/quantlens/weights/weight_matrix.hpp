/// One weight matrix as its file stores it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantlens/io/ggml_type.hpp"

namespace quantlens::inline v0_1 {

/// A view of stored rows; whoever made it keeps the bytes alive. Shape: [rows, cols] = [n_out, n_in].
struct WeightMatrix {
  std::string name;  ///< Canonical, such as "blocks.3.attn.q".
  GgmlType type = GgmlType::f32;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t row_bytes = 0;
  /// Stored row of each logical row; empty where they are the same. (GGUF permutes Llama's q and k.)
  std::vector<std::uint32_t> row_order;
  const std::byte* data = nullptr;

  /// The stored bytes of logical row `r`, without any alignment.
  [[nodiscard]] std::span<const std::byte> row(std::size_t r) const {
    const std::size_t stored = row_order.empty() ? r : row_order[r];
    return {data + stored * row_bytes, row_bytes};
  }
};

}  // namespace quantlens::inline v0_1
