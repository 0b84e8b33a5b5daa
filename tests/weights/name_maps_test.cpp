#include "quantlens/weights/name_maps.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

using namespace quantlens;

namespace {
const Architecture llama = architectures::llama();
}

TEST_CASE("tensor names translate between files and the canonical form") {
  const auto text = [](const char* name) { return std::optional<std::string>(name); };
  CHECK(translate_name(llama, "blk.12.attn_q.weight", gguf_names, canonical_names) == text("blocks.12.attn.q"));
  CHECK(translate_name(llama, "blocks.12.attn.q", canonical_names, hf_names) ==
        text("model.layers.12.self_attn.q_proj.weight"));
  CHECK(translate_name(llama, "model.layers.0.post_attention_layernorm.weight", hf_names, canonical_names) ==
        text("blocks.0.mlp_norm"));
  CHECK(translate_name(llama, "model.layers.0.self_attn.v_proj.bias", hf_names, gguf_names) ==
        text("blk.0.attn_v.bias"));
  CHECK(translate_name(llama, "token_embd.weight", gguf_names, hf_names) == text("model.embed_tokens.weight"));
  CHECK(translate_name(llama, "lm_head.weight", hf_names, gguf_names) == text("output.weight"));
}

TEST_CASE("every name of every family comes back from every style") {
  for (const Architecture& architecture : known_architectures())
    for (const TensorRecord& tensor : architecture.block_tensors) {
      const std::string canonical = concat("blocks.7.", tensor.canonical);
      INFO(architecture.name << " " << canonical);
      for (const NameStyle style : {gguf_names, hf_names}) {
        const auto there = translate_name(architecture, canonical, canonical_names, style);
        CHECK(translate_name(architecture, there.value(), style, canonical_names) == canonical);
      }
    }
}

TEST_CASE("one name means another tensor in another family") {
  const auto canonical = [](std::string_view family) {
    return translate_name(architecture_named(family), "model.layers.0.post_attention_layernorm.weight", hf_names,
                          canonical_names);
  };
  CHECK(canonical("qwen3") == "blocks.0.mlp_norm");
  CHECK(canonical("olmo2") == "blocks.0.attn_post_norm");
  CHECK_FALSE(canonical("gpt2"));
}

TEST_CASE("names that no supported model has do not translate") {
  for (const char* name : {"", "blk.", "blk.0", "blk.0.", "blk..attn_q.weight", "blk.-1.attn_q.weight",
                           "blk.01.attn_q.weight", "blk.0x.attn_q.weight", "blk.99999999999999999999.attn_q.weight",
                           "blk.0.attn_q", "blk.0.output.weight", "attn_q.weight", "output"})
    CHECK_FALSE(translate_name(llama, name, gguf_names, canonical_names));
  CHECK_FALSE(translate_name(llama, "rope_freqs", canonical_names, hf_names));
  CHECK_FALSE(translate_name(llama, "", hf_names, canonical_names));
}
