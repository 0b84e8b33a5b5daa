/// Fuzzes the JSON files of a model folder of two shards: the input is the index, generation_config.json,
/// tokenizer_config.json, quantize_config.json and quant_config.json, with a zero byte between them.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "../io/temp_folder.hpp"
#include "quantlens/checkpoints/settings.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "standalone_main.hpp"

using namespace quantlens;

namespace {

std::string shard_of(const nlohmann::json& header, std::size_t n_bytes) {
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + std::string(n_bytes, '\0');
}

/// A folder with all that the input does not bring.
const std::filesystem::path& shards() {
  static const test::TempFolder folder;
  folder.write("config.json", R"({"eos_token_id": 2})");
  const auto tensor = [](std::size_t begin) {
    return nlohmann::json{{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {begin, begin + 4}}};
  };
  folder.write("a.safetensors", shard_of({{"x", tensor(0)}, {"y", tensor(4)}}, 8));
  folder.write("b.safetensors", shard_of({{"y", tensor(0)}, {"z", tensor(4)}}, 8));
  return folder.path();
}

}  // namespace

/// Any files are refused by a typed error, or make a folder whose tensors lie in its shards, each name once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::filesystem::path folder = shards();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"model.safetensors.index.json", "generation_config.json", "tokenizer_config.json",
                           "quantize_config.json", "quant_config.json"}) {
    const std::size_t end = rest.find('\0');
    const std::string_view file = rest.substr(0, end);
    // No text, no file.
    if (file.empty())
      std::filesystem::remove(folder / name);
    else
      std::ofstream(folder / name, std::ios::binary) << file;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  try {
    const HfFolder opened = HfFolder::open(folder);
    std::set<std::string> names;
    for (const HfFolder::Tensor& stored : opened.tensors()) {
      if (stored.shard->find(stored.tensor->name) != stored.tensor) __builtin_trap();
      if (!names.insert(stored.tensor->name).second) __builtin_trap();
    }
    static_cast<void>(opened.sha256());
    static_cast<void>(eos_ids_from_hf(opened.config(), opened.generation_config()));
    const CheckpointSettings found = checkpoint_settings(opened);
    if (found.settings.is_null() != (opened.quantize_config().is_null() && opened.quant_config().is_null()))
      __builtin_trap();
  } catch (const InputError&) {
  }
  return 0;
}
