#include "quantlens/weights/config_from_tensors.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../checkpoints/tiny_model.hpp"
#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/hf_folder.hpp"
#include "quantlens/io/safetensors_writer.hpp"

using namespace quantlens;
using namespace quantlens::test;
using nlohmann::json;

namespace {

const std::filesystem::path data_folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights";

/// A small Hugging Face folder whose config and tensors can be changed.
class EditedFolder {
 public:
  /// `name`: llama (its output layer is the embedding, head_dim is said) or qwen2 (not tied, q, k and v have biases).
  explicit EditedFolder(const std::string& name) {
    for (const char* file : {"tokenizer.json", "tokenizer_config.json"})
      std::filesystem::copy(data_folder / name / file, folder_.path());
    source_.emplace(HfFolder::open(data_folder / name));
    config = source_->config();
    for (const HfFolder::Tensor& stored : source_->tensors()) {
      const SafetensorsTensor& tensor = *stored.tensor;
      tensors.emplace(tensor.name, OutputTensor{tensor.name, tensor.dtype, tensor.shape,
                                                [&tensor](const ByteSink& sink) { sink(tensor.data); }});
    }
  }

  void add(const std::string& tensor, std::vector<std::uint64_t> shape, std::vector<float> values) {
    tensors.insert_or_assign(tensor, OutputTensor{tensor, "F32", std::move(shape), [values](const ByteSink& sink) {
                                                    sink(std::as_bytes(std::span(values)));
                                                  }});
  }

  [[nodiscard]] const SafetensorsTensor& source(const std::string& tensor) const {
    for (const HfFolder::Tensor& stored : source_->tensors())
      if (stored.tensor->name == tensor) return *stored.tensor;
    throw std::out_of_range(tensor);
  }

  [[nodiscard]] ModelFile load() const {
    std::vector<OutputTensor> list;
    for (const auto& [name, tensor] : tensors) list.push_back(tensor);
    write_safetensors(folder_.path() / "model.safetensors", list);
    folder_.write("config.json", config.dump());
    return load_model(folder_.path());
  }

  json config;
  std::map<std::string, OutputTensor> tensors;

 private:
  TempFolder folder_;
  std::optional<HfFolder> source_;
};

using Notes = std::vector<std::string>;

std::vector<float> values_of(const WeightMatrix& matrix) {
  std::vector<float> values(matrix.rows * matrix.cols);
  for (std::size_t r = 0; r < matrix.rows; ++r)
    matrix.decode_row(r, std::span(values).subspan(r * matrix.cols, matrix.cols));
  return values;
}

}  // namespace

TEST_CASE("an output layer that differs from the embedding counts, whatever tie_word_embeddings says") {
  EditedFolder folder("qwen2");
  folder.config["tie_word_embeddings"] = true;
  const ModelFile model = folder.load();
  CHECK_FALSE(model.weights.config.tied_embeddings);
  REQUIRE(model.weights.lm_head);
  CHECK(model.weights.notes ==
        Notes{"tie_word_embeddings is true, but 'lm_head.weight' differs from 'model.embed_tokens.weight': the file's "
              "own output layer is used"});
}

TEST_CASE("an output layer with the embedding's values stays tied, in another type, too") {
  EditedFolder folder("llama");
  const std::vector<float> embed = values_of(folder.load().weights.embed);
  const auto& stored = folder.source("model.embed_tokens.weight");
  folder.tensors["lm_head.weight"] = {"lm_head.weight", stored.dtype, stored.shape,
                                      [&](const ByteSink& sink) { sink(stored.data); }};
  CHECK(folder.load().weights.config.tied_embeddings);
  CHECK(folder.load().notes().empty());
  folder.add("lm_head.weight", stored.shape, embed);
  CHECK(folder.load().weights.config.tied_embeddings);
  CHECK(folder.load().notes().empty());
  std::vector<float> other = embed;
  other.back() += 1.0f;
  folder.add("lm_head.weight", stored.shape, other);
  CHECK(values_of(folder.load().weights.lm_head.value()) == other);
}

TEST_CASE("a tied model may keep the one matrix under the output layer's name") {
  EditedFolder folder("llama");
  const std::vector<float> embed = values_of(folder.load().weights.embed);
  folder.tensors.erase("model.embed_tokens.weight");
  folder.add("lm_head.weight", folder.source("model.embed_tokens.weight").shape, embed);
  const ModelFile model = folder.load();
  CHECK(model.weights.config.tied_embeddings);
  CHECK(values_of(model.weights.embed) == embed);
}

TEST_CASE("without an output layer the error asks whether tie_word_embeddings is right") {
  EditedFolder folder("llama");
  folder.config["tie_word_embeddings"] = false;
  check_refused("no head", "missing_tensor", "is tie_word_embeddings right?",
                [&] { static_cast<void>(folder.load()); });
}

TEST_CASE("a GGUF file's own output layer counts") {
  GgufBuilder file = tiny_llama();
  auto& head = file.tensor("output.weight");
  head.data.replace(0, 4, raw(9.0f));
  const auto bytes = exact_bytes(file.build());
  const ModelFile model = load_gguf(GgufFile::parse(bytes, "tiny.gguf"));
  CHECK_FALSE(model.weights.config.tied_embeddings);
  CHECK(values_of(model.weights.lm_head.value())[0] == 9.0f);
}

TEST_CASE("biases that are there count, and those that are not are none, whatever attention_bias says") {
  EditedFolder folder("llama");
  folder.config["attention_bias"] = true;
  const auto note = [](const std::string& parts) {
    return concat("attention_bias is true, but the file has no biases of ", parts, ": none are used");
  };
  CHECK(folder.load().notes() == Notes{note("attn.q, attn.k, attn.v, attn.o")});
  for (const std::string block : {"model.layers.0.", "model.layers.1."})
    folder.add(block + "self_attn.o_proj.bias", {32}, std::vector<float>(32, 0.25f));
  CHECK(folder.load().notes() == Notes{note("attn.q, attn.k, attn.v")});
  folder.config["attention_bias"] = false;
  const ModelFile model = folder.load();
  CHECK(model.weights.notes ==
        Notes{"the file has biases of attn.o, which attention_bias does not announce: they are used"});
  CHECK(model.weights.blocks[1].vectors.biases[BlockPart::o] == std::vector<float>(32, 0.25f));
  CHECK(model.weights.blocks[1].vectors.biases[BlockPart::q].empty());
}

TEST_CASE("a bias that only some blocks have, or Qwen2 without one of its own, is an incomplete file") {
  EditedFolder folder("llama");
  folder.add("model.layers.0.self_attn.o_proj.bias", {32}, std::vector<float>(32, 0.25f));
  check_refused("one block", "missing_tensor", "no tensor 'model.layers.1.self_attn.o_proj.bias'",
                [&] { static_cast<void>(folder.load()); });
  EditedFolder qwen2("qwen2");
  qwen2.tensors.erase("model.layers.0.self_attn.k_proj.bias");
  check_refused("qwen2", "missing_tensor", "no tensor 'model.layers.0.self_attn.k_proj.bias'",
                [&] { static_cast<void>(qwen2.load()); });
}

TEST_CASE("sizes that the tensors contradict are taken from the tensors where one reading alone fits") {
  const auto corrected = [](const std::string& key, const json& value, auto member, std::size_t expected,
                            const Notes& notes, const std::string& unset = "") {
    CAPTURE(key);
    EditedFolder folder("qwen2");
    folder.config["head_dim"] = 8;
    folder.config[key] = value;
    if (!unset.empty()) folder.config.erase(unset);
    const ModelFile model = folder.load();
    CHECK(model.weights.config.*member == expected);
    CHECK(model.weights.notes == notes);
  };
  corrected("vocab_size", 300, &ModelConfig::vocab_size, 272,
            {"vocab_size says 300, but 'model.embed_tokens.weight' has shape [272, 32]: 272 is taken"});
  corrected("intermediate_size", 96, &ModelConfig::d_ff, 48,
            {"intermediate_size says 96, but 'model.layers.0.mlp.up_proj.weight' has shape [48, 32]: 48 is taken"});
  corrected(
      "num_key_value_heads", 4, &ModelConfig::n_kv_heads, 2,
      {"num_key_value_heads says 4, but 'model.layers.0.self_attn.k_proj.weight' has shape [16, 32]: 2 is taken"});
  corrected("num_key_value_heads", nullptr, &ModelConfig::n_kv_heads, 2,
            {"num_key_value_heads says 4, but 'model.layers.0.self_attn.k_proj.weight' has shape [16, 32]: 2 is taken"},
            "head_dim");
  corrected(
      "num_attention_heads", 8, &ModelConfig::n_heads, 4,
      {"num_attention_heads says 8, but 'model.layers.0.self_attn.q_proj.weight' has shape [32, 32]: 4 is taken"});
}

TEST_CASE("a head size that no key gives is that of the tensors") {
  EditedFolder folder("llama");
  folder.config.erase("head_dim");
  for (const std::string layer : {"model.layers.0.self_attn.", "model.layers.1.self_attn."}) {
    folder.add(layer + "q_proj.weight", {64, 32}, std::vector<float>(64 * 32, 0.5f));
    folder.add(layer + "k_proj.weight", {32, 32}, std::vector<float>(32 * 32, 0.5f));
    folder.add(layer + "v_proj.weight", {32, 32}, std::vector<float>(32 * 32, 0.5f));
    folder.add(layer + "o_proj.weight", {32, 64}, std::vector<float>(64 * 32, 0.5f));
  }
  const ModelFile model = folder.load();
  CHECK(model.weights.config.d_head == 16);
  CHECK(model.weights.notes ==
        Notes{"head_dim says 8, but 'model.layers.0.self_attn.q_proj.weight' has shape [64, 32]: 16 is taken"});
}

TEST_CASE("a GGUF file's sizes are corrected under its own keys") {
  GgufBuilder file = tiny_llama();
  file.set("llama.feed_forward_length", 96u).set("llama.attention.head_count_kv", 4u);
  const auto bytes = exact_bytes(file.build());
  const ModelFile model = load_gguf(GgufFile::parse(bytes, "tiny.gguf"));
  CHECK(model.weights.config.d_ff == 64);
  CHECK(model.weights.config.n_kv_heads == 2);
  CHECK(model.weights.notes ==
        Notes{"llama.attention.head_count_kv says 4, but 'blk.0.attn_k.weight' has shape [16, 32]: 2 is taken",
              "llama.feed_forward_length says 96, but 'blk.0.ffn_up.weight' has shape [64, 32]: 64 is taken"});
}
