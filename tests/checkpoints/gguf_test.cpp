#include "quantlens/checkpoints/gguf.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "checkpoint_folders.hpp"
#include "checkpoint_matrices.hpp"
#include "quantlens/io/gguf.hpp"
#include "tiny_model.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const std::filesystem::path data_folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights";

std::vector<float> values_of(const WeightMatrix& matrix) {
  std::vector<float> values(matrix.rows * matrix.cols);
  for (std::size_t r = 0; r < matrix.rows; ++r)
    matrix.decode_row(r, std::span(values).subspan(r * matrix.cols, matrix.cols));
  return values;
}

}  // namespace

TEST_CASE("a Hugging Face folder becomes the GGUF file that the gguf package writes, tensor by tensor") {
  for (const auto& [name, type] :
       std::vector<std::pair<std::string, GgmlType>>{{"llama", GgmlType::bf16}, {"qwen2", GgmlType::f16}}) {
    CAPTURE(name);
    const TempFolder folder;
    write_gguf_model(load_model(data_folder / name), folder.path() / "out.gguf", {type, type});
    const GgufFile written = GgufFile::open(folder.path() / "out.gguf");
    const GgufFile reference = GgufFile::open(data_folder / (name + ".gguf"));
    CHECK(written.tensors().size() == reference.tensors().size());
    for (const GgufTensor& tensor : reference.tensors()) {
      CAPTURE(tensor.name);
      const GgufTensor* found = written.find(tensor.name);
      REQUIRE(found != nullptr);
      CHECK(found->type == tensor.type);
      CHECK(found->shape == tensor.shape);
      CHECK(std::equal(found->data.begin(), found->data.end(), tensor.data.begin(), tensor.data.end()));
    }
    for (const GgufEntry& entry : reference.metadata()) {
      CAPTURE(entry.key);
      const GgufEntry* found = written.find_entry(entry.key);
      REQUIRE(found != nullptr);
      CHECK(found->type == entry.type);
      // transformers cuts text for a model of this type by its own class, whatever tokenizer.json says.
      if (name == "qwen2" && entry.key == "tokenizer.ggml.pre")
        CHECK(written.string(entry.key) == "qwen2");
      else
        CHECK(std::equal(found->bytes.begin(), found->bytes.end(), entry.bytes.begin(), entry.bytes.end()));
    }
  }
}

TEST_CASE("a GGUF source keeps its metadata, and its rows are permuted back") {
  const TempFolder folder;
  const ModelFile source = load_model(data_folder / "llama.gguf");
  write_gguf_model(source, folder.path() / "out.gguf", {GgmlType::f32, GgmlType::f32});
  const ModelFile read = load_model(folder.path() / "out.gguf");
  CHECK(read.tokenizer.tokens == source.tokenizer.tokens);
  CHECK(read.chat_template == source.chat_template);
  CHECK(read.weights.source_types == "F32");
  for (const BlockPart part : {BlockPart::q, BlockPart::k, BlockPart::down})
    CHECK(values_of(read.weights.blocks[1][part]) == values_of(source.weights.blocks[1][part]));
  CHECK(values_of(read.weights.embed) == values_of(source.weights.embed));
  CHECK(read.weights.final_norm == source.weights.final_norm);
}

TEST_CASE("a written file keeps the name of the model it was made from") {
  const TempFolder folder;
  const GgufTypes types{GgmlType::f32, GgmlType::f32};
  write_gguf_model(load_model(data_folder / "llama"), folder.path() / "a.gguf", types);
  CHECK(load_model(folder.path() / "a.gguf").name == "llama");
  write_gguf_model(load_model(folder.path() / "a.gguf"), folder.path() / "b.gguf", types);
  CHECK(load_model(folder.path() / "b.gguf").name == "llama");
  // One without a name of its own is called as its file.
  folder.write("unnamed.gguf", tiny_llama().build());
  write_gguf_model(load_model(folder.path() / "unnamed.gguf"), folder.path() / "c.gguf", types);
  CHECK(load_model(folder.path() / "c.gguf").name == "unnamed");
}

TEST_CASE("matrices with codes keep them, also where rows are permuted") {
  ModelFile model = load_model(data_folder / "llama");
  BlockWeights& block = model.weights.blocks[0];
  block[BlockPart::q] = coded_matrix(block[BlockPart::q].name, random_matrix<Symmetric, 4>(32, 32, 32, 1));
  block[BlockPart::k] = coded_matrix(block[BlockPart::k].name, random_matrix<Symmetric, 8>(16, 32, 0, 2));
  const TempFolder folder;
  write_gguf_model(model, folder.path() / "out.gguf", {GgmlType::f16, GgmlType::q8_0});
  const ModelFile read = load_model(folder.path() / "out.gguf");
  CHECK(read.weights.blocks[0][BlockPart::q].type == GgmlType::q4_0);
  CHECK(read.weights.blocks[0][BlockPart::k].type == GgmlType::q8_0);
  CHECK(read.weights.blocks[0][BlockPart::v].type == GgmlType::f16);
  CHECK(read.weights.embed.type == GgmlType::q8_0);
  CHECK(values_of(read.weights.blocks[0][BlockPart::q]) == values_of(block[BlockPart::q]));
  CHECK(values_of(read.weights.blocks[0][BlockPart::k]) == values_of(block[BlockPart::k]));
}

TEST_CASE("Llama 3's frequencies become factors") {
  const std::filesystem::path tiny = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/models/tiny-llama";
  const ModelFile model = load_model(tiny);
  REQUIRE(model.weights.config.rope_scaling.kind == RopeScaling::Kind::llama3);
  // theta 500, head of 24, factor 4, low 1, high 4, trained to 16: wavelengths 6.283, 10.55, 17.70, 29.71, ...
  const auto factors = detail::llama3_freq_factors(model.weights.config);
  REQUIRE(factors.size() == 12);
  CHECK(factors[0] == Approx(1.0 / ((1.0 - 0.5155) / 4 + 0.5155)).epsilon(1e-3));
  CHECK(factors[2] == 4.0f);
  CHECK(factors[11] == 4.0f);
}

TEST_CASE("what GGUF cannot hold is refused before a file is there") {
  const TempFolder folder;
  const auto refused = [&](const ModelFile& model, GgufTypes types, const std::string& id,
                           const std::string& fragment) {
    check_refused(fragment, id, fragment, [&] { write_gguf_model(model, folder.path() / "out.gguf", types); });
    CHECK(std::filesystem::is_empty(folder.path()));
  };
  ModelFile model = load_model(data_folder / "llama");
  refused(model, {GgmlType::q4_0, GgmlType::f16}, "gguf", "rows of 48 are no whole Q4_0 blocks of 32");
  refused(model, {GgmlType::q5_0, GgmlType::f16}, "gguf", "blocks.0.attn.q: Q5_0 is not written (known: F32 F16");
  refused(load_model(checkpoints / "gptq-w4-g32-act"), {}, "gguf", "blocks.0.attn.q: ");
  std::vector<float> large(48 * 32, 70000.0f);
  model.weights.blocks[0][BlockPart::up] = dense_matrix("blocks.0.mlp.up", 48, 32, large);
  refused(model, {}, "weights", "blocks.0.mlp.up: row 0 holds 70000, which F16 cannot");
  model = load_model(data_folder / "llama");
  model.tokenizer.pre_tokenizer = "custom";
  refused(model, {}, "tokenizer", "no pre-tokenizer that GGUF knows by name");
  model.tokenizer.pre_tokenizer = "llama-bpe";
  refused(model, {}, "tokenizer", "treats whole words that are tokens differently");
}
