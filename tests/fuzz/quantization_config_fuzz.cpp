/// Fuzzes how checkpoints say what they are quantized to: the input is a quantization_config.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/checkpoints/read.hpp"
#include "quantlens/io/json.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

namespace {

void require_known_bits(int bits) {
  if (bits != 2 && bits != 3 && bits != 4 && bits != 8) __builtin_trap();
}

template <class Read>
void read(Read&& read_one) {
  try {
    read_one();
  } catch (const InputError&) {
  }
}

}  // namespace

/// Any text is refused by a typed error, or names codes that can be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string file = "quantization_config", module = "model.layers.0.mlp.up_proj";
  read([&] {
    const auto json = parse_json_strict({reinterpret_cast<const char*>(data), size}, file, LargeIntegers::as_floats);
    read([&] { require_known_bits(gptq_config(json, file, module).bits); });
    read([&] { require_known_bits(compressed_config(json, file, module).bits); });
    const nlohmann::json config{{"quantization_config", json}};
    detail::CheckpointReader reader(checkpoint_settings(config));
  });
  return 0;
}
