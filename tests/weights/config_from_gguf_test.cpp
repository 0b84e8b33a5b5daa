#include "quantlens/weights/config_from_gguf.hpp"

#include <catch2/catch.hpp>

#include "../checkpoints/tiny_model.hpp"
#include "quantlens/io/gguf.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

template <class Edit>
ModelConfig config_of(Edit edit) {
  GgufBuilder file = tiny_llama();
  edit(file);
  const auto bytes = exact_bytes(file.build());
  return config_from_gguf(GgufFile::parse(bytes, "tiny.gguf"));
}

}  // namespace

TEST_CASE("every hyperparameter comes from its key, the vocabulary's size from the embedding") {
  const ModelConfig config = config_of([](auto& f) { f.set("llama.vocab_size", 99u); });
  CHECK(config.architecture == "llama");
  CHECK(config.n_layers == 2);
  CHECK(config.d_model == 32);
  CHECK(config.n_heads == 4);
  CHECK(config.n_kv_heads == 2);
  CHECK(config.d_head == 8);
  CHECK(config.d_ff == 64);
  CHECK(config.vocab_size == 8);
  CHECK(config.n_ctx == 128);
  CHECK(config.rope_theta == 5000.0f);
  CHECK(config.norm_eps == 1e-5f);
  CHECK(config.rope_scaling.kind == RopeScaling::Kind::none);
  CHECK_FALSE(config.tied_embeddings);
}

TEST_CASE("what the metadata leaves out has the format's defaults") {
  const ModelConfig config = config_of([](auto& f) {
    f.remove("llama.attention.head_count_kv");
    f.remove("llama.rope.freq_base");
    f.remove("llama.rope.dimension_count");
    f.remove_tensor("output.weight");
  });
  CHECK(config.n_kv_heads == 4);
  CHECK(config.rope_theta == 10000.0f);
  CHECK(config.d_head == 8);
  CHECK(config.tied_embeddings);
}

TEST_CASE("yarn, a window and a factor without a type are read as llama.cpp reads them") {
  const ModelConfig yarn = config_of([](auto& f) {
    f.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 4.0f);
    f.set("llama.rope.scaling.original_context_length", 32u).set("llama.rope.scaling.attn_factor", 0.5f);
    f.set("llama.rope.scaling.yarn_beta_fast", 16.0f).set("llama.rope.scaling.yarn_beta_slow", 2.0f);
  });
  CHECK(yarn.rope_scaling.kind == RopeScaling::Kind::yarn);
  CHECK(yarn.rope_scaling.factor == 4.0f);
  CHECK(yarn.rope_scaling.original_n_ctx == 32);
  CHECK(yarn.rope_scaling.beta_fast == 16.0f);
  CHECK(yarn.rope_scaling.beta_slow == 2.0f);
  CHECK(yarn.rope_scaling.truncate);
  CHECK(yarn.rope_scaling.magnitude == Approx(0.5 * 1.13862944));  // 0.1 ln 4 + 1
  const ModelConfig bare =
      config_of([](auto& f) { f.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 2.0f); });
  CHECK(bare.rope_scaling.original_n_ctx == 128);
  CHECK(config_of([](auto& f) { f.set("llama.attention.sliding_window", 16u); }).sliding_window.of(1) == 16);
  CHECK(config_of([](auto& f) { f.set("llama.rope.scaling.factor", 2.0f); }).rope_scaling.factor == 2.0f);
  CHECK(config_of([](auto& f) { f.set("llama.rope.scale_linear", 2.0f); }).rope_scaling.kind ==
        RopeScaling::Kind::linear);
  CHECK(config_of([](auto& f) {
          f.set("llama.rope.scaling.type", "none").set("llama.rope.scaling.factor", 2.0f);
        }).rope_scaling.kind == RopeScaling::Kind::none);
}

TEST_CASE("a head size of its own and linear scaling are read") {
  const ModelConfig config = config_of([](auto& f) {
    f.set("llama.attention.key_length", 16u).set("llama.rope.dimension_count", 16u);
    f.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 4.0f);
  });
  CHECK(config.d_head == 16);
  CHECK(config.rope_scaling.kind == RopeScaling::Kind::linear);
  CHECK(config.rope_scaling.factor == 4.0f);
}
