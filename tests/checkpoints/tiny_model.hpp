/// A valid small model as a GGUF file under construction, for tests that break or vary it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../io/gguf_builder.hpp"

namespace quantlens::test {

/// Llama: 2 blocks, d_model 32, 4 heads of 8, 2 key-value heads, d_ff 64, 8 tokens, untied; all tensors f32.
inline GgufBuilder tiny_llama() {
  GgufBuilder file;
  file.set("general.architecture", "llama").set("llama.context_length", 128u).set("llama.embedding_length", 32u);
  file.set("llama.block_count", 2u).set("llama.feed_forward_length", 64u).set("llama.attention.head_count", 4u);
  file.set("llama.attention.head_count_kv", 2u).set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
  file.set("llama.rope.dimension_count", 8u).set("llama.rope.freq_base", 5000.0f);
  file.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "smollm");
  file.set("tokenizer.ggml.tokens",
           std::vector<std::string>{"<|endoftext|>", "<|im_start|>", "<|im_end|>", "a", "b", "c", "ab", "abc"});
  file.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 3, 3, 1, 1, 1, 1, 1});
  file.set("tokenizer.ggml.merges", std::vector<std::string>{"a b", "ab c"});
  file.set("tokenizer.ggml.bos_token_id", 1u).set("tokenizer.ggml.eos_token_id", 0u);

  const auto add = [&](const std::string& name, std::vector<std::uint64_t> shape) {
    std::uint64_t n = 1;
    for (const std::uint64_t dim : shape) n *= dim;
    std::string data;
    for (std::uint64_t i = 0; i < n; ++i) data += raw(static_cast<float>(i % 97) / 97.0f + 0.5f);
    file.add(name, GgmlType::f32, std::move(shape), data);
  };
  add("token_embd.weight", {8, 32});
  add("output_norm.weight", {32});
  add("output.weight", {8, 32});
  for (const std::string block : {"blk.0.", "blk.1."}) {
    for (const std::string name : {"attn_norm", "ffn_norm"}) add(block + name + ".weight", {32});
    for (const std::string name : {"attn_q", "attn_output"}) add(block + name + ".weight", {32, 32});
    for (const std::string name : {"attn_k", "attn_v"}) add(block + name + ".weight", {16, 32});
    for (const std::string name : {"ffn_gate", "ffn_up"}) add(block + name + ".weight", {64, 32});
    add(block + "ffn_down.weight", {32, 64});
  }
  return file;
}

}  // namespace quantlens::test
