#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/refusal.hpp"
#include "../io/temp_folder.hpp"
#include "quantlens/checkpoints/load.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/json.hpp"
#include "tiny_model.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

/// One way to break the tiny model.
struct GgufCase {
  std::string name;
  std::string id;
  std::string fragment;
  std::function<void(GgufBuilder&)> edit;
};

GgufCase set_case(const std::string& key, auto value, const std::string& fragment, const std::string& id = "config") {
  return {key, id, fragment, [=](GgufBuilder& file) { file.set(key, value); }};
}

const float nan_value = std::numeric_limits<float>::quiet_NaN();

std::vector<GgufCase> hyperparameter_cases() {
  return {
      set_case("general.architecture", "qwen4", "unknown architecture 'qwen4'; did you mean 'qwen2'", "unknown_name"),
      set_case("general.type", "adapter", "general.type is 'adapter', not a model; merge the adapter into its base"),
      set_case("general.type", "mmproj", "general.type is 'mmproj', not a model; name the model's own file"),
      {"no architecture", "gguf_key", "no key 'general.architecture'",
       [](auto& f) { f.remove("general.architecture"); }},
      {"no block_count", "gguf_key", "no key 'llama.block_count'", [](auto& f) { f.remove("llama.block_count"); }},
      set_case("llama.block_count", 0u, "n_layers is 0"),
      set_case("llama.block_count", 1000000000u, "no tensor 'blk.2.attn_norm.weight'", "missing_tensor"),
      set_case("llama.block_count", 4294967295u, "n_layers is 4294967295"),
      set_case("llama.block_count", 1u, "is n_layers = 1 right?", "unexpected_tensor"),
      set_case("llama.block_count", 2.0f, "should be an integer", "gguf"),
      set_case("llama.attention.head_count", 0u, "attention.head_count 0"),
      set_case("llama.attention.head_count", 5u, "attention.head_count 5"),
      set_case("llama.attention.head_count_kv", 0u, "n_kv_heads is 0"),
      set_case("llama.attention.head_count_kv", 3u, "n_kv_heads is 3, but should be a divisor of n_heads, 4"),
      {"both counts of heads", "shape",
       "blk.0.attn_q.weight in bad.gguf: expected [64, 32], got [32, 32]; is n_heads or d_head right?",
       [](auto& f) {
         f.set("llama.attention.head_count", 8u).set("llama.attention.head_count_kv", 8u);
         f.set("llama.attention.key_length", 8u);
       }},
      set_case("llama.attention.head_count_kv", std::vector<std::int32_t>{2, 4},
               "llama.attention.head_count_kv is 2 in block 0 and 4 in block 1"),
      set_case("llama.attention.head_count", std::vector<std::int32_t>{4, 4, 2},
               "llama.attention.head_count is 4 in block 0 and 2 in block 2"),
      set_case("llama.feed_forward_length", std::vector<std::int32_t>{64, 0},
               "llama.feed_forward_length is 64 in block 0 and 0 in block 1"),
      set_case("llama.feed_forward_length", std::vector<std::int32_t>{}, "should be integers of 0 or more", "gguf"),
      set_case("llama.feed_forward_length", std::vector<std::int32_t>{-1, -1}, "should be integers of 0 or more",
               "gguf"),
      set_case("llama.feed_forward_length", std::vector<std::string>{"64"}, "an array of integers", "gguf"),
      set_case("llama.attention.key_length", 16u, "rope.dimension_count is 8"),
      set_case("llama.attention.value_length", 4u, "attention.value_length is 4"),
      set_case("llama.rope.dimension_count", 4u, "rope.dimension_count is 4"),
      {"odd heads", "config", "d_head is 7",
       [](auto& f) { f.set("llama.attention.key_length", 7u).set("llama.rope.dimension_count", 7u); }},
      {"d_model 64", "shape",
       "token_embd.weight in bad.gguf: expected [8, 64], got [8, 32]; is vocab_size or d_model right?",
       [](auto& f) { f.set("llama.embedding_length", 64u).set("llama.attention.key_length", 8u); }},
      {"gate and up that differ", "shape", "expected [96, 32], got [64, 32]; is d_ff right?",
       [](auto& f) {
         f.set("llama.feed_forward_length", 96u);
         f.tensor("blk.0.ffn_up.weight").shape = {32, 64};
       }},
      set_case("llama.context_length", 0u, "n_ctx is 0"),
      set_case("llama.attention.layer_norm_rms_epsilon", nan_value, "norm_eps is nan"),
      set_case("llama.attention.layer_norm_rms_epsilon", 0.0f, "norm_eps is 0"),
      set_case("llama.rope.freq_base", std::numeric_limits<float>::infinity(), "rope_theta is inf"),
      set_case("llama.rope.freq_base", -1.0f, "rope_theta is -1"),
      set_case("llama.rope.scaling.type", "longrope", "'longrope' is not supported (known: none linear yarn)"),
      set_case("llama.rope.scaling.attn_factor", 0.5f, "attn_factor = 0.5 is supported for yarn only"),
      {"linear scaling of 0", "config", "rope scaling factor is 0",
       [](auto& f) { f.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 0.0f); }},
      set_case("llama.expert_count", 8u, "llama.expert_count = 8 is not supported"),
      set_case("llama.attention.sliding_window_pattern", 2u, "llama.attention.sliding_window_pattern = 2"),
      set_case("llama.attention.causal", false, "attention.causal = false"),
  };
}

std::vector<GgufCase> tensor_cases() {
  const auto without = [](const std::string& name) {
    return GgufCase{"no " + name, "missing_tensor", "no tensor '" + name, [=](auto& f) { f.remove_tensor(name); }};
  };
  const auto extra = [](const std::string& name, const std::string& fragment) {
    return GgufCase{"extra " + name, "unexpected_tensor", fragment,
                    [=](auto& f) { f.add(name, GgmlType::f32, {32}, std::string(128, '\1')); }};
  };
  return {
      {"no token_embd", "config", "no tensor token_embd.weight", [](auto& f) { f.remove_tensor("token_embd.weight"); }},
      {"vocabulary only", "config", "it is a vocabulary only", [](auto& f) { f.tensors.clear(); }},
      without("output_norm.weight"),
      without("blk.1.ffn_down.weight"),
      {"transposed k", "shape",
       "blk.1.attn_k.weight in bad.gguf: expected [16, 32], got [32, 16]; is n_kv_heads or d_head right?",
       [](auto& f) {
         f.tensor("blk.1.attn_k.weight").shape = {32, 16};
       }},
      {"flat q", "shape", "expected [32, 32], got [1024]",
       [](auto& f) { f.tensor("blk.0.attn_q.weight").shape = {1024}; }},
      {"norm with two dimensions", "shape", "expected [32], got [1, 32]",
       [](auto& f) {
         f.tensor("blk.0.attn_norm.weight").shape = {1, 32};
       }},
      {"embedding with one dimension", "shape", "expected [256, 32], got [256]",
       [](auto& f) { f.tensor("token_embd.weight").shape = {256}; }},
      extra("blk.1.attn_q.bias", "tensor 'blk.1.attn_q.bias' has no place"),
      {"a bias of one block only", "missing_tensor", "no tensor 'blk.1.attn_q.bias'",
       [](auto& f) { f.add("blk.0.attn_q.bias", GgmlType::f32, {32}, std::string(128, '\1')); }},
      extra("blk.0.attn_q_norm.weight", "tensor 'blk.0.attn_q_norm.weight' is none"),
      extra("blk.00.attn_norm.weight", "tensor 'blk.00.attn_norm.weight' is none"),
      extra("blk.2.attn_norm.weight", "is n_layers = 2 right?"),
      {"F64 matrix", "tensor_type", "tensor 'blk.0.attn_v.weight' is of type F64",
       [](auto& f) {
         f.tensor("blk.0.attn_v.weight").type = 28;
         f.tensor("blk.0.attn_v.weight").data.resize(16 * 32 * 8);
       }},
      {"Q8_K matrix", "tensor_type",
       "tensor 'extra' is of type Q8_K (known: F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q2_K Q3_K Q4_K Q5_K Q6_K)",
       [](auto& f) { f.add("extra", GgmlType{15}, {256}, std::string(292, 'x')); }},
      {"K type in rows of 32", "gguf", "rows of 32 are not whole Q6_K blocks of 256",
       [](auto& f) { f.tensor("blk.0.attn_v.weight").type = 14; }},
      {"quantized norm", "tensor_type", "vectors are read as F32, F16 or BF16",
       [](auto& f) {
         f.tensor("blk.0.ffn_norm.weight").type = 8;
         f.tensor("blk.0.ffn_norm.weight").data.resize(34);
       }},
      {"rope_freqs of a wrong size", "shape", "rope_freqs.weight in bad.gguf: expected [4], got [5]",
       [](auto& f) { f.add("rope_freqs.weight", GgmlType::f32, {5}, std::string(20, '\1')); }},
      {"rope_freqs of 0", "config", "rope_freqs.weight holds 0",
       [](auto& f) { f.add("rope_freqs.weight", GgmlType::f32, {4}, std::string(16, '\0')); }},
  };
}

std::vector<GgufCase> tokenizer_cases() {
  return {
      {"no tokens", "gguf_key", "no key 'tokenizer.ggml.tokens'", [](auto& f) { f.remove("tokenizer.ggml.tokens"); }},
      set_case("tokenizer.ggml.model", "llama", "'llama'", "tokenizer"),
      set_case("tokenizer.ggml.tokens", std::vector<std::string>{"a", "\xff", "c"}, "item 1 is not UTF-8", "gguf"),
      set_case("tokenizer.ggml.tokens", std::vector<std::int32_t>{1}, "should be an array of strings", "gguf"),
      set_case("tokenizer.ggml.token_type", std::vector<std::int32_t>{1}, "8 tokens but 1 token types", "tokenizer"),
      set_case("tokenizer.ggml.eos_token_id", 8u, "eos_token_id is 8", "tokenizer"),
      set_case("tokenizer.ggml.bos_token_id", 4294967294u, "bos_token_id is 4294967294", "tokenizer"),
      set_case("tokenizer.chat_template", "{{ '\xc0\xaf' }}", "key 'tokenizer.chat_template': is not UTF-8", "gguf"),
  };
}

void check_cases(const std::vector<GgufCase>& cases) {
  for (const GgufCase& c : cases) {
    GgufBuilder file = tiny_llama();
    c.edit(file);
    const auto bytes = exact_bytes(file.build());
    check_refused(c.name, c.id, c.fragment, [&] { static_cast<void>(load_gguf(GgufFile::parse(bytes, "bad.gguf"))); });
  }
}

/// A copy of the tiny Qwen2 folder with one value of one of its JSON files replaced.
void check_hf(const std::string& file, const std::string& pointer, const nlohmann::json& value, const std::string& id,
              const std::string& fragment) {
  const TempFolder folder;
  std::filesystem::copy(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/qwen2", folder.path());
  auto json = parse_json_strict(read_text(folder.path() / file), file, LargeIntegers::as_floats);
  json[nlohmann::json::json_pointer(pointer)] = value;
  folder.write(file, json.dump());
  check_refused(file + pointer + " = " + value.dump(), id, fragment,
                [&] { static_cast<void>(load_model(folder.path())); });
}

}  // namespace

TEST_CASE("GGUF models with impossible hyperparameters are refused") { check_cases(hyperparameter_cases()); }
TEST_CASE("GGUF models with missing, foreign or misshapen tensors are refused") { check_cases(tensor_cases()); }
TEST_CASE("GGUF models with broken tokenizers are refused") { check_cases(tokenizer_cases()); }

TEST_CASE("Hugging Face folders that cannot be computed faithfully are refused") {
  const auto config = [](const std::string& key, const nlohmann::json& value, const std::string& fragment,
                         const std::string& id = "config") { check_hf("config.json", "/" + key, value, id, fragment); };
  config("model_type", "mamba", "unknown architecture 'mamba'; known: llama mistral qwen2 qwen3 olmo2 gpt2",
         "unknown_name");
  config("model_type", nullptr, "unknown architecture ''", "unknown_name");
  config("hidden_act", "gelu", "hidden_act 'gelu' is not supported");
  config("quantization_config", {{"quant_method", "aqlm"}}, "quant_method 'aqlm' is not supported (known: gptq awq");
  config("quantization_config", {{"quant_method", "gptq"}}, "quantization_config: no bits");
  config("quantization_config", {{"quant_method", "gptq"}, {"bits", 4}, {"group_size", 128}},
         "quantization_config says gptq, but no tensor is quantized that way");
  config("quantization_config", 4, "quantization_config: should be an object");
  config("layer_types", {"full_attention", "sliding_attention"},
         "layer_types says sliding_attention, but use_sliding_window is not true");
  config("layer_types", {"sliding_attention"}, "layer_types has 1 names, but num_hidden_layers is 2");
  config("layer_types", {"full_attention", "chunked_attention"}, "layer type \"chunked_attention\"");
  config("rope_parameters", {{"rope_type", "longrope"}, {"factor", 4.0}}, "rope type 'longrope' is not supported");
  config("rope_parameters", {{"full_attention", {{"rope_type", "default"}}}}, "layers of type 'full_attention'");
  config("rope_parameters", {{"rope_type", "llama3"}, {"factor", 8.0}}, "no low_freq_factor");
  config("rope_parameters", 7, "rope_parameters: should be an object");
  config("dtype", "float8_e4m3fn", "dtype 'float8_e4m3fn' is not supported");
  config("num_hidden_layers", 3, "no tensor 'model.layers.2.input_layernorm.weight'", "missing_tensor");
  config("num_hidden_layers", 1, "is n_layers = 1 right?", "unexpected_tensor");
  config("num_hidden_layers", -1, "num_hidden_layers is -1");
  config("num_hidden_layers", 1e30, "num_hidden_layers is 1e+30");
  config("num_hidden_layers", "2", "num_hidden_layers is \"2\"");
  config("num_attention_heads", 0, "num_attention_heads 0");
  config("num_key_value_heads", 3, "n_kv_heads is 3");
  config("head_dim", 7, "d_head is 7");
  config("num_attention_heads", 2, "expected [32, 32], got [16, 32]; is n_kv_heads or d_head right?", "shape");
  config("head_dim", 16, "expected [64, 32], got [32, 32]; is n_heads or d_head right?", "shape");
  config("hidden_size", nullptr, "no hidden_size");
  config("hidden_size", 40, "model.embed_tokens.weight in model.safetensors: expected [272, 40], got [272, 32]",
         "shape");
  config("rms_norm_eps", 0, "norm_eps is 0");
  config("tie_word_embeddings", "yes", "neither true nor false");
  check_hf("generation_config.json", "/eos_token_id", "2", "config", "eos_token_id: \"2\" is no token id");
}

TEST_CASE("Hugging Face weights of other types are refused by name") {
  const TempFolder folder;
  std::filesystem::copy(std::filesystem::path(QUANTLENS_SOURCE_DIR) / "tests/data/weights/qwen2", folder.path());
  std::string weights = read_text(folder.path() / "model.safetensors");
  for (std::size_t at = weights.find("\"BF16\""); at != std::string::npos; at = weights.find("\"BF16\"", at + 1))
    weights.replace(at, 6, "\"I16\" ");
  folder.write("model.safetensors", weights);
  check_refused("I16", "tensor_type", "is of type I16 (known: F32 F16 BF16)",
                [&] { static_cast<void>(load_model(folder.path())); });
  std::filesystem::remove(folder.path() / "tokenizer.json");
  check_refused("missing folder", "file", "No such file",
                [&] { static_cast<void>(load_model(folder.path() / "none")); });
}

TEST_CASE("prefixes of a model file are refused") {
  const std::string model = tiny_llama().build();
  for (std::size_t n = 0; n < model.size(); n += n < 2000 ? 1 : 101) {
    const auto bytes = exact_bytes(std::string_view(model).substr(0, n));
    CHECK_THROWS_AS(load_gguf(GgufFile::parse(bytes, "cut.gguf")), InputError);
  }
}
