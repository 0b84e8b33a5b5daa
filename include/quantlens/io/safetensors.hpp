/// Safetensors files: a JSON header and raw tensors, checked whole before anything is used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/safetensors_tensor.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A safetensors file. Tensors lie in the order of their data.
/// Errors: FormatError `safetensors`: whatever the reference implementation refuses, which leaves no byte
/// of the file without an owner. Source: github.com/huggingface/safetensors, README, "Format".
class SafetensorsFile {
 public:
  /// Maps the file and keeps it mapped.
  [[nodiscard]] static SafetensorsFile open(const std::filesystem::path& path);

  /// Reads a file that lies in memory; `bytes` must outlive the result.
  [[nodiscard]] static SafetensorsFile parse(std::span<const std::byte> bytes, std::string file_name);

  SafetensorsFile(SafetensorsFile&&) noexcept = default;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept = default;

  [[nodiscard]] const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  /// Null when there is no such tensor.
  [[nodiscard]] const SafetensorsTensor* find(std::string_view tensor) const {
    const auto found = std::ranges::lower_bound(by_name_, tensor, {}, [&](std::size_t i) { return name_of(i); });
    return found != by_name_.end() && name_of(*found) == tensor ? &tensors_[*found] : nullptr;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  SafetensorsFile() = default;

  void read();
  [[nodiscard]] std::string_view name_of(std::size_t i) const { return tensors_[i].name; }

  std::string name_;
  std::span<const std::byte> bytes_;
  MappedFile file_;
  std::vector<SafetensorsTensor> tensors_;
  std::vector<std::size_t> by_name_;  ///< Indices into `tensors_`, sorted by name.
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/io/safetensors_impl.hpp"
#endif
