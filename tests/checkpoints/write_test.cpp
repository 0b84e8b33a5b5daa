#include "quantlens/checkpoints/write.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "checkpoint_folders.hpp"
#include "checkpoint_matrices.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/safetensors.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

void check_same_weights(ModelWeights& got, ModelWeights& wanted) {
  const auto got_matrices = linear_matrices(got), matrices = linear_matrices(wanted);
  REQUIRE(got_matrices.size() == matrices.size());
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    CAPTURE(matrices[i]->name);
    REQUIRE(got_matrices[i]->codes);
    check_equal(*got_matrices[i]->codes, *matrices[i]->codes);
    CHECK(got_matrices[i]->form == matrices[i]->form);
    CHECK(got_matrices[i]->outlier_threshold == matrices[i]->outlier_threshold);
  }
  CHECK(got.final_norm == wanted.final_norm);
  CHECK(got.blocks[0].vectors.norms[BlockNorm::attn] == wanted.blocks[0].vectors.norms[BlockNorm::attn]);
  CHECK(got.blocks[0].vectors.norms[BlockNorm::mlp] == wanted.blocks[0].vectors.norms[BlockNorm::mlp]);
  std::vector<float> a(got.embed.cols), b(wanted.embed.cols);
  got.embed.decode_row(5, a);
  wanted.embed.decode_row(5, b);
  CHECK(a == b);
}

}  // namespace

TEST_CASE("folders of every format read back to the same codes, values and scheme") {
  struct Case {
    std::string source;
    CheckpointFormat format;
    std::string types;
  };
  using enum CheckpointFormat;
  const std::vector<Case> cases{{"gptq-w4-g32-act", gptq, "gptq-w4-g32-act+F16"},
                                {"gptq-w4-g32-act", gptq_v2, "gptq-w4-g32-act+F16"},
                                {"gptq-w3-g32-asym", gptq, "gptq-w3-g32-asym+F16"},
                                {"gptq-w3-g32-asym", gptq_v2, "gptq-w3-g32-asym+F16"},
                                {"gptq-w2-g32-asym", gptq, "gptq-w2-g32-asym+F16"},
                                {"gptq-w2-g32-asym", gptq_v2, "gptq-w2-g32-asym+F16"},
                                {"gptq-w8", gptq, "gptq-w8+F16"},
                                {"awq-w4-g32", awq, "awq-w4-g32+F16"},
                                {"awq-w4-g32", gptq_v2, "gptq-w4-g32-asym+F16"},
                                {"bnb-nf4", bnb_4bit, "bnb-nf4+F32"},
                                {"bnb-nf4-dq", bnb_4bit, "bnb-nf4+F32"},
                                {"bnb-fp4", bnb_4bit, "bnb-fp4+F32"},
                                {"bnb-int8", bnb_int8, "bnb-int8+F32"}};
  for (const Case& each : cases) {
    CAPTURE(each.source, static_cast<int>(each.format));
    const TempFolder folder;
    ModelFile source = load_model(checkpoints / each.source);
    write_checkpoint(source, folder.path() / "out", each.format);
    ModelFile read = load_model(folder.path() / "out");
    CHECK(read.weights.source_types == each.types);
    check_same_weights(read.weights, source.weights);
    CHECK(read.tokenizer.tokens == source.tokenizer.tokens);
    CHECK(read.weights.config.stop_tokens == source.weights.config.stop_tokens);
    // Nothing but what is meant to be there: no temporary file stays.
    for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "out"))
      CHECK_FALSE(entry.path().filename().string().starts_with('.'));
  }
}

TEST_CASE("a written folder keeps the name of the model it was made from, however often it is written") {
  const TempFolder folder;
  write_checkpoint(load_model(checkpoints / "gptq-w8"), folder.path() / "one", CheckpointFormat::gptq);
  const ModelFile one = load_model(folder.path() / "one");
  CHECK(one.name == "gptq-w8");
  write_checkpoint(one, folder.path() / "two", CheckpointFormat::gptq_v2);
  CHECK(load_model(folder.path() / "two").name == "gptq-w8");

  nlohmann::json config = read_json_file(folder.path() / "two/config.json");
  config["_name_or_path"] = "org/base";
  config.erase(model_name_key);
  folder.write("two/config.json", config.dump());
  CHECK(load_model(folder.path() / "two").name == "two");
  config[model_name_key] = "";
  folder.write("two/config.json", config.dump());
  CHECK(load_model(folder.path() / "two").name == "two");
}

TEST_CASE("norms take the embedding's type where that rounds none of their values") {
  struct Case {
    GgmlType type;
    float exact, inexact;
  };
  for (const Case& each :
       {Case{GgmlType::bf16, 1.0f + 0x1p-7f, 1.0f + 0x1p-8f}, Case{GgmlType::f16, 1.0f + 0x1p-10f, 1.0f + 0x1p-11f},
        Case{GgmlType::f16, 0x1p-24f, 65520.0f}, Case{GgmlType::f32, 1.0f, 1.0f + 0x1p-23f}}) {
    CAPTURE(name(each.type), each.inexact);
    ModelFile model = load_model(checkpoints / "bnb-nf4");
    const std::vector<std::uint16_t> ones(model.weights.embed.rows * model.weights.embed.cols, 0x3c00);
    if (each.type != GgmlType::f32) {
      WeightMatrix& embed = model.weights.embed;
      embed.type = each.type;
      embed.row_bytes = embed.cols * sizeof(std::uint16_t);
      embed.data = reinterpret_cast<const std::byte*>(ones.data());
    }
    BlockWeights& block = model.weights.blocks[0];
    block.vectors.norms[BlockNorm::attn].assign(block.vectors.norms[BlockNorm::attn].size(), each.exact);
    block.vectors.norms[BlockNorm::mlp] = block.vectors.norms[BlockNorm::attn];
    block.vectors.norms[BlockNorm::mlp].back() = each.inexact;
    const TempFolder folder;
    write_checkpoint(model, folder.path() / "out", CheckpointFormat::bnb_4bit);
    const SafetensorsFile file = SafetensorsFile::open(folder.path() / "out/model.safetensors");
    const auto dtype = [&](const std::string& wanted) {
      for (const SafetensorsTensor& tensor : file.tensors())
        if (tensor.name == wanted) return tensor.dtype;
      return std::string("none");
    };
    CHECK(dtype("model.embed_tokens.weight") == name(each.type));
    CHECK(dtype("model.layers.0.input_layernorm.weight") == name(each.type));
    CHECK(dtype("model.layers.0.post_attention_layernorm.weight") == "F32");
    ModelFile read = load_model(folder.path() / "out");
    check_same_weights(read.weights, model.weights);
  }
}

TEST_CASE("GPTQ folders may mix widths, groups and plain matrices") {
  ModelFile model = load_model(checkpoints / "gptq-w4-g32-act");
  BlockWeights& block = model.weights.blocks[0];
  block[BlockPart::v] = coded_matrix(block[BlockPart::v].name, random_matrix<Symmetric, 8>(32, 64, 0, 1));
  block[BlockPart::k] = coded_matrix(block[BlockPart::k].name, random_matrix<Affine, 3>(32, 64, 64, 2));
  std::vector<float> up(96 * 64);
  for (std::size_t i = 0; i < up.size(); ++i) up[i] = static_cast<float>(i) * 0.25f;
  block[BlockPart::up] = dense_matrix(block[BlockPart::up].name, 96, 64, up);
  const TempFolder folder;
  write_checkpoint(model, folder.path() / "out", CheckpointFormat::gptq);
  ModelFile read = load_model(folder.path() / "out");
  check_equal(*read.weights.blocks[0][BlockPart::v].codes, *block[BlockPart::v].codes);
  check_equal(*read.weights.blocks[0][BlockPart::k].codes, *block[BlockPart::k].codes);
  check_equal(*read.weights.blocks[0][BlockPart::q].codes, *block[BlockPart::q].codes);
  CHECK_FALSE(read.weights.blocks[0][BlockPart::up].codes);
  std::vector<float> row(64);
  read.weights.blocks[0][BlockPart::up].decode_row(3, row);
  CHECK(row == std::vector<float>(up.begin() + 192, up.begin() + 256));
  const auto config = read_json_file(folder.path() / "out/config.json")["quantization_config"];
  CHECK(config["bits"] == 4);
  CHECK(config["dynamic"]["+:^model\\.layers\\.0\\.self_attn\\.v_proj$"] ==
        nlohmann::json({{"bits", 8}, {"group_size", -1}}));
  CHECK(config["dynamic"].contains("-:^model\\.layers\\.0\\.mlp\\.up_proj$"));
}

TEST_CASE("what a folder cannot hold is refused before anything is written") {
  const TempFolder folder;
  const auto refused = [&](const ModelFile& model, CheckpointFormat format, const std::string& fragment) {
    check_refused(fragment, "checkpoint", fragment, [&] { write_checkpoint(model, folder.path() / "out", format); });
    CHECK_FALSE(std::filesystem::exists(folder.path() / "out"));
  };
  const ModelFile act = load_model(checkpoints / "gptq-w4-g32-act");
  refused(act, CheckpointFormat::awq, "model.layers.0.self_attn.q_proj does not fit the AWQ format: its columns are");
  refused(act, CheckpointFormat::bnb_4bit, "it holds symmetric codes (known: nf4 fp4)");
  const ModelFile plain = load_model(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/llama");
  refused(plain, CheckpointFormat::gptq, "no matrix of the model holds codes");
  const ModelFile gguf = load_model(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/llama.gguf");
  refused(gguf, CheckpointFormat::gptq, "write a GGUF file instead");

  const auto copy = edited_checkpoint(folder, "gptq-w8", [](auto&) {});
  check_refused("target", "checkpoint", "holds a model already",
                [&] { write_checkpoint(act, copy, CheckpointFormat::gptq); });
}
