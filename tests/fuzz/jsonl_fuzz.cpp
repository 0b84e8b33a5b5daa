/// Fuzzes files of one JSON value a line.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/io/jsonl.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

/// Any file is refused by a typed error, or its values are read back from what they are written as.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const test::TempFolder folder;
  const auto path = folder.write("rows.jsonl", std::string_view(reinterpret_cast<const char*>(data), size));
  std::vector<nlohmann::json> values;
  try {
    values = read_jsonl(path);
  } catch (const InputError&) {
    return 0;
  }
  std::string text;
  for (const nlohmann::json& value : values) text += value.dump() + '\n';
  if (read_jsonl(folder.write("rows.jsonl", text)) != values) __builtin_trap();
  return 0;
}
