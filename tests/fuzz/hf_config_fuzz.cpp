#include <cstddef>
#include <cstdint>
#include <string_view>

#include "quantlens/io/json.hpp"
#include "quantlens/weights/config_from_hf.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any text is a config that is refused by a typed error, or one whose numbers are valid.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto json = parse_json_strict(text, "config.json", LargeIntegers::as_floats);
    static_cast<void>(eos_ids_from_hf(json, json));
    validate(config_from_hf(json), "config.json");
  } catch (const InputError&) {
  }
  return 0;
}
