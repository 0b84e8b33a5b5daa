#include "quantlens/convert/quantize_weights.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "../runtime/model_fixtures.hpp"
#include "quantlens/checkpoints/gguf.hpp"
#include "quantlens/checkpoints/write.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/runtime/pack.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const ModelSession& small_session() {
  static const ModelSession session(find_model("refworld-small"), {.threads = 2}, {{}, 4, 64});
  return session;
}

const std::vector<TokenId>& some_tokens() {
  static const std::vector<TokenId> tokens = small_session().calibration().sequences.back();
  return tokens;
}

BuildOptions build_options() {
  BuildOptions options;
  options.threads = 2;
  options.calibration = &small_session().calibration();
  return options;
}

}  // namespace

TEST_CASE("a written checkpoint computes, on its own codes, what the format computes in memory") {
  struct Case {
    const char* format;
    CheckpointFormat checkpoint;
  };
  const Case c =
      GENERATE(Case{"gptq-w4-g64", CheckpointFormat::gptq}, Case{"gptq-w3-g128-asym", CheckpointFormat::gptq_v2},
               Case{"gptq-w4-g32-act", CheckpointFormat::gptq}, Case{"rtn-w8", CheckpointFormat::gptq},
               Case{"awq-w4-g32", CheckpointFormat::awq}, Case{"bnb-nf4", CheckpointFormat::bnb_4bit},
               Case{"bnb-int8", CheckpointFormat::bnb_int8});
  CAPTURE(c.format);
  const FormatSpec format = parse_format(c.format);
  ModelFile quantized = small_session().file();
  quantized.weights = quantize(small_session().file().weights, format, active_kernels(), build_options());
  const test::TempFolder folder;
  write_checkpoint(quantized, folder.path() / "written", c.checkpoint);

  const ModelFile read = load_model(folder.path() / "written");
  CHECK(read.weights.source_quantized);
  CHECK(all_logits(build(read, "native"), some_tokens()) ==
        all_logits(small_session().build_transformer(format), some_tokens()));
}

TEST_CASE("so does a GGUF file") {
  const std::string name = GENERATE("gguf-q4_0", "gguf-q4_1", "gguf-q8_0", "gguf-f16");
  CAPTURE(name);
  const GgmlType type = name == "gguf-q4_0"   ? GgmlType::q4_0
                        : name == "gguf-q4_1" ? GgmlType::q4_1
                        : name == "gguf-q8_0" ? GgmlType::q8_0
                                              : GgmlType::f16;
  const test::TempFolder folder;
  write_gguf_model(small_session().file(), folder.path() / "written.gguf", {type, GgmlType::f16});
  const ModelFile read = load_model(folder.path() / "written.gguf");
  CHECK(all_logits(build(read, "native"), some_tokens()) ==
        all_logits(small_session().build_transformer(parse_format(name)), some_tokens()));
}

TEST_CASE("weights in a format compute, once packed, what a model built in it computes") {
  const FormatSpec format = parse_format(GENERATE("full", "native", "rtn-w3-g32-a8", "hqq-w4-g64", "bnb-int8",
                                                  "bnb-nf4-dq", "gptq-w4-g32-act", "awq-w4-g32",
                                                  "gptq-w4-g32;blocks.*.attn.v=rtn-w8-a8;blocks.0.mlp.*=full"));
  CAPTURE(format.name());
  const ModelWeights weights = quantize(small_session().file().weights, format, active_kernels(), build_options());
  CHECK(all_logits(pack(weights, active_kernels()), some_tokens()) ==
        all_logits(small_session().build_transformer(format), some_tokens()));
}

TEST_CASE("a format says how the codes of a checkpoint are multiplied; they stay") {
  const auto checkpoint = [](const char* name) {
    return load_model(std::string(QUANTLENS_SOURCE_DIR) + "/tests/data/checkpoints/" + name).weights;
  };
  const auto in_format = [](const ModelWeights& weights, const char* format) {
    return quantize(weights, parse_format(format), active_kernels(), {.threads = 1}).blocks[0][BlockPart::up];
  };
  const ModelWeights gptq = checkpoint("gptq-w8"), int8 = checkpoint("bnb-int8"), nf4 = checkpoint("bnb-nf4");
  for (const ModelWeights* weights : {&gptq, &int8, &nf4})
    for (const char* format : {"full", "native", "native-a8"})
      CHECK(in_format(*weights, format).codes == weights->blocks[0][BlockPart::up].codes);
  CHECK(in_format(gptq, "native").form == ActivationForm::floats);
  CHECK(in_format(gptq, "native-a8").form == ActivationForm::int8_runs);
  CHECK(in_format(nf4, "native-a8").form == ActivationForm::floats);
  CHECK(in_format(int8, "native-a8").form == ActivationForm::int8_rows);
  CHECK_FALSE(in_format(int8, "full").form);
  CHECK(pack(in_format(int8, "native"), active_kernels()).is_packed());
  CHECK_FALSE(pack(in_format(int8, "full"), active_kernels()).is_packed());
  CHECK(in_format(int8, "rtn-w4").form == ActivationForm::floats);
}

TEST_CASE("a run that was stopped goes on to the same weights as one that was not") {
  const std::string name =
      GENERATE("gptq-w4-g32-act", "awq-w4-g32", "gptq-w4-g32;blocks.*.attn.v=full;blocks.*.mlp.up=rtn-w8-g32");
  CAPTURE(name);
  const FormatSpec format = parse_format(name);
  const CheckpointFormat checkpoint = name == "awq-w4-g32" ? CheckpointFormat::awq : CheckpointFormat::gptq;
  const ModelWeights& weights = small_session().file().weights;
  const test::TempFolder folder;
  const auto open_store = [&] { return BlockStore(folder.path(), checkpoint, weights.config); };
  const auto written = [&](const char* as, const BuildOptions& options, const BlockStore* store) {
    ModelFile quantized = small_session().file();
    quantized.weights = quantize(weights, format, active_kernels(), options, store);
    write_checkpoint(quantized, folder.path() / as, checkpoint);
    return test::read_text(folder.path() / as / "model.safetensors");
  };
  const std::string whole = written("whole", build_options(), nullptr);

  struct Stopped {};
  BuildOptions stopping = build_options();
  stopping.progress = [](std::size_t n_done, std::size_t) {
    if (n_done == 2) throw Stopped{};
  };
  const BlockStore first = open_store();
  CHECK_THROWS_AS(written("stopped", stopping, &first), Stopped);
  const BlockStore second = open_store();
  CHECK(second.n_finished() == 2);

  std::size_t made = 0;
  BuildOptions counting = build_options();
  const auto stamp = std::filesystem::last_write_time(folder.path() / "block-1.safetensors");
  counting.progress = [&](std::size_t, std::size_t) { ++made; };
  CHECK(written("resumed", counting, &second) == whole);
  CHECK(made == weights.blocks.size());
  CHECK(std::filesystem::last_write_time(folder.path() / "block-1.safetensors") == stamp);
}
