#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "../runtime/model_with_everything.hpp"
#include "quantlens/checkpoints/gguf.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/convert/awq_block.hpp"
#include "quantlens/convert/quantize_weights.hpp"
#include "random_calibration.hpp"

using namespace quantlens;
using namespace quantlens::test;

TEST_CASE("the model with everything has it") {
  const test::TempFolder folder;
  const ModelWeights weights = load_model(write_model_with_everything(folder)).weights;
  for (const BlockWeights& block : weights.blocks) {
    CHECK(block.vectors.window == 5);
    for (const BlockPart part : all_block_parts) CHECK(block.vectors.biases[part].size() == block[part].rows);
  }
  CHECK(weights.config.rope_scaling.kind == RopeScaling::Kind::yarn);
}

TEST_CASE("biases, windows and scaled positions survive quantizing, a stop, and writing") {
  struct Case {
    const char* format;
    CheckpointFormat checkpoint;
  };
  const Case c = GENERATE(Case{"gptq-w4-g32-act", CheckpointFormat::gptq}, Case{"awq-w4-g32", CheckpointFormat::awq},
                          Case{"rtn-w8", CheckpointFormat::gptq}, Case{"bnb-nf4", CheckpointFormat::bnb_4bit},
                          Case{"bnb-int8", CheckpointFormat::bnb_int8});
  CAPTURE(c.format);
  const test::TempFolder folder, target;
  const ModelFile file = load_model(write_model_with_everything(folder));
  const FormatSpec format = parse_format(c.format);
  const Calibration calibration = random_calibration(40);
  BuildOptions options;
  options.threads = 2;
  options.calibration = &calibration;
  const auto tokens = random_tokens(40, 1);
  const auto expected = all_logits(build_transformer(file.weights, format, active_kernels(), options), tokens);

  std::filesystem::create_directory(target.path() / "partial");
  const BlockStore store(target.path() / "partial", c.checkpoint, file.weights.config);
  ModelFile quantized = file;
  static_cast<void>(quantize(file.weights, format, active_kernels(), options, &store));
  quantized.weights = quantize(file.weights, format, active_kernels(), options, &store);
  write_checkpoint(quantized, target.path() / "written", c.checkpoint);
  const ModelFile read = load_model(target.path() / "written");
  CHECK(all_logits(build(read, "native"), tokens) == expected);
}

TEST_CASE("calibration text sees windows and biases as the whole model does, bit for bit") {
  const test::TempFolder folder;
  const ModelWeights weights = load_model(write_model_with_everything(folder)).weights;
  const std::vector<std::vector<TokenId>> sequences{random_tokens(40, 1), random_tokens(17, 2)};
  CalibrationFlow flow(weights, sequences, active_kernels(), 2);
  for (const BlockWeights& block : weights.blocks)
    static_cast<void>(flow.pass(BlockDraft(block, parse_format("full")).full_block(active_kernels())));
  flow.final_norm();
  const Transformer full = build_transformer(weights, parse_format("full"), active_kernels(), {.threads = 1});
  Activations normed;
  normed.resize(flow.n_tokens(), weights.config.d_model);
  for (std::size_t t = 0; t < flow.n_tokens(); ++t)
    std::ranges::copy(std::as_const(flow).inputs().row(t), normed.row(t));
  std::vector<float> logits(flow.n_tokens() * weights.config.vocab_size);
  LinearScratch scratch;
  scratch.require(weights.config.d_model);
  full.lm_head.apply(Team{}, normed, {logits.data(), weights.config.vocab_size}, scratch);
  std::vector<float> expected = all_logits(full, sequences[0]);
  const auto second = all_logits(full, sequences[1]);
  expected.insert(expected.end(), second.begin(), second.end());
  CHECK(logits == expected);
}

TEST_CASE("AWQ's scales change no output of a block before it is rounded, biases included") {
  const test::TempFolder folder;
  const ModelWeights weights = load_model(write_model_with_everything(folder)).weights;
  const std::vector<std::vector<TokenId>> sequences{random_tokens(40, 1)};
  const FormatSpec format = parse_format("awq-w4-g32");
  const auto residual_behind = [&](bool scaled) {
    CalibrationFlow flow(weights, sequences, active_kernels(), 2);
    BlockDraft draft(weights.blocks[0], format);
    flow.block() = draft.full_block(active_kernels());
    if (scaled) {
      const std::vector<float> before(flow.residual().begin(), flow.residual().end());
      AwqScaler(draft, flow).run();
      std::ranges::copy(before, flow.residual().begin());
      CHECK(draft.vectors.biases[BlockPart::v] != weights.blocks[0].vectors.biases[BlockPart::v]);
      CHECK(draft.vectors.biases[BlockPart::up] != weights.blocks[0].vectors.biases[BlockPart::up]);
    }
    static_cast<void>(flow.pass(draft.full_block(active_kernels())));
    return std::vector<float>(flow.residual().begin(), flow.residual().end());
  };
  CHECK(largest_difference(residual_behind(true), residual_behind(false)) < 1e-4f);
}

TEST_CASE("a GGUF file carries biases and yarn, and a window is refused by name") {
  const test::TempFolder folder, windowed, target;
  const ModelFile file = load_model(
      write_model_with_everything(folder, [](nlohmann::json& config) { config["sliding_window"] = nullptr; }));
  const auto path = target.path() / "written.gguf";
  write_gguf_model(file, path, {GgmlType::f32, GgmlType::f32});
  const ModelFile read = load_model(path);
  CHECK(read.weights.config.architecture == "llama");
  CHECK(read.weights.config.rope_scaling.kind == RopeScaling::Kind::yarn);
  CHECK(read.notes().empty());
  const auto tokens = random_tokens(40, 1);
  const auto logits = all_logits(build(file, "full"), tokens);
  CHECK(largest_difference(all_logits(build(read, "full"), tokens), logits) < 1e-4f);

  const ModelFile narrow = load_model(write_model_with_everything(windowed));
  CHECK(largest_difference(all_logits(build(narrow, "full"), tokens), logits) > 0.1f);
  CHECK_THROWS_WITH(write_gguf_model(narrow, target.path() / "narrow.gguf", {GgmlType::f32, GgmlType::f32}),
                    Catch::Contains("llama.cpp computes no sliding window (5 positions)"));
  ModelFile exact = file;
  exact.weights.config.rope_scaling.truncate = false;
  CHECK_THROWS_WITH(write_gguf_model(exact, target.path() / "exact.gguf", {GgmlType::f32, GgmlType::f32}),
                    Catch::Contains("truncate = false"));
}
