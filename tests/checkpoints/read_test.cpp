#include "quantlens/checkpoints/read.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "checkpoint_folders.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/io/safetensors_writer.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

namespace {

/// Of float32 values; negative zeros count as zeros.
class ValueHash {
 public:
  void add(std::span<float> values) {
    for (float& value : values) value += 0.0f;
    hash_.update(std::string_view(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
  }
  std::string hex() { return hash_.hex(); }

 private:
  Sha256 hash_;
};

std::string hash_of(const WeightMatrix& matrix) {
  ValueHash hash;
  std::vector<float> row(matrix.cols);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    matrix.decode_row(r, row);
    hash.add(row);
  }
  return hash.hex();
}

std::string hf_name(const WeightMatrix& matrix) {
  return translate_name(architectures::llama(), matrix.name, canonical_names, hf_names).value();
}

}  // namespace

TEST_CASE("published checkpoints decode to what the packages that wrote them decode") {
  const json hashes = read_json_file(checkpoints / "hashes.json");
  const std::map<std::string, std::string> types{{"gptq-w4-g32-act", "gptq-w4-g32-act+F16"},
                                                 {"gptq-w3-g32-asym", "gptq-w3-g32-asym+F16"},
                                                 {"gptq-w2-g32-asym", "gptq-w2-g32-asym+F16"},
                                                 {"gptq-w8", "gptq-w8+F16"},
                                                 {"awq-w4-g32", "awq-w4-g32+F16"},
                                                 {"compressed-w4-g32", "compressed-tensors-w4-g32+F16"},
                                                 {"compressed-w4-g32-asym", "compressed-tensors-w4-g32-asym+F16"},
                                                 {"compressed-w8", "compressed-tensors-w8+F16"},
                                                 {"bnb-nf4", "bnb-nf4+F32"},
                                                 {"bnb-nf4-dq", "bnb-nf4-dq+F32"},
                                                 {"bnb-fp4", "bnb-fp4+F32"}};
  for (const auto& [name, source_types] : types) {
    CAPTURE(name);
    ModelFile model = load_model(checkpoints / name);
    CHECK(model.weights.source_types == source_types);
    CHECK(model.weights.source_quantized);
    CHECK_FALSE(model.weights.embed.codes);
    for (const WeightMatrix* matrix : linear_matrices(model.weights)) {
      CAPTURE(matrix->name);
      REQUIRE(matrix->codes);
      CHECK(matrix->form == ActivationForm::floats);
      CHECK(hash_of(*matrix) == hashes[name].at(hf_name(*matrix)).get<std::string>());
    }
  }
}

TEST_CASE("an LLM.int8() checkpoint gives its codes, its scales and its rule for activations") {
  const json hashes = read_json_file(checkpoints / "hashes.json")["bnb-int8"];
  ModelFile model = load_model(checkpoints / "bnb-int8");
  const SafetensorsFile file = SafetensorsFile::open(checkpoints / "bnb-int8/model.safetensors");
  CHECK(model.weights.source_types == "bnb-int8+F32");
  for (const WeightMatrix* matrix : linear_matrices(model.weights)) {
    CAPTURE(matrix->name);
    CHECK(matrix->form == ActivationForm::int8_rows);
    CHECK(matrix->outlier_threshold == 6.0f);
    const PackedMatrix& packed = *matrix->codes;
    CHECK(packed.layout() == LayoutKind::symmetric);
    CHECK(packed.bits() == 8);
    const std::string name = hf_name(*matrix), module = name.substr(0, name.size() - 7);
    ValueHash codes, scales;
    std::vector<std::uint8_t> row(packed.cols());
    for (std::size_t r = 0; r < packed.rows(); ++r) {
      packed.row_codes(r, row);
      std::vector<float> values;
      for (const std::uint8_t code : row) values.push_back(static_cast<float>(code) - 128.0f);
      codes.add(values);
      float absmax = load_unaligned<float>(file.find(module + ".SCB")->data.data() + 4 * r);
      CHECK(packed.scale(r, 0) == absmax / 127.0f);
      scales.add({&absmax, 1});
    }
    CHECK(codes.hex() == hashes.at(name).get<std::string>());
    CHECK(scales.hex() == hashes.at(module + ".SCB").get<std::string>());
  }
}

TEST_CASE("act-order is read from the tensors") {
  ModelFile model = load_model(checkpoints / "gptq-w4-g32-act");
  for (const WeightMatrix* matrix : linear_matrices(model.weights)) {
    const PackedMatrix& packed = *matrix->codes;
    CHECK(packed.layout() == LayoutKind::symmetric);
    CHECK(packed.bits() == 4);
    CHECK(packed.input_order().size() == packed.cols());
  }
}

TEST_CASE("checkpoints that contradict their configuration are refused") {
  const auto refused = [](const std::string& name, const std::string& id, const std::string& fragment, auto edit) {
    const TempFolder folder;
    const auto copy =
        edited_checkpoint(folder, name, [&](json& config) { edit(config, config["quantization_config"]); });
    check_refused(name, id, fragment, [&] { static_cast<void>(load_model(copy)); });
  };
  const auto gptq = [&](const std::string& fragment, const json& more, const std::string& id = "checkpoint") {
    refused("gptq-w4-g32-act", id, fragment, [&](json&, json& settings) { settings.update(more); });
  };
  gptq("desc_act is false", {{"desc_act", false}});
  gptq("is group_size right?", {{"group_size", 128}});
  gptq("expected shape [1, 8]", {{"group_size", -1}});
  gptq("but sym is true, which means 8", {{"checkpoint_format", "gptq_v2"}, {"format", "gptq_v2"}});
  gptq("groups of 32 do not divide its 48 inputs", {{"bits", 8}});
  gptq("is none that a supported model has", {{"quant_method", "bitsandbytes"}, {"load_in_8bit", true}},
       "unexpected_tensor");
  refused("gptq-w4-g32-act", "config", ".g_idx' belongs to a quantized checkpoint, but neither config.json",
          [](json& config, json&) { config.erase("quantization_config"); });
  refused("gptq-w4-g32-act", "shape", "is n_heads or d_head right?",
          [](json& config, json&) { config["num_attention_heads"] = 4, config["num_key_value_heads"] = 2; });
  refused("bnb-nf4", "config", "'fp4', but model.layers.0",
          [](json&, json& settings) { settings["bnb_4bit_quant_type"] = "fp4"; });
  refused("bnb-nf4-dq", "config", "bnb_4bit_use_double_quant is false",
          [](json&, json& settings) { settings["bnb_4bit_use_double_quant"] = false; });
  refused("bnb-nf4", "unexpected_tensor", "is none that a supported model has", [](json&, json& settings) {
    settings["load_in_4bit"] = false;
    settings["load_in_8bit"] = true;
  });
}

TEST_CASE("a checkpoint cut anywhere in its header or its data is refused") {
  const MappedFile file = MappedFile::open(checkpoints / "gptq-w4-g32-act/model.safetensors");
  const auto header_end = static_cast<std::size_t>(8 + load_unaligned<std::uint64_t>(file.bytes().data()));
  std::size_t accepted = 0, refused = 0;
  for (std::size_t n = 0; n < file.bytes().size(); n += n < header_end ? 1 : 97) {
    try {
      static_cast<void>(SafetensorsFile::parse(file.bytes().first(n), "cut.safetensors"));
      ++accepted;
    } catch (const FormatError&) {
      ++refused;
    }
  }
  CHECK(accepted == 0);
  CHECK(refused > header_end);
}

TEST_CASE("a folder whose writer was stopped says so") {
  const TempFolder folder;
  folder.write(".model.safetensors.123.0.tmp", "half");
  check_refused("weights", "hf_folder", "no config.json, but '.model.safetensors.123.0.tmp', a file that was never",
                [&] { static_cast<void>(load_model(folder.path())); });
  folder.write("config.json", "{}");
  check_refused("config", "hf_folder", "neither model.safetensors nor model.safetensors.index.json, but '.model",
                [&] { static_cast<void>(load_model(folder.path())); });
}

TEST_CASE("zero biases that AutoGPTQ adds are left out, others count") {
  const auto load_with_bias = [](float value) {
    const TempFolder folder;
    const auto copy = edited_checkpoint(folder, "gptq-w8", [](json&) {});
    const SafetensorsFile file = SafetensorsFile::open(checkpoints / "gptq-w8/model.safetensors");
    std::vector<OutputTensor> tensors;
    for (const SafetensorsTensor& tensor : file.tensors())
      tensors.push_back({tensor.name, tensor.dtype, tensor.shape, [&](const ByteSink& sink) { sink(tensor.data); }});
    tensors.push_back(
        made_tensor("model.layers.0.mlp.up_proj.bias", "F32", {96}, [value] { return std::vector<float>(96, value); }));
    write_safetensors(copy / "model.safetensors", tensors);
    return load_model(copy).weights;
  };
  CHECK(load_with_bias(0.0f).blocks[0].vectors.biases[BlockPart::up].empty());
  CHECK(load_with_bias(0.0f).notes.empty());
  const ModelWeights weights = load_with_bias(0.5f);
  CHECK(weights.blocks[0].vectors.biases[BlockPart::up] == std::vector<float>(96, 0.5f));
  CHECK(weights.notes ==
        std::vector<std::string>{"the file has biases of mlp.up, which mlp_bias does not announce: they are used"});
}
