#include "quantlens/checkpoints/load.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "../fetched_model.hpp"
#include "../io/temp_folder.hpp"
#include "quantlens/core/sha256.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/gguf_split.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/text/tokenizer.hpp"
#include "quantlens/weights/assemble.hpp"
#include "quantlens/weights/name_maps.hpp"
#include "tiny_model.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const std::filesystem::path data_folder = std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights";

/// The SHA-256 of a matrix's values as float32, row after row.
std::string hash_of_values(const WeightMatrix& matrix) {
  Sha256 hash;
  for (std::size_t r = 0; r < matrix.rows; ++r)
    for (std::size_t c = 0; c < matrix.cols; ++c) {
      const std::byte* bytes = matrix.row(r).data();
      const float value = matrix.type == GgmlType::f32    ? load_unaligned<float>(bytes + 4 * c)
                          : matrix.type == GgmlType::bf16 ? to_float(load_unaligned<BFloat16>(bytes + 2 * c))
                                                          : to_float(load_unaligned<Half>(bytes + 2 * c));
      hash.update(raw(value));
    }
  return hash.hex();
}

std::string hash_of_values(const std::vector<float>& values) { return sha256_hex(std::as_bytes(std::span(values))); }

/// Compares every tensor with the values that PyTorch saw.
void check_weights(const ModelWeights& weights, const std::string& name) {
  const auto expected = read_json_file(data_folder / "hashes.json")[name];
  std::size_t n_checked = 0;
  const auto check = [&](const auto& tensor, const std::string& canonical) {
    const std::string hf = translate_name(weights.config.record(), canonical, canonical_names, hf_names).value();
    INFO(hf);
    CHECK(hash_of_values(tensor) == expected.at(hf).get<std::string>());
    ++n_checked;
  };
  check(weights.embed, "embed");
  check(weights.lm_head ? *weights.lm_head : weights.embed, "lm_head");
  check(weights.final_norm, "final_norm");
  for (std::size_t i = 0; i < weights.blocks.size(); ++i) {
    const BlockWeights& block = weights.blocks[i];
    for (const BlockPart part : all_block_parts) check(block[part], block[part].name);
    check(block.vectors.norms[BlockNorm::attn], concat("blocks.", i, ".attn_norm"));
    check(block.vectors.norms[BlockNorm::mlp], concat("blocks.", i, ".mlp_norm"));
    for (const BlockPart part : all_block_parts)
      if (!block.vectors.biases[part].empty())
        check(block.vectors.biases[part], concat("blocks.", i, ".", part_name(part), "_bias"));
  }
  CHECK(n_checked == expected.size());
}

}  // namespace

TEST_CASE("a Hugging Face folder and its GGUF conversion hold the values that PyTorch saw, in the same row order") {
  for (const std::string name : {"llama", "qwen2"}) {
    const ModelFile folder = load_model(data_folder / name);
    const ModelFile gguf = load_model(data_folder / (name + ".gguf"));
    check_weights(folder.weights, name);
    check_weights(gguf.weights, name);
    for (const ModelFile* model : {&folder, &gguf}) {
      const ModelConfig& config = model->weights.config;
      CHECK(config.architecture == name);
      CHECK(config.n_layers == 2);
      CHECK(config.d_model == 32);
      CHECK(config.n_heads == 4);
      CHECK(config.n_kv_heads == 2);
      CHECK(config.d_head == 8);
      CHECK(config.d_ff == 48);
      CHECK(config.vocab_size == 272);
      CHECK(config.n_ctx == 128);
      CHECK(config.rope_theta == (name == "llama" ? 5000.0f : 1000000.0f));
      CHECK(config.norm_eps == (name == "llama" ? 1e-5f : 1e-6f));
      CHECK(config.tied_embeddings == (name == "llama"));
      CHECK(model->weights.blocks[1].vectors.biases[BlockPart::v].size() == (name == "llama" ? 0 : 16));
      CHECK_FALSE(model->weights.source_quantized);
      CHECK(model->bos_text == "<|im_start|>");
      CHECK(model->eos_text == "<|im_end|>");
      CHECK(model->chat_template == "{% for message in messages %}{{ message['content'] }}{% endfor %}");
      CHECK(model->tokenizer.tokens.size() == 272);
    }
    CHECK(folder.tokenizer.tokens == gguf.tokenizer.tokens);
    CHECK(folder.weights.config.stop_tokens == std::vector<TokenId>{0, 2});
    CHECK(gguf.weights.config.stop_tokens == std::vector<TokenId>{2});
    CHECK(folder.weights.source_types == "BF16");
    CHECK(gguf.sha256 == sha256_hex(MappedFile::open(data_folder / (name + ".gguf")).bytes()));
  }
}

TEST_CASE("the order of rotary rows is the converter's, written out for a head of four") {
  CHECK(detail::rotary_row_order(2, 4) == std::vector<std::uint32_t>{0, 2, 1, 3, 4, 6, 5, 7});
}

TEST_CASE("generation stops at end of text and at the chat format's end of turn") {
  const auto stop_tokens = [](auto edit) {
    GgufBuilder file = tiny_llama();
    edit(file);
    const auto bytes = exact_bytes(file.build());
    return load_gguf(GgufFile::parse(bytes, "tiny.gguf")).weights.config.stop_tokens;
  };
  using Ids = std::vector<TokenId>;
  CHECK(stop_tokens([](auto&) {}) == Ids{0, 2});
  CHECK(stop_tokens([](auto& f) { f.set("tokenizer.ggml.eos_token_id", 2u); }) == Ids{2});
  CHECK(stop_tokens([](auto& f) { f.set("tokenizer.ggml.eot_token_id", 5u).set("tokenizer.ggml.eom_token_id", 6u); }) ==
        Ids{0, 2, 5, 6});
  // As a normal token it is text that anyone may write.
  CHECK(stop_tokens([](auto& f) {
          f.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 3, 1, 1, 1, 1, 1, 1});
        }) == Ids{0});
}

TEST_CASE("a model is called as its GGUF file says, else as the file, and a folder as the folder") {
  const auto gguf_name = [](auto edit) {
    GgufBuilder file = tiny_llama();
    edit(file);
    const auto bytes = exact_bytes(file.build());
    return load_gguf(GgufFile::parse(bytes, "my-model.gguf")).name;
  };
  CHECK(gguf_name([](auto& f) { f.set("general.name", "Tiny Llama"); }) == "Tiny Llama");
  CHECK(gguf_name([](auto&) {}) == "my-model");
  CHECK(load_model(data_folder / "llama").name == "llama");
  CHECK(load_model(data_folder / "llama/").name == "llama");
  CHECK(load_model(data_folder / "qwen2/../llama/.").name == "llama");
}

TEST_CASE("a split GGUF model loads as the whole does, from any of its parts") {
  const TempFolder folder;
  const GgufBuilder whole = tiny_llama();
  folder.write("whole.gguf", whole.build());
  GgufBuilder parts[2] = {whole, GgufBuilder()};
  parts[0].tensors.resize(7);
  parts[1].tensors.assign(whole.tensors.begin() + 7, whole.tensors.end());
  for (std::uint16_t i = 0; i < 2; ++i) {
    parts[i].set("split.no", GgufValueType::u16, raw(i)).set("split.count", GgufValueType::u16, raw<std::uint16_t>(2));
    parts[i].set("split.tensors.count", GgufValueType::i32, raw(static_cast<std::int32_t>(whole.tensors.size())));
    folder.write(gguf_part_name("tiny", i + 1u, 2), parts[i].build());
  }
  const ModelFile expected = load_model(folder.path() / "whole.gguf");
  for (const std::size_t given : {1u, 2u}) {
    const ModelFile model = load_model(folder.path() / gguf_part_name("tiny", given, 2));
    CHECK(model.name == "tiny");
    CHECK(model.path == folder.path() / "tiny-00001-of-00002.gguf");
    CHECK(model.tokenizer.tokens == expected.tokenizer.tokens);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(hash_of_values(model.weights.blocks[i][BlockPart::q]) ==
            hash_of_values(expected.weights.blocks[i][BlockPart::q]));
      CHECK(hash_of_values(model.weights.blocks[i][BlockPart::down]) ==
            hash_of_values(expected.weights.blocks[i][BlockPart::down]));
      CHECK(model.weights.blocks[i].vectors.norms[BlockNorm::mlp] ==
            expected.weights.blocks[i].vectors.norms[BlockNorm::mlp]);
    }
  }
}

TEST_CASE("sizes that a GGUF file gives for each block load where all are equal") {
  GgufBuilder file = tiny_llama();
  file.set("llama.feed_forward_length", std::vector<std::int32_t>{64, 64});
  file.set("llama.attention.head_count", std::vector<std::int32_t>{4, 4});
  file.set_array("llama.attention.head_count_kv", GgufValueType::u32, 2, raw(2u) + raw(2u));
  const auto bytes = exact_bytes(file.build());
  const ModelConfig config = load_gguf(GgufFile::parse(bytes, "tiny.gguf")).weights.config;
  CHECK(config.d_ff == 64);
  CHECK(config.n_heads == 4);
  CHECK(config.n_kv_heads == 2);
  CHECK(config.d_head == 8);
}

TEST_CASE("an embedding padded beyond the tokenizer, tied output and rotary factors load") {
  GgufBuilder file = tiny_llama();
  file.tensor("token_embd.weight").shape = {10, 32};
  file.tensor("token_embd.weight").data.resize(10 * 32 * 4);
  file.remove_tensor("output.weight");
  file.add("rope_freqs.weight", GgmlType::f32, {4}, raw(1.0f) + raw(1.0f) + raw(8.0f) + raw(8.0f));
  const auto bytes = exact_bytes(file.build());
  const ModelFile model = load_gguf(GgufFile::parse(bytes, "tiny.gguf"));
  CHECK(model.weights.config.vocab_size == 10);
  CHECK(model.weights.config.tied_embeddings);
  CHECK_FALSE(model.weights.lm_head);
  CHECK(model.weights.rope_freq_factors == std::vector<float>{1, 1, 8, 8});
}

TEST_CASE(
    "an embedding smaller than the tokenizer loads; tokens without a row are dropped, and a text with one refused") {
  GgufBuilder file = tiny_llama();
  for (const char* name : {"token_embd.weight", "output.weight"}) {
    file.tensor(name).shape = {6, 32};
    file.tensor(name).data.resize(6 * 32 * 4);
  }
  file.set("tokenizer.ggml.bos_token_id", 7u).set("tokenizer.ggml.add_bos_token", true);
  file.set("tokenizer.ggml.eot_token_id", 6u);
  const auto bytes = exact_bytes(file.build());
  const ModelFile model = load_gguf(GgufFile::parse(bytes, "tiny.gguf"));
  CHECK(model.weights.config.stop_tokens == std::vector<TokenId>{0, 2});
  CHECK_FALSE(model.tokenizer.bos);
  CHECK_FALSE(model.tokenizer.add_bos);
  CHECK(model.bos_text == "abc");
  const auto noted = [&](const std::string& fragment) {
    const auto notes = model.notes();
    return std::any_of(notes.begin(), notes.end(),
                       [&](const std::string& note) { return note.find(fragment) != note.npos; });
  };
  CHECK(noted("the tokenizer has 8 tokens, the embedding only 6 rows"));
  CHECK(noted("begin-of-text token 7 is not below vocab_size, 6, and is not used"));
  CHECK(noted("stop token 6 is not below vocab_size, 6, and is not used"));
  const Tokenizer tokenizer(model.tokenizer);
  CHECK(tokenizer.encode("ba") == std::vector<TokenId>{4, 3});
  CHECK_THROWS_AS(tokenizer.encode("ab"), ItemError);
  CHECK_THROWS_WITH(tokenizer.encode("bab"), Catch::Contains("token 6 ('ab'); the tokenizer has 8 tokens, the model's "
                                                             "embedding only 6 rows"));
}

TEST_CASE("a chat template that cannot be read, or that refuses a system role, loads with a note") {
  const auto load = [](const char* source) {
    GgufBuilder file = tiny_llama();
    file.set("tokenizer.chat_template", source);
    const auto bytes = exact_bytes(file.build());
    return load_gguf(GgufFile::parse(bytes, "tiny.gguf"));
  };
  const ModelFile unreadable = load("{{ messages | shout }}");
  CHECK(unreadable.chat_template == "{{ messages | shout }}");
  CHECK_THAT(unreadable.notes().back(),
             Catch::Contains("chats will be refused: ") && Catch::Contains("line 1: unknown filter 'shout'"));
  const ModelFile strict = load("{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}x");
  CHECK(strict.chat.system_in_user);
  CHECK_THAT(strict.notes().back(), Catch::Contains("refuses a system role"));
}

TEST_CASE("a folder without tokenizer.json says which tokenizer it has and how to save another") {
  const TempFolder folder;
  std::filesystem::copy(data_folder / "llama", folder.path());
  std::filesystem::remove(folder.path() / "tokenizer.json");
  CHECK_THROWS_WITH(load_model(folder.path()), Catch::Contains("no tokenizer.json; download it"));
  folder.write("tokenizer.model", "x");
  CHECK_THROWS_WITH(load_model(folder.path()), Catch::Contains("no tokenizer.json, only 'tokenizer.model'") &&
                                                   Catch::Contains("AutoTokenizer.from_pretrained"));
}

TEST_CASE("quantized sources say so, by the types of their matrices") {
  GgufBuilder file = tiny_llama();
  file.tensor("blk.0.ffn_up.weight").type = 8;
  file.tensor("blk.0.ffn_up.weight").data.assign(64 * 34, '\0');
  const auto bytes = exact_bytes(file.build());
  const ModelFile model = load_gguf(GgufFile::parse(bytes, "tiny.gguf"));
  CHECK(model.weights.source_quantized);
  CHECK(model.weights.source_types == "F32+Q8_0");
  CHECK(model.weights.blocks[0][BlockPart::up].row_bytes == 34);
}

TEST_CASE("weights stay readable after everything else of the load is gone") {
  ModelWeights weights = load_model(data_folder / "llama").weights;
  check_weights(weights, "llama");
}

TEST_CASE("the published SmolLM2 file loads", "[.model]") {
  const ModelFile model = load_model(fetched_model().value());
  CHECK(model.sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53");
  CHECK(model.weights.blocks.size() == 30);
  CHECK(model.weights.config.n_kv_heads == 3);
  CHECK(model.weights.config.stop_tokens == std::vector<TokenId>{2});
  CHECK(model.weights.source_types == "Q4_1+Q8_0");
}
