/// Writes GGUF and safetensors files in memory, right ones and, where a test says so, wrong ones.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/io/ggml_type.hpp"
#include "quantlens/io/gguf_metadata.hpp"

namespace quantlens::test {

/// The bytes of a number as it lies in memory.
template <class T>
std::string raw(T value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

/// A string behind its 64-bit length.
inline std::string raw_string(std::string_view text) { return raw<std::uint64_t>(text.size()) + std::string(text); }

/// A copy whose allocation ends with the last byte, so that sanitizers see the first read behind it.
inline std::vector<std::byte> exact_bytes(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

/// A GGUF file, part by part. Members that are set override what would be right.
struct GgufBuilder {
  struct Entry {
    std::string key;
    std::uint32_t type;
    std::string value;
  };
  struct Tensor {
    std::string name;
    std::uint32_t type;
    std::vector<std::uint64_t> shape;  ///< Outermost first.
    std::string data;
    std::optional<std::uint64_t> offset = {};
    std::optional<std::uint32_t> n_dims = {};
  };

  std::string magic = "GGUF";
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;
  std::optional<std::uint64_t> n_tensors, n_entries;
  std::vector<Entry> entries;
  std::vector<Tensor> tensors;

  /// Replaces the key's value or adds the key.
  GgufBuilder& set(std::string_view key, GgufValueType type, std::string value) {
    remove(key);
    entries.push_back({std::string(key), static_cast<std::uint32_t>(type), std::move(value)});
    return *this;
  }
  GgufBuilder& set(std::string_view key, std::uint32_t value) { return set(key, GgufValueType::u32, raw(value)); }
  GgufBuilder& set(std::string_view key, float value) { return set(key, GgufValueType::f32, raw(value)); }
  GgufBuilder& set(std::string_view key, bool value) {
    return set(key, GgufValueType::boolean, raw(static_cast<std::uint8_t>(value)));
  }
  GgufBuilder& set(std::string_view key, std::string_view value) {
    return set(key, GgufValueType::string, raw_string(value));
  }
  GgufBuilder& set(std::string_view key, const char* value) { return set(key, std::string_view(value)); }
  GgufBuilder& set(std::string_view key, const std::vector<std::string>& values) {
    std::string elements;
    for (const std::string& value : values) elements += raw_string(value);
    return set_array(key, GgufValueType::string, values.size(), elements);
  }
  GgufBuilder& set(std::string_view key, const std::vector<std::int32_t>& values) {
    std::string elements;
    for (const std::int32_t value : values) elements += raw(value);
    return set_array(key, GgufValueType::i32, values.size(), elements);
  }
  GgufBuilder& set_array(std::string_view key, GgufValueType element, std::uint64_t count, std::string_view elements) {
    return set(key, GgufValueType::array,
               raw(static_cast<std::uint32_t>(element)) + raw(count) + std::string(elements));
  }
  void remove(std::string_view key) {
    std::erase_if(entries, [&](const Entry& entry) { return entry.key == key; });
  }

  GgufBuilder& add(std::string name, GgmlType type, std::vector<std::uint64_t> shape, std::string data) {
    tensors.push_back({std::move(name), static_cast<std::uint32_t>(type), std::move(shape), std::move(data)});
    return *this;
  }
  Tensor& tensor(std::string_view name) {
    return *std::find_if(tensors.begin(), tensors.end(), [&](const Tensor& tensor) { return tensor.name == name; });
  }
  void remove_tensor(std::string_view name) {
    std::erase_if(tensors, [&](const Tensor& tensor) { return tensor.name == name; });
  }

  [[nodiscard]] std::string build() const {
    std::string file =
        magic + raw(version) + raw(n_tensors.value_or(tensors.size())) + raw(n_entries.value_or(entries.size()));
    for (const Entry& entry : entries) file += raw_string(entry.key) + raw(entry.type) + entry.value;
    std::string data;
    for (const Tensor& tensor : tensors) {
      data.resize((data.size() + alignment - 1) / alignment * alignment);
      file += raw_string(tensor.name);
      file += raw(tensor.n_dims.value_or(static_cast<std::uint32_t>(tensor.shape.size())));
      for (auto dim = tensor.shape.rbegin(); dim != tensor.shape.rend(); ++dim) file += raw(*dim);
      file += raw(tensor.type) + raw<std::uint64_t>(tensor.offset.value_or(data.size()));
      data += tensor.data;
    }
    if (!tensors.empty()) file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data;
  }
};

/// A safetensors file with this header, right or wrong.
inline std::string safetensors_file(std::string_view header, std::string_view data) {
  return raw_string(header) + std::string(data);
}

}  // namespace quantlens::test
