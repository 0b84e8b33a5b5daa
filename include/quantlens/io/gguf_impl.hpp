/// What gguf.hpp declares, defined.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/gguf_split.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE GgufFile GgufFile::open(const std::filesystem::path& path) {
  GgufFile opened = open_part(path);
  if (opened.n_parts() > 1) return open_split(path, std::move(opened));
  return opened;
}

QUANTLENS_INLINE GgufFile GgufFile::parse(std::span<const std::byte> bytes, std::string file_name) {
  GgufFile parsed(std::move(file_name));
  parsed.bytes_ = bytes;
  parsed.read();
  return parsed;
}

QUANTLENS_INLINE std::string GgufFile::sha256() const {
  if (later_parts_.empty()) return sha256_hex(bytes_);
  Sha256 all;
  all.update(concat(sha256_hex(bytes_), " ", name(), "\n"));
  for (const GgufFile& part : later_parts_) all.update(concat(sha256_hex(part.bytes_), " ", part.name(), "\n"));
  return all.hex();
}

QUANTLENS_INLINE GgufFile GgufFile::open_part(const std::filesystem::path& path) {
  MappedFile file = open_as(FileKind::gguf, path);
  GgufFile parsed = parse(file.bytes(), path.filename().string());
  parsed.file_ = std::move(file);
  return parsed;
}

/// `given` is the part at `path`.
QUANTLENS_INLINE GgufFile GgufFile::open_split(const std::filesystem::path& path, GgufFile given) {
  const auto refuse = [&](const auto&... why) { throw InputError("gguf_split", concat(path.string(), ": ", why...)); };
  const std::uint64_t given_number = given.uint("split.no") + 1, n_parts = given.n_parts();
  const auto named = parse_gguf_part_name(given.name());
  if (!named || named->n_parts != n_parts || named->number != given_number)
    refuse("is part ", given_number, " of ", n_parts, " of a split model, whose files are called as ",
           gguf_part_name("NAME", 1, 2), "; give all parts their own names again");
  const auto part_path = [&](std::size_t number) {
    return path.parent_path() / gguf_part_name(named->prefix, number, named->n_parts);
  };
  constexpr std::size_t most_named = 8;
  std::size_t n_missing = 0;
  std::string missing;
  for (std::size_t number = 1; number <= n_parts; ++number)
    if (!std::filesystem::exists(part_path(number)) && n_missing++ < most_named)
      missing += concat(" ", part_path(number).filename().string());
  if (n_missing > most_named) missing += concat(" and ", n_missing - most_named, " more");
  if (n_missing > 0)
    refuse("is part ", given_number, " of a model that is split into ", n_parts, " files; missing beside it:", missing);

  GgufFile whole = given_number == 1 ? std::move(given) : open_part(part_path(1));
  const auto require_part = [&](const GgufFile& part, std::size_t number) {
    if (part.n_parts() != n_parts || part.uint("split.no") + 1 != number)
      refuse(part.name(), " says that it is part ", part.uint_or("split.no", 0) + 1, " of ", part.n_parts());
  };
  require_part(whole, 1);
  for (std::size_t number = 2; number <= n_parts; ++number) {
    GgufFile part = open_part(part_path(number));
    require_part(part, number);
    whole.append(std::move(part));
  }
  if (const std::uint64_t n = whole.uint_or("split.tensors.count", whole.tensors_.size()); n != whole.tensors_.size())
    refuse("the parts hold ", whole.tensors_.size(), " tensors, but split.tensors.count is ", n,
           "; are all parts of the same model?");
  return whole;
}

/// Takes over another part's tensors.
QUANTLENS_INLINE void GgufFile::append(GgufFile part) {
  for (GgufTensor& tensor : part.tensors_) {
    if (!tensor_index_.emplace(tensor.name, tensors_.size()).second)
      throw InputError("gguf_split", concat(part.name(), ": tensor '", tensor.name, "' is in an earlier part, too"));
    tensors_.push_back(std::move(tensor));
  }
  part.tensors_.clear();
  later_parts_.push_back(std::move(part));
}

QUANTLENS_INLINE void GgufFile::read() {
  constexpr std::uint64_t min_entry_bytes = 8 + 1 + 4 + 1;           // key length, key, type, value
  constexpr std::uint64_t min_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;  // name length, name, n_dims, dim, type, offset
  ByteReader reader(bytes_, "gguf", name());
  const auto magic = reader.take(4, "the magic number");
  if (std::string_view(reinterpret_cast<const char*>(magic.data()), magic.size()) != "GGUF")
    reader.fail_at(0, "does not start with 'GGUF'");
  const auto version = reader.read<std::uint32_t>("the version");
  if ((version & 0xffffu) == 0 && version != 0) reader.fail_at(4, "big-endian files are not supported");
  if (version != 2 && version != 3) reader.fail_at(4, concat("version ", version, " (supported: 2 and 3)"));
  const std::uint64_t n_tensors = reader.count("the tensor count", min_tensor_bytes);
  const std::uint64_t n_entries = reader.count("the metadata count", min_entry_bytes);
  read_metadata(reader, n_entries);

  if (n_tensors > reader.remaining() / min_tensor_bytes)
    reader.fail(concat(n_tensors, " tensors do not fit in the ", reader.remaining(), " bytes left"));
  std::vector<std::uint64_t> info_offsets;
  for (std::uint64_t i = 0; i < n_tensors; ++i) {
    info_offsets.push_back(reader.offset());
    tensors_.push_back(read_tensor_info(reader));
  }
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    if (!tensor_index_.emplace(tensors_[i].name, i).second)
      reader.fail_at(info_offsets[i], concat("duplicate tensor '", tensors_[i].name, "'"));
  place_tensors(reader, info_offsets);
}

/// The record before the data; `offset` is still relative to the data section.
QUANTLENS_INLINE GgufTensor GgufFile::read_tensor_info(ByteReader& reader) const {
  constexpr std::size_t max_name_bytes = 63;  // GGML_MAX_NAME, less its terminator
  constexpr std::uint32_t max_dims = 4;
  const std::uint64_t start = reader.offset();
  GgufTensor tensor;
  const std::string_view tensor_name = reader.length_and_text("a tensor name");
  if (tensor_name.empty() || tensor_name.size() > max_name_bytes)
    reader.fail_at(start, concat("a tensor name of ", tensor_name.size(), " bytes (1 to ", max_name_bytes, ")"));
  if (const auto bad = first_invalid_utf8(tensor_name))
    reader.fail_at(start + sizeof(std::uint64_t) + *bad, "a tensor name that is not UTF-8");
  tensor.name = tensor_name;
  tensor.file = name();
  const auto refuse = [&](std::uint64_t at, std::string_view why) {
    reader.fail_at(at, concat("tensor '", tensor.name, "': ", why));
  };

  const std::uint64_t dims_start = reader.offset();
  const auto n_dims = reader.read<std::uint32_t>("a tensor's dimension count");
  if (n_dims < 1 || n_dims > max_dims) refuse(dims_start, concat(n_dims, " dimensions (1 to ", max_dims, ")"));
  std::optional<std::uint64_t> elements = 1;
  for (std::uint32_t d = 0; d < n_dims; ++d) {
    const std::uint64_t dim_start = reader.offset();
    const auto dim = reader.read<std::uint64_t>("a tensor's dimension");
    if (dim == 0) refuse(dim_start, "a dimension of 0");
    elements = checked_product(*elements, dim);
    if (!elements) refuse(dim_start, concat("a dimension of ", dim, " makes its size overflow"));
    tensor.shape.insert(tensor.shape.begin(), dim);  // the file lists the innermost first
  }

  const std::uint64_t type_start = reader.offset();
  const auto type = reader.read<std::uint32_t>("a tensor's type");
  const GgmlTypeInfo* info = find_ggml_type(type);
  if (info == nullptr) {
    refuse(type_start, concat("unknown type ", type));
  } else {
    if (tensor.shape.back() % info->block_elements != 0)
      refuse(dims_start, concat("rows of ", tensor.shape.back(), " are not whole ", info->name, " blocks of ",
                                info->block_elements));
    if (!checked_product(*elements / info->block_elements, info->block_bytes))
      refuse(dims_start, "its size in bytes overflows");
  }
  tensor.type = static_cast<GgmlType>(type);
  tensor.offset = reader.read<std::uint64_t>("a tensor's offset");
  return tensor;
}

QUANTLENS_INLINE std::uint64_t GgufFile::read_alignment(const ByteReader& reader) const {
  constexpr std::uint64_t default_alignment = 32;
  constexpr std::uint64_t max_alignment = 1u << 20;  // far above a page, far below anything that pads absurdly
  const GgufEntry* entry = find_entry("general.alignment");
  if (entry == nullptr) return default_alignment;
  const std::uint64_t alignment = uint("general.alignment");
  if (entry->type != GgufValueType::u32) reader.fail_at(entry->offset, "general.alignment should be a u32");
  if (!std::has_single_bit(alignment) || alignment < 8 || alignment > max_alignment)
    reader.fail_at(entry->offset,
                   concat("general.alignment is ", alignment, ", not a power of two in [8, ", max_alignment, "]"));
  return alignment;
}

/// Turns relative offsets into data, checking alignment, bounds and overlap.
QUANTLENS_INLINE void GgufFile::place_tensors(const ByteReader& reader, std::span<const std::uint64_t> info_offsets) {
  const std::uint64_t alignment = read_alignment(reader);
  const std::uint64_t data_start = (reader.offset() + alignment - 1) / alignment * alignment;
  const auto refuse = [&](std::size_t i, std::string_view why) {
    reader.fail_at(info_offsets[i], concat("tensor '", tensors_[i].name, "': ", why));
  };
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    GgufTensor& tensor = tensors_[i];
    std::uint64_t size = 1;
    for (const std::uint64_t dim : tensor.shape) size *= dim;
    size = size / block_elements(tensor.type) * block_bytes(tensor.type);  // in this order it cannot wrap, see above
    if (tensor.offset % alignment != 0)
      refuse(i, concat("its offset ", tensor.offset, " is not a multiple of ", alignment));
    if (data_start > bytes_.size() || tensor.offset > bytes_.size() - data_start ||
        size > bytes_.size() - data_start - tensor.offset)
      refuse(i, concat("its ", size, " bytes at offset ", tensor.offset, " end beyond the file of ", bytes_.size(),
                       " bytes; is the download complete?"));
    tensor.offset += data_start;
    tensor.data = bytes_.subspan(static_cast<std::size_t>(tensor.offset), static_cast<std::size_t>(size));
  }

  std::vector<std::size_t> order(tensors_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return tensors_[a].offset != tensors_[b].offset ? tensors_[a].offset < tensors_[b].offset : a < b;
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const GgufTensor& before = tensors_[order[i - 1]];
    if (tensors_[order[i]].offset < before.offset + before.data.size())
      refuse(order[i], concat("its bytes overlap those of '", before.name, "'"));
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
