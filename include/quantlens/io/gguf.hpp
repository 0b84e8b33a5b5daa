/// GGUF files, versions 2 and 3: metadata and tensors, checked whole before anything is used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/ggml_type.hpp"
#include "quantlens/io/gguf_metadata.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One tensor as the file stores it. Shape: row-major, outermost first: [n_out, n_in].
struct GgufTensor {
  std::string name;
  GgmlType type = GgmlType::f32;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> data;
  /// Where `data` starts in the file.
  std::uint64_t offset = 0;
  /// The name of the file, which is one of several where the model is split.
  std::string file = {};
};

/// A GGUF file, or all files of a split one. A vocabulary-only one simply has no tensors.
/// Errors: FormatError `gguf` with the offset of whatever breaks the format; InputError `gguf_split` for parts that are
/// missing or do not belong together.
/// Source: github.com/ggml-org/ggml/blob/master/docs/gguf.md.
class GgufFile : public GgufMetadata {
 public:
  /// Maps the file and keeps it mapped. Any part of a split model opens the whole: the metadata of its first part and
  /// the tensors of all.
  [[nodiscard]] static GgufFile open(const std::filesystem::path& path);

  /// Reads a file that lies in memory; `bytes` must outlive the result.
  [[nodiscard]] static GgufFile parse(std::span<const std::byte> bytes, std::string file_name);

  GgufFile(GgufFile&&) noexcept = default;
  GgufFile& operator=(GgufFile&&) noexcept = default;

  [[nodiscard]] const std::vector<GgufTensor>& tensors() const { return tensors_; }
  /// Null when there is no such tensor.
  [[nodiscard]] const GgufTensor* find(std::string_view tensor) const {
    const auto found = tensor_index_.find(std::string(tensor));
    return found != tensor_index_.end() ? &tensors_[found->second] : nullptr;
  }
  /// The mapping, of a split model that of its first part; empty for a file that was parsed from memory.
  [[nodiscard]] const MappedFile& file() const { return file_; }

  /// The SHA-256 of the file; of a split one that of the list "<sha256> <name>\n" of its parts, in their order.
  [[nodiscard]] std::string sha256() const;

 private:
  using GgufMetadata::GgufMetadata;

  static GgufFile open_part(const std::filesystem::path& path);
  static GgufFile open_split(const std::filesystem::path& path, GgufFile given);
  [[nodiscard]] std::uint64_t n_parts() const { return uint_or("split.count", 1); }
  void append(GgufFile part);

  void read();
  GgufTensor read_tensor_info(ByteReader& reader) const;
  std::uint64_t read_alignment(const ByteReader& reader) const;
  void place_tensors(const ByteReader& reader, std::span<const std::uint64_t> info_offsets);

  std::span<const std::byte> bytes_;
  MappedFile file_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string, std::size_t> tensor_index_;
  std::vector<GgufFile> later_parts_;  ///< Of a split model, their tensors moved into this one's.
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/io/gguf_impl.hpp"
#endif
