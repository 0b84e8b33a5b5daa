/// Writes GGUF files, version 3: metadata, then one tensor at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/io/gguf_metadata.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Keys and values under construction. A key that is set again keeps its place.
class GgufMetadataBuilder {
 public:
  template <class T>
  requires std::is_arithmetic_v<T>
  void set(std::string_view key, T value) { put(key, bytes_of_type(value_type<T>()) + bytes_of(value)); }
  void set(std::string_view key, std::string_view text) {
    put(key, bytes_of_type(GgufValueType::string) + text_bytes(text));
  }
  void set(std::string_view key, const char* text) { set(key, std::string_view(text)); }
  void set(std::string_view key, const std::vector<std::string>& texts) {
    std::string value = array_head(GgufValueType::string, texts.size());
    for (const std::string& text : texts) value += text_bytes(text);
    put(key, std::move(value));
  }
  void set(std::string_view key, const std::vector<std::int32_t>& values) {
    std::string value = array_head(GgufValueType::i32, values.size());
    for (const std::int32_t v : values) value += bytes_of(v);
    put(key, std::move(value));
  }
  /// Takes a value over as another file stores it.
  void copy(const GgufEntry& entry) {
    std::string value = entry.is_array() ? array_head(entry.element_type, entry.count) : bytes_of_type(entry.type);
    value.append(reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size());
    put(entry.key, std::move(value));
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// As the file stores them.
  [[nodiscard]] std::string bytes() const {
    std::string all;
    for (const auto& [key, value] : entries_) all += text_bytes(key) + value;
    return all;
  }

  template <class T>
  [[nodiscard]] static std::string bytes_of(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
  }
  [[nodiscard]] static std::string text_bytes(std::string_view text) {
    return bytes_of(static_cast<std::uint64_t>(text.size())) + std::string(text);
  }

 private:
  template <class T>
  [[nodiscard]] static constexpr GgufValueType value_type() {
    if constexpr (std::is_same_v<T, bool>) return GgufValueType::boolean;
    if constexpr (std::is_same_v<T, std::uint32_t>) return GgufValueType::u32;
    if constexpr (std::is_same_v<T, std::int32_t>) return GgufValueType::i32;
    if constexpr (std::is_same_v<T, std::uint64_t>) return GgufValueType::u64;
    if constexpr (std::is_same_v<T, float>) return GgufValueType::f32;
  }
  [[nodiscard]] static std::string bytes_of_type(GgufValueType type) {
    return bytes_of(static_cast<std::uint32_t>(type));
  }
  [[nodiscard]] static std::string array_head(GgufValueType element, std::uint64_t count) {
    return bytes_of_type(GgufValueType::array) + bytes_of_type(element) + bytes_of(count);
  }
  void put(std::string_view key, std::string value) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
    if (found != entries_.end())
      found->second = std::move(value);
    else
      entries_.emplace_back(key, std::move(value));
  }

  std::vector<std::pair<std::string, std::string>> entries_;
};

/// A tensor to be written. `write` gives its bytes, row-major, when it is the tensor's turn.
struct GgufOutputTensor {
  std::string name;
  GgmlType type;
  std::vector<std::uint64_t> shape;  ///< Outermost first.
  std::function<void(const ByteSink&)> write;
};

/// Writes one file, whole or not at all; data is aligned to 32 bytes.
/// Errors: Error `write`; InputError `gguf` for a tensor whose rows are no whole blocks or whose bytes do not fit it.
inline void write_gguf(const std::filesystem::path& path, const GgufMetadataBuilder& metadata,
                       const std::vector<GgufOutputTensor>& tensors) {
  constexpr std::uint64_t alignment = 32;  // GGUF's default
  const auto refuse = [&](const GgufOutputTensor& tensor, const auto&... why) {
    throw InputError("gguf", concat(path.filename().string(), ": tensor '", tensor.name, "': ", why...));
  };
  using Builder = GgufMetadataBuilder;
  std::string head = "GGUF" + Builder::bytes_of(std::uint32_t{3}) +
                     Builder::bytes_of(static_cast<std::uint64_t>(tensors.size())) +
                     Builder::bytes_of(static_cast<std::uint64_t>(metadata.size())) + metadata.bytes();
  std::vector<std::uint64_t> sizes;
  std::uint64_t offset = 0;
  for (const GgufOutputTensor& tensor : tensors) {
    const std::size_t block = block_elements(tensor.type);
    if (tensor.shape.empty() || tensor.shape.back() % block != 0)
      refuse(tensor, "rows of ", tensor.shape.empty() ? 0 : tensor.shape.back(), " are no whole ", name(tensor.type),
             " blocks of ", block, "; choose F16 for it");
    std::optional<std::uint64_t> size = block_bytes(tensor.type);
    for (std::size_t d = 0; d < tensor.shape.size(); ++d) {
      const std::uint64_t dim = tensor.shape[d];
      size = checked_product(*size, d + 1 == tensor.shape.size() ? dim / block : dim);
      if (!size) refuse(tensor, "its size overflows");
    }
    head += Builder::text_bytes(tensor.name) + Builder::bytes_of(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto dim = tensor.shape.rbegin(); dim != tensor.shape.rend(); ++dim) head += Builder::bytes_of(*dim);
    head += Builder::bytes_of(static_cast<std::uint32_t>(tensor.type)) + Builder::bytes_of(offset);
    sizes.push_back(*size);
    offset += (*size + alignment - 1) / alignment * alignment;
  }
  AtomicFileWriter file(path);
  file.write(head);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    file.pad_to(alignment);
    const std::uint64_t start = file.size();
    tensors[i].write([&](std::span<const std::byte> bytes) { file.write(bytes); });
    if (file.size() - start != sizes[i])
      refuse(tensors[i], "its shape needs ", sizes[i], " bytes, ", file.size() - start, " were given");
  }
  file.pad_to(alignment);
  file.commit();
}

}  // namespace quantlens::inline QUANTLENS_ABI
