/// A tensor of a safetensors file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One tensor as the file stores it, row-major. `data` has no alignment that can be relied on.
struct SafetensorsTensor {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> data;
  /// Where `data` starts in the file.
  std::uint64_t offset = 0;
};

}  // namespace quantlens::inline QUANTLENS_ABI
