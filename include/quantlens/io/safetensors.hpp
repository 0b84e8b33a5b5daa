/// Safetensors files: a JSON header and raw tensors, checked whole before anything is used.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"

namespace quantlens::inline v0_1 {

/// One tensor as the file stores it, row-major. `data` has no alignment that can be relied on.
struct SafetensorsTensor {
  std::string name;
  std::string dtype;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> data;
  /// Where `data` starts in the file.
  std::uint64_t offset = 0;
};

/// A safetensors file. Tensors lie in the order of their data.
/// Errors: FormatError `safetensors` (or `json`): whatever the reference implementation refuses, which leaves no byte
/// of the file without an owner. Source: github.com/huggingface/safetensors, README, "Format".
class SafetensorsFile {
 public:
  /// Maps the file and keeps it mapped.
  [[nodiscard]] static SafetensorsFile open(const std::filesystem::path& path) {
    MappedFile file = open_as(FileKind::safetensors, path);
    SafetensorsFile parsed = parse(file.bytes(), path.filename().string());
    parsed.file_ = std::move(file);
    return parsed;
  }

  /// Reads a file that lies in memory; `bytes` must outlive the result.
  [[nodiscard]] static SafetensorsFile parse(std::span<const std::byte> bytes, std::string file_name) {
    SafetensorsFile parsed;
    parsed.name_ = std::move(file_name);
    parsed.bytes_ = bytes;
    parsed.read();
    return parsed;
  }

  SafetensorsFile(SafetensorsFile&&) noexcept = default;
  SafetensorsFile& operator=(SafetensorsFile&&) noexcept = default;

  [[nodiscard]] const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  /// Null when there is no such tensor.
  [[nodiscard]] const SafetensorsTensor* find(std::string_view tensor) const {
    const auto found = index_.find(tensor);
    return found != index_.end() ? &tensors_[found->second] : nullptr;
  }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  SafetensorsFile() = default;

  void read();
  SafetensorsTensor read_tensor(const std::string& tensor_name, const nlohmann::json& entry) const;
  [[noreturn]] void refuse(std::string_view tensor_name, std::string_view why) const;

  std::string name_;
  std::span<const std::byte> bytes_;
  std::span<const std::byte> data_;
  std::string_view header_;
  MappedFile file_;
  std::vector<SafetensorsTensor> tensors_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

namespace detail {

/// Bits of one element; 0 for a dtype that the format does not know.
[[nodiscard]] inline std::uint64_t safetensors_dtype_bits(std::string_view dtype) {
  struct Known {
    std::string_view name;
    std::uint64_t bits;
  };
  static constexpr auto known = std::to_array<Known>(
      {{"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"BOOL", 8},    {"U8", 8},   {"I8", 8},
       {"U16", 16},    {"I16", 16},    {"U32", 32},    {"I32", 32},    {"U64", 64},    {"I64", 64}, {"C64", 64},
       {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}});
  for (const Known& type : known)
    if (type.name == dtype) return type.bits;
  return 0;
}

}  // namespace detail

inline void SafetensorsFile::read() {
  constexpr std::uint64_t max_header_bytes = 100'000'000;  // the reference's limit
  constexpr std::uint64_t length_bytes = 8;
  ByteReader reader(bytes_, "safetensors", name_);
  const auto header_bytes = reader.read<std::uint64_t>("the header's length");
  if (header_bytes > max_header_bytes) reader.fail_at(0, concat("a header of ", header_bytes, " bytes"));
  const auto header = reader.take(header_bytes, "the header");
  header_ = {reinterpret_cast<const char*>(header.data()), header.size()};
  if (!header_.starts_with('{')) reader.fail_at(length_bytes, "the header does not start with '{'");
  data_ = bytes_.subspan(length_bytes + header.size());

  nlohmann::json entries;
  try {
    entries = parse_json_strict(header_, name_);
  } catch (const FormatError& error) {
    reader.fail_at(length_bytes + error.offset(), concat("in the header: ", error.reason()));
  }
  for (const auto& [key, entry] : entries.items()) {
    if (key != "__metadata__") {
      tensors_.push_back(read_tensor(key, entry));
      continue;
    }
    const bool strings_only = entry.is_object() && std::all_of(entry.begin(), entry.end(),
                                                               [](const auto& value) { return value.is_string(); });
    if (!strings_only) refuse(key, "not an object of strings");
  }

  std::sort(tensors_.begin(), tensors_.end(), [](const SafetensorsTensor& a, const SafetensorsTensor& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.data.size() < b.data.size();
  });
  std::uint64_t end = length_bytes + header.size();
  for (const SafetensorsTensor& tensor : tensors_) {
    if (tensor.offset != end)
      refuse(tensor.name, concat(tensor.offset < end ? "overlaps what comes before" : "leaves a hole before it",
                                 ": starts at byte ", tensor.offset, ", not ", end));
    end += tensor.data.size();
  }
  if (end != bytes_.size()) reader.fail_at(end, concat(bytes_.size() - end, " bytes that belong to no tensor"));
  for (std::size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
}

inline SafetensorsTensor SafetensorsFile::read_tensor(const std::string& tensor_name,
                                                      const nlohmann::json& entry) const {
  const auto is_list_of_sizes = [](const nlohmann::json& list) {
    return list.is_array() &&
           std::all_of(list.begin(), list.end(), [](const auto& size) { return size.is_number_unsigned(); });
  };
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets"))
    refuse(tensor_name, "should have dtype, shape and data_offsets, nothing else");
  if (!entry["dtype"].is_string()) refuse(tensor_name, "its dtype is no string");
  if (!is_list_of_sizes(entry["shape"])) refuse(tensor_name, "its shape is no list of sizes");
  if (!is_list_of_sizes(entry["data_offsets"]) || entry["data_offsets"].size() != 2)
    refuse(tensor_name, "its data_offsets are not two offsets");

  SafetensorsTensor tensor;
  tensor.name = tensor_name;
  tensor.dtype = entry["dtype"].get<std::string>();
  tensor.shape = entry["shape"].get<std::vector<std::uint64_t>>();
  const std::uint64_t element_bits = detail::safetensors_dtype_bits(tensor.dtype);
  if (element_bits == 0) refuse(tensor_name, concat("unknown dtype ", tensor.dtype));
  std::optional<std::uint64_t> bits = element_bits;
  for (const std::uint64_t dim : tensor.shape) {
    bits = checked_product(*bits, dim);
    if (!bits) refuse(tensor_name, "its size overflows");
  }
  const auto begin = entry["data_offsets"][0].get<std::uint64_t>();
  const auto end = entry["data_offsets"][1].get<std::uint64_t>();
  if (begin > end || end > data_.size())
    refuse(tensor_name, concat("its data_offsets [", begin, ", ", end, "] do not lie in the ", data_.size(),
                               " bytes of data; is the download complete?"));
  if (*bits % 8 != 0 || *bits / 8 != end - begin)
    refuse(tensor_name, concat("its shape needs ", *bits, " bits, its data_offsets hold ", end - begin, " bytes"));
  tensor.data = data_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  tensor.offset = bytes_.size() - data_.size() + begin;
  return tensor;
}

/// Points at the tensor's name in the header.
inline void SafetensorsFile::refuse(std::string_view tensor_name, std::string_view why) const {
  const std::size_t at = header_.find(concat('"', tensor_name, '"'));
  throw FormatError("safetensors", name_, 8 + (at != std::string_view::npos ? at : 0),
                    concat("'", tensor_name, "': ", why));
}

}  // namespace quantlens::inline v0_1
