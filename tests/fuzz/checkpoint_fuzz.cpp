/// Fuzzes quantized Hugging Face folders: the input says which of the test data's is broken, and how; what loads runs.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../io/temp_folder.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_header.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/quant/format_spec.hpp"
#include "standalone_main.hpp"

namespace {

using namespace quantlens;
using Json = nlohmann::json;

/// The bytes of an input, taken as small numbers; 0 behind its end.
class Choices {
 public:
  explicit Choices(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool any() const { return !rest_.empty(); }
  /// Below `n`, which is at most 65536.
  std::size_t below(std::size_t n) {
    std::size_t value = 0;
    for (int i = 0; i < (n > 256 ? 2 : 1) && any(); ++i) {
      value = value << 8 | static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
    }
    return n == 0 ? 0 : value % n;
  }

 private:
  std::string_view rest_;
};

struct Tensor {
  Json entry;
  std::string data;
};

/// A folder with its safetensors file taken apart.
struct Folder {
  std::map<std::string, Json> files;
  std::map<std::string, Tensor> tensors;
};

std::vector<Folder> read_folders() {
  std::vector<Folder> folders;
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(QUANTLENS_SOURCE_DIR "/tests/data/checkpoints"))
    if (entry.is_directory()) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const std::filesystem::path& path : paths) {
    Folder& folder = folders.emplace_back();
    for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json"})
      folder.files[name] = read_json_file(path / name);
    const SafetensorsFile file = SafetensorsFile::open(path / "model.safetensors");
    for (const SafetensorsTensor& tensor : file.tensors())
      folder.tensors[tensor.name] = {{{"dtype", tensor.dtype}, {"shape", tensor.shape}},
                                     {reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()}};
  }
  return folders;
}

const std::vector<Json> values{nullptr,
                               true,
                               false,
                               0,
                               1,
                               -1,
                               2,
                               3,
                               4,
                               8,
                               31,
                               32,
                               33,
                               64,
                               65536,
                               1e-30,
                               1e300,
                               "",
                               "a",
                               "gptq",
                               "awq",
                               "gemm",
                               "bitsandbytes",
                               "nf4",
                               "fp4",
                               "llama",
                               Json::array(),
                               {1, 2},
                               Json::object(),
                               std::uint64_t{1} << 31,
                               std::uint64_t{1} << 62,
                               -1.5};

void collect(Json& value, std::vector<Json*>& nodes) {
  nodes.push_back(&value);
  if (value.is_structured())
    for (Json& inner : value) collect(inner, nodes);
}

void break_json(Json& value, Choices& choices) {
  std::vector<Json*> nodes;
  collect(value, nodes);
  Json& node = *nodes[choices.below(nodes.size())];
  if (choices.below(4) == 0 && node.is_structured() && !node.empty())
    node.erase(std::next(node.begin(), static_cast<std::ptrdiff_t>(choices.below(node.size()))));
  else
    node = values[choices.below(values.size())];
}

void break_tensor(Folder& folder, Choices& choices) {
  if (folder.tensors.empty()) return;
  const auto pick = [&] {
    return std::next(folder.tensors.begin(), static_cast<std::ptrdiff_t>(choices.below(folder.tensors.size())));
  };
  const auto chosen = pick();
  Tensor& tensor = chosen->second;
  switch (choices.below(6)) {
    case 0:
      folder.tensors.erase(chosen);
      return;
    case 1:
      tensor = pick()->second;
      return;
    case 2: {
      constexpr const char* dtypes[] = {"F32", "F16", "BF16", "I8", "U8", "I32", "I64", "F64", "BOOL", "F8_E4M3"};
      tensor.entry["dtype"] = dtypes[choices.below(10)];
      return;
    }
    case 3:
      if (Json& shape = tensor.entry["shape"]; !shape.empty()) shape[choices.below(shape.size())] = choices.below(512);
      return;
    case 4:
      tensor.entry["shape"].push_back(choices.below(4));
      return;
    default:
      if (tensor.data.empty()) return;
      const std::size_t at = choices.below(std::min<std::size_t>(tensor.data.size(), 65536));
      constexpr std::string_view words[] = {
          {"\0\0\xc0\x7f", 4}, {"\0\0\x80\xff", 4}, {"\0\x7c", 2}, {"\xff\xff\xff\xff", 4}, {"\0\0\0\x80", 4}};
      const std::string_view word = words[choices.below(5)];
      tensor.data.replace(at, std::min(word.size(), tensor.data.size() - at), word.substr(0, tensor.data.size() - at));
  }
}

/// The file of these tensors, each with as many bytes as its shape needs where that is no huge number.
std::string safetensors_of(std::map<std::string, Tensor> tensors) {
  Json header = Json::object();
  std::string data;
  for (auto& [name, tensor] : tensors) {
    std::uint64_t bits = detail::safetensors_dtype_bits(tensor.entry["dtype"].get<std::string>());
    for (const Json& dim : tensor.entry["shape"])
      bits = std::min<std::uint64_t>(bits * dim.get<std::uint64_t>(), 1u << 25);
    tensor.data.resize(bits / 8);
    header[name] = tensor.entry;
    header[name]["data_offsets"] = {data.size(), data.size() + tensor.data.size()};
    data += tensor.data;
  }
  const std::string text = header.dump();
  const std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + text + data;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<Folder> folders = read_folders();
  static const test::TempFolder scratch;
  Choices choices({reinterpret_cast<const char*>(data), size});
  Folder folder = folders[choices.below(folders.size())];
  for (int edits = 0; choices.any() && edits < 8; ++edits) {
    if (const std::size_t what = choices.below(8); what < folder.files.size())
      break_json(std::next(folder.files.begin(), static_cast<std::ptrdiff_t>(what))->second, choices);
    else
      break_tensor(folder, choices);
  }
  for (const auto& [name, json] : folder.files) scratch.write(name, json.dump());
  scratch.write("model.safetensors", safetensors_of(std::move(folder.tensors)));
  try {
    EngineOptions options;
    options.threads = 1;
    const auto model = ModelSession(scratch.path(), options).build(parse_format("native"));
    const CompletionRequest request{{{}, "ab \xc5\xbc"}, 2};
    static_cast<void>(model->complete({&request, 1}));
    const std::string text = "abc";
    static_cast<void>(model->score_text({&text, 1}));
  } catch (const InputError&) {
  }
  return 0;
}
