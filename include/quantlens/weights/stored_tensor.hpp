/// A tensor as a file stores it, or a matrix that several tensors of a quantized checkpoint make up together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/version.hpp"
#include "quantlens/weights/weight_matrix.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A matrix as read from a checkpoint, and the scheme that its tensors follow, such as "gptq-w4-g128-act".
struct CheckpointMatrix {
  WeightMatrix matrix;
  std::string scheme;
};

/// "[192, 576]"
[[nodiscard]] inline std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (const std::uint64_t dim : shape) text += concat(text.size() > 1 ? ", " : "", dim);
  return text + "]";
}

/// A tensor wherever it is stored. Its number of bytes agrees with type and shape, unless it comes as a matrix.
struct StoredTensor {
  std::string name;  ///< As the file calls it.
  std::string file;
  GgmlType type = GgmlType::f32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> data;
  std::uint64_t offset = 0;
  /// What several tensors of a quantized checkpoint make up together; `data` is then unused.
  std::optional<CheckpointMatrix> matrix = std::nullopt;
};

}  // namespace quantlens::inline QUANTLENS_ABI
