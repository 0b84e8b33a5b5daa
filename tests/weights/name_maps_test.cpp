#include "quantlens/weights/name_maps.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

using namespace quantlens;

TEST_CASE("tensor names translate between files and the canonical form") {
  const auto text = [](const char* name) { return std::optional<std::string>(name); };
  CHECK(translate_name("blk.12.attn_q.weight", gguf_names, canonical_names) == text("blocks.12.attn.q"));
  CHECK(translate_name("blocks.12.attn.q", canonical_names, hf_names) ==
        text("model.layers.12.self_attn.q_proj.weight"));
  CHECK(translate_name("model.layers.0.post_attention_layernorm.weight", hf_names, canonical_names) ==
        text("blocks.0.mlp_norm"));
  CHECK(translate_name("model.layers.0.self_attn.v_proj.bias", hf_names, gguf_names) == text("blk.0.attn_v.bias"));
  CHECK(translate_name("token_embd.weight", gguf_names, hf_names) == text("model.embed_tokens.weight"));
  CHECK(translate_name("lm_head.weight", hf_names, gguf_names) == text("output.weight"));
}

TEST_CASE("every name comes back from every style") {
  for (const auto& names : block_tensor_names) {
    const std::string canonical = concat("blocks.7.", names.canonical);
    for (const NameStyle style : {gguf_names, hf_names})
      CHECK(translate_name(translate_name(canonical, canonical_names, style).value(), style, canonical_names) ==
            canonical);
  }
}

TEST_CASE("names that no supported model has do not translate") {
  for (const char* name : {"", "blk.", "blk.0", "blk.0.", "blk..attn_q.weight", "blk.-1.attn_q.weight",
                           "blk.01.attn_q.weight", "blk.0x.attn_q.weight", "blk.99999999999999999999.attn_q.weight",
                           "blk.0.attn_q", "blk.0.output.weight", "attn_q.weight", "output"})
    CHECK_FALSE(translate_name(name, gguf_names, canonical_names));
  CHECK_FALSE(translate_name("rope_freqs", canonical_names, hf_names));
  CHECK_FALSE(translate_name("", hf_names, canonical_names));
}
