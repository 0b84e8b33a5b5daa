/// Writes safetensors files, one tensor at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/atomic_file.hpp"
#include "quantlens/io/byte_reader.hpp"
#include "quantlens/io/safetensors_header.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A tensor to be written. `write` gives its bytes, row-major and little-endian, in as many pieces as it likes; it is
/// called once, when it is the tensor's turn, so that a file never lies in memory as a whole.
struct OutputTensor {
  std::string name;
  std::string dtype;  ///< As safetensors spells it, such as "F16".
  std::vector<std::uint64_t> shape;
  std::function<void(const ByteSink&)> write;
};

/// Writes one file, whole or not at all. Tensors lie in the order given; the header is padded so that data starts at a
/// multiple of 8 bytes. `metadata` holds what loaders ask for: transformers wants {"format": "pt"}.
/// Errors: Error `write`; InputError `safetensors` for a dtype that is not known, a name that comes twice and a tensor
/// whose bytes do not fit its shape.
inline void write_safetensors(const std::filesystem::path& path, const std::vector<OutputTensor>& tensors,
                              const nlohmann::json& metadata = {{"format", "pt"}}) {
  const auto refuse = [&](const OutputTensor& tensor, const auto&... why) {
    throw InputError("safetensors", concat(path.filename().string(), ": '", tensor.name, "': ", why...));
  };
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata;
  std::vector<std::uint64_t> sizes;
  std::uint64_t end = 0;
  for (const OutputTensor& tensor : tensors) {
    std::optional<std::uint64_t> bits = detail::safetensors_dtype_bits(tensor.dtype);
    if (*bits == 0) refuse(tensor, "unknown dtype ", tensor.dtype);
    for (const std::uint64_t dim : tensor.shape) {
      bits = checked_product(*bits, dim);
      if (!bits) refuse(tensor, "its size overflows");
    }
    if (*bits % 8 != 0) refuse(tensor, "its elements do not fill whole bytes");
    if (header.contains(tensor.name)) refuse(tensor, "a second tensor of that name");
    sizes.push_back(*bits / 8);
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {end, end + *bits / 8}}};
    end += *bits / 8;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');

  AtomicFileWriter file(path);
  const std::uint64_t length = text.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::uint64_t start = file.size();
    tensors[i].write([&](std::span<const std::byte> bytes) { file.write(bytes); });
    if (file.size() - start != sizes[i])
      refuse(tensors[i], "its shape needs ", sizes[i], " bytes, ", file.size() - start, " were given");
  }
  file.commit();
}

}  // namespace quantlens::inline QUANTLENS_ABI
