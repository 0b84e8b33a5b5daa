#include <cstddef>
#include <cstdint>
#include <span>

#include "quantlens/io/safetensors.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any bytes are a file that is refused by a typed error, or one whose tensors cover it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const SafetensorsFile file = SafetensorsFile::parse(std::as_bytes(std::span(data, size)), "fuzz.safetensors");
    for (const SafetensorsTensor& tensor : file.tensors())
      if (tensor.offset + tensor.data.size() > size || file.find(tensor.name) != &tensor) __builtin_trap();
  } catch (const InputError&) {
  }
  return 0;
}
