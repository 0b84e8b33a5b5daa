#include "quantlens/checkpoints/settings.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "checkpoint_folders.hpp"
#include "quantlens/checkpoints/output.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_writer.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

namespace {

/// A checkpoint whose settings lie in `file` instead of config.json, as `edit` leaves them.
template <class Edit>
std::filesystem::path moved_settings(const TempFolder& folder, const std::string& name, const std::string& file,
                                     Edit&& edit) {
  json settings;
  const auto copy = edited_checkpoint(folder, name, [&](json& config) {
    settings = config["quantization_config"];
    config.erase("quantization_config");
  });
  edit(settings);
  folder.write(name + "/" + file, settings.dump());
  return copy;
}

}  // namespace

TEST_CASE("AutoGPTQ's quantize_config.json stands in for quantization_config") {
  const TempFolder folder;
  const auto copy = moved_settings(folder, "gptq-w8", "quantize_config.json", [](json& settings) {
    settings = {{"bits", 8},
                {"group_size", -1},
                {"damp_percent", 0.01},
                {"desc_act", false},
                {"sym", true},
                {"true_sequential", true},
                {"meta", settings.value("meta", json())},
                {"model_file_base_name", "gptq_model-8bit"}};
  });
  std::filesystem::rename(copy / "model.safetensors", copy / "gptq_model-8bit.safetensors");
  ModelFile read = load_model(copy), original = load_model(checkpoints / "gptq-w8");
  CHECK(read.weights.source_types == original.weights.source_types);
  CHECK(read.weights.notes.empty());
  std::vector<float> a(64), b(64);
  read.weights.blocks[0][BlockPart::q].decode_row(3, a);
  original.weights.blocks[0][BlockPart::q].decode_row(3, b);
  CHECK(a == b);
}

TEST_CASE("AutoAWQ's quant_config.json stands in for quantization_config") {
  const TempFolder folder;
  const json own = {{"zero_point", true}, {"q_group_size", 32}, {"w_bit", 4}, {"version", "GEMM"}};
  const auto copy = moved_settings(folder, "awq-w4-g32", "quant_config.json", [&](json& settings) { settings = own; });
  CHECK(load_model(copy).weights.source_types == "awq-w4-g32+F16");

  json gemv = own;
  gemv["version"] = "GEMV";
  folder.write("awq-w4-g32/quant_config.json", gemv.dump());
  check_refused("gemv", "config", "quant_config.json: version 'gemv' is not supported",
                [&] { static_cast<void>(load_model(copy)); });
}

TEST_CASE("config.json comes first, and settings that no tensor follows are no harm in another file") {
  const TempFolder folder;
  const auto copy = edited_checkpoint(folder, "gptq-w8", [](json&) {});
  folder.write("gptq-w8/quantize_config.json", R"({"bits":4,"group_size":32})");
  CHECK(load_model(copy).weights.source_types == "gptq-w8+F16");

  const auto plain = folder.path() / "plain";
  std::filesystem::copy(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/llama", plain);
  folder.write("plain/quantize_config.json", R"({"bits":4,"group_size":32})");
  const ModelFile read = load_model(plain);
  CHECK_FALSE(read.weights.source_quantized);
  CHECK(read.notes() == std::vector<std::string>{"quantize_config.json is ignored: no tensor is quantized as it says"});
}

TEST_CASE("tensors without the prefix that a model's head gives them are the same tensors") {
  const TempFolder folder;
  const auto rename_tensors = [&](const std::string& name, const std::filesystem::path& source) {
    const auto copy = folder.path() / name;
    std::filesystem::copy(source, copy);
    const SafetensorsFile file = SafetensorsFile::open(source / "model.safetensors");
    OutputTensors tensors;
    for (const SafetensorsTensor& tensor : file.tensors()) {
      const bool has_prefix = tensor.name.starts_with("model.");
      tensors.push_back({has_prefix ? tensor.name.substr(6) : tensor.name, tensor.dtype, tensor.shape,
                         [data = tensor.data](const ByteSink& sink) { sink(data); }});
    }
    write_safetensors(copy / "model.safetensors", tensors);
    return copy;
  };
  const auto plain = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/qwen2";
  for (const auto& source : {plain, checkpoints / "gptq-w4-g32-act"}) {
    ModelFile read = load_model(rename_tensors(source.filename().string(), source)), original = load_model(source);
    REQUIRE(read.weights.notes.size() == 1);
    CHECK_THAT(read.weights.notes[0], Catch::Contains("lack 'model.'"));
    CHECK(original.weights.notes.empty());
    const WeightMatrix &a = read.weights.blocks[0][BlockPart::down], &b = original.weights.blocks[0][BlockPart::down];
    std::vector<float> row_a(a.cols), row_b(b.cols);
    a.decode_row(5, row_a);
    b.decode_row(5, row_b);
    CHECK(row_a == row_b);
  }
}
