#include <cstddef>
#include <cstdint>
#include <span>

#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/gguf.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any bytes are a file that is refused by a typed error, or one whose every value can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    GgufFile file = GgufFile::parse(std::as_bytes(std::span(data, size)), "fuzz.gguf");
    for (const GgufEntry& entry : file.metadata()) {
      const auto read = [&](auto get) {
        try {
          static_cast<void>(get());
        } catch (const InputError&) {
        }
      };
      read([&] { return file.string(entry.key); });
      read([&] { return file.uint(entry.key); });
      read([&] { return file.number(entry.key); });
      read([&] { return file.strings(entry.key); });
      read([&] { return file.ints(entry.key); });
      read([&] { return file.floats(entry.key); });
    }
    std::byte sum{};
    for (const GgufTensor& tensor : file.tensors())
      if (!tensor.data.empty()) sum ^= tensor.data.front() ^ tensor.data.back();
    static_cast<void>(sum);
    static_cast<void>(load_gguf(std::move(file)));
  } catch (const InputError&) {
  }
  return 0;
}
