#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "../io/temp_folder.hpp"
#include "../runtime/model_fixtures.hpp"
#include "quantlens/checkpoints/gguf.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/convert/awq_block.hpp"
#include "quantlens/convert/quantize_weights.hpp"
#include "random_calibration.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::string a_family() {
  return GENERATE("tiny-llama-bias", "tiny-mistral-window", "tiny-qwen3", "tiny-olmo2", "tiny-gpt2");
}

/// Largest difference as a share of the largest of `expected`.
float distance(const std::vector<float>& got, const std::vector<float>& expected) {
  const std::vector<float> nothing(expected.size());
  return largest_difference(got, expected) / largest_difference(nothing, expected);
}

}  // namespace

TEST_CASE("every method quantizes every family, and eight bits stay near full precision") {
  const std::string name = GENERATE("tiny-qwen3", "tiny-olmo2", "tiny-gpt2");
  const ModelFile file = load_model(models_folder() / name);
  const Calibration calibration = random_calibration(32);
  const auto tokens = random_tokens(30, 7);
  const auto logits = [&](const std::string& format) {
    CAPTURE(name, format);
    return all_logits(build_transformer(file.weights, parse_format(format), active_kernels(),
                                        {.threads = 2, .calibration = &calibration}),
                      tokens);
  };
  const std::vector<float> full = logits("full");
  for (const char* format : {"rtn-w8-g32", "rtn-w8-g32-a8", "gptq-w8-g32", "gptq-w8-g32-act", "hqq-w8-g32", "bnb-int8",
                             "gguf-q8_0", "gguf-f16"})
    CHECK(distance(logits(format), full) < 0.08f);
  for (const char* format : {"rtn-w4-g32", "gptq-w4-g32", "awq-w4-g32", "hqq-w4-g32", "bnb-nf4", "gguf-q4_0"}) {
    const float apart = distance(logits(format), full);
    CHECK(apart > 0.0f);
    CHECK(apart < 0.8f);
  }
}

TEST_CASE("calibration text passes through every family's blocks as through the whole model, bit for bit") {
  const ModelWeights weights = load_model(models_folder() / a_family()).weights;
  CAPTURE(weights.config.architecture);
  const std::vector<TokenId> tokens = random_tokens(40, 1);
  CalibrationFlow flow(weights, {tokens}, active_kernels(), 2);
  for (const BlockWeights& block : weights.blocks)
    static_cast<void>(flow.pass(BlockDraft(block, parse_format("full")).full_block(active_kernels())));
  flow.final_norm();
  const Transformer full = build_transformer(weights, parse_format("full"), active_kernels(), {.threads = 1});
  Activations normed;
  normed.resize(tokens.size(), weights.config.d_model);
  for (std::size_t t = 0; t < tokens.size(); ++t) std::ranges::copy(std::as_const(flow).inputs().row(t), normed.row(t));
  std::vector<float> logits(tokens.size() * weights.config.vocab_size);
  LinearScratch scratch;
  scratch.require(weights.config.d_model);
  full.lm_head.apply(Team{}, normed, {logits.data(), weights.config.vocab_size}, scratch);
  CHECK(logits == all_logits(full, tokens));
}

TEST_CASE("AWQ's scales change no output of any family's block before it is rounded") {
  const ModelWeights weights =
      load_model(models_folder() / std::string(GENERATE("tiny-qwen3", "tiny-olmo2", "tiny-gpt2"))).weights;
  CAPTURE(weights.config.architecture);
  const FormatSpec format = parse_format("awq-w4-g32");
  const auto residual_behind = [&](bool scaled) {
    CalibrationFlow flow(weights, {random_tokens(40, 1)}, active_kernels(), 2);
    BlockDraft draft(weights.blocks[0], format);
    flow.block() = draft.full_block(active_kernels());
    if (scaled) {
      const std::vector<float> before(flow.residual().begin(), flow.residual().end());
      AwqScaler(draft, flow).run();
      std::ranges::copy(before, flow.residual().begin());
      // OLMo 2 has no norm before its matrices, GPT-2 no gate: what can take scales differs.
      const bool scales_norm = draft.vectors.norms[BlockNorm::attn] != weights.blocks[0].vectors.norms[BlockNorm::attn];
      CHECK(scales_norm == (weights.config.architecture != "olmo2"));
    }
    static_cast<void>(flow.pass(draft.full_block(active_kernels())));
    return std::vector<float>(flow.residual().begin(), flow.residual().end());
  };
  CHECK(distance(residual_behind(true), residual_behind(false)) < 1e-4f);
}

TEST_CASE("written files of new families compute what the format computes in memory") {
  const std::string name = GENERATE("tiny-qwen3", "tiny-olmo2"), kind = GENERATE("hf", "gguf");
  CAPTURE(name, kind);
  const ModelFile file = load_model(models_folder() / name);
  const FormatSpec format = parse_format(kind == "hf" ? "rtn-w4-g32" : "gguf-q4_0");
  const auto tokens = random_tokens(30, 7);
  const auto expected = all_logits(build_transformer(file.weights, format, active_kernels()), tokens);
  ModelFile quantized = file;
  quantized.weights = quantize(file.weights, format, active_kernels(), {.threads = 2});
  const test::TempFolder target;
  const std::filesystem::path path = target.path() / kind;
  if (kind == "hf")
    write_checkpoint(quantized, path, CheckpointFormat::gptq);
  else
    write_gguf_model(quantized, path, {GgmlType::f32, GgmlType::f16});
  CHECK(all_logits(build(load_model(path), "native"), tokens) == expected);
}

TEST_CASE("GPT-2, whose q, k and v are one matrix, is not written, by name") {
  const ModelFile file = load_model(models_folder() / "tiny-gpt2");
  const test::TempFolder target;
  CHECK_THROWS_WITH(write_checkpoint(file, target.path() / "hf", CheckpointFormat::gptq),
                    Catch::Contains("gpt2 models"));
  CHECK_THROWS_WITH(write_gguf_model(file, target.path() / "x.gguf", {}), Catch::Contains("gpt2 models"));
}
