/// What safetensors.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_header.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  MappedFile file = open_as(FileKind::safetensors, path);
  SafetensorsFile parsed = parse(file.bytes(), path.filename().string());
  parsed.file_ = std::move(file);
  return parsed;
}

QUANTLENS_INLINE SafetensorsFile SafetensorsFile::parse(std::span<const std::byte> bytes, std::string file_name) {
  SafetensorsFile parsed;
  parsed.name_ = std::move(file_name);
  parsed.bytes_ = bytes;
  parsed.read();
  return parsed;
}

QUANTLENS_INLINE void SafetensorsFile::read() {
  constexpr std::uint64_t max_header_bytes = 100'000'000;  // the reference's limit
  ByteReader reader(bytes_, "safetensors", name_);
  const auto header_bytes = reader.read<std::uint64_t>("the header's length");
  if (header_bytes > max_header_bytes) reader.fail_at(0, concat("a header of ", header_bytes, " bytes"));
  const auto taken = reader.take(header_bytes, "the header");
  const std::string_view text(reinterpret_cast<const char*>(taken.data()), taken.size());
  if (!text.starts_with('{')) reader.fail_at(detail::safetensors_length_bytes, "the header does not start with '{'");
  detail::SafetensorsHeader header(text, bytes_.subspan(static_cast<std::size_t>(reader.offset())), name_);
  tensors_ = header.read();

  const auto before = [](const SafetensorsTensor& a, const SafetensorsTensor& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.data.size() < b.data.size();
  };
  if (!std::ranges::is_sorted(tensors_, before)) std::ranges::sort(tensors_, before);
  by_name_.resize(tensors_.size());
  std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
  std::ranges::sort(by_name_, {}, [&](std::size_t i) { return name_of(i); });
  const auto twice = std::ranges::adjacent_find(by_name_, {}, [&](std::size_t i) { return name_of(i); });
  if (twice != by_name_.end()) header.refuse(name_of(*twice), "duplicate key in the header", true);

  std::uint64_t end = reader.offset();
  for (const SafetensorsTensor& tensor : tensors_) {
    if (tensor.offset != end)
      header.refuse(tensor.name, concat(tensor.offset < end ? "overlaps what comes before" : "leaves a hole before it",
                                        ": starts at byte ", tensor.offset, ", not ", end));
    end += tensor.data.size();
  }
  if (end != bytes_.size()) reader.fail_at(end, concat(bytes_.size() - end, " bytes that belong to no tensor"));
}

}  // namespace quantlens::inline QUANTLENS_ABI
