#include "quantlens/runtime/quantized_weights.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "../io/temp_folder.hpp"
#include "model_fixtures.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/runtime/model_session.hpp"
#include "quantlens/weights/checkpoint_gguf.hpp"
#include "quantlens/weights/checkpoint_write.hpp"

using namespace quantlens;
using namespace quantlens::testing;

namespace {

const ModelSession& session() {
  static const ModelSession session(find_model("refworld-small"), {.threads = 2}, {{}, 4, 64});
  return session;
}

const std::vector<TokenId>& some_tokens() {
  static const std::vector<TokenId> tokens = session().calibration().sequences.back();
  return tokens;
}

BuildOptions build_options() {
  BuildOptions options;
  options.threads = 2;
  options.calibration = &session().calibration();
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
               Case{"rtn-w8", CheckpointFormat::gptq}, Case{"awq-w4-g32", CheckpointFormat::awq},
               Case{"bnb-nf4", CheckpointFormat::bnb_4bit}, Case{"bnb-int8", CheckpointFormat::bnb_int8});
  CAPTURE(c.format);
  const FormatSpec format = parse_format(c.format);
  ModelFile quantized = session().file();
  quantized.weights = quantized_weights(session().file().weights, format, active_kernels(), build_options());
  const test::TempFolder folder;
  write_checkpoint(quantized, folder.path() / "written", c.checkpoint);

  const ModelFile read = load_model(folder.path() / "written");
  CHECK(read.weights.source_quantized);
  CHECK(all_logits(build(read, "native"), some_tokens()) ==
        all_logits(session().build_transformer(format), some_tokens()));
}

TEST_CASE("so does a GGUF file") {
  const std::string name = GENERATE("gguf-q4_0", "gguf-q4_1", "gguf-q8_0", "gguf-f16");
  CAPTURE(name);
  const GgmlType type = name == "gguf-q4_0"   ? GgmlType::q4_0
                        : name == "gguf-q4_1" ? GgmlType::q4_1
                        : name == "gguf-q8_0" ? GgmlType::q8_0
                                              : GgmlType::f16;
  const test::TempFolder folder;
  write_gguf_model(session().file(), folder.path() / "written.gguf", {type, GgmlType::f16});
  const ModelFile read = load_model(folder.path() / "written.gguf");
  CHECK(all_logits(build(read, "native"), some_tokens()) ==
        all_logits(session().build_transformer(parse_format(name)), some_tokens()));
}
