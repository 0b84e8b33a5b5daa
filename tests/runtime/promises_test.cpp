// Promise P1 of docs/numerics.md for every form in which a matrix meets its inputs: the same bits for any threads,
// batch, chunks and prefix sharing.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "model_fixtures.hpp"
#include "quantlens/convert/calibration.hpp"
#include "quantlens/core/rng.hpp"
#include "quantlens/runtime/engine.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::vector<TokenId> tokens_below(std::size_t n, std::uint64_t seed, std::size_t vocab_size) {
  Rng rng(seed);
  std::vector<TokenId> tokens(n);
  for (TokenId& token : tokens) token = static_cast<TokenId>(rng.below(vocab_size));
  return tokens;
}

/// Prompts of ragged length, most with a common start, within 64 positions.
std::vector<std::vector<double>> scores_of(const Transformer& model, const EngineOptions& options) {
  const std::size_t vocab_size = model.config.vocab_size;
  std::vector<ScoreRequest> requests;
  const auto shared = tokens_below(19, 1, vocab_size);
  for (std::size_t i = 0; i < 7; ++i) {
    auto context = i % 4 == 3 ? std::vector<TokenId>{} : shared;
    const auto own = tokens_below(1 + 5 * (i / 2), 100 + i / 2, vocab_size);
    context.insert(context.end(), own.begin(), own.end());
    requests.push_back({context, tokens_below(1 + i % 3, 200 + i, vocab_size)});
  }
  Engine engine(model, options);
  std::vector<std::vector<double>> result;
  for (const ScoreResult& r : engine.score(requests)) result.push_back(r.token_logprobs);
  return result;
}

void check_promise(const Transformer& model) {
  const auto expected = scores_of(model, {.threads = 1, .batch = 1, .chunk = 256, .shared_prefix = false});
  for (const EngineOptions& options :
       {EngineOptions{.threads = 2}, EngineOptions{.threads = 3, .batch = 7, .chunk = 3, .shared_prefix = false},
        EngineOptions{.threads = 1, .batch = 2, .chunk = 16}, EngineOptions{.threads = 2, .batch = 32, .chunk = 50}}) {
    CAPTURE(options.threads, options.batch, options.chunk, options.shared_prefix);
    CHECK(scores_of(model, options) == expected);
  }
}

}  // namespace

TEST_CASE("promise P1 holds for formats that look at weights alone") {
  const std::string format = GENERATE("rtn-w2-g32", "rtn-w3-g32-sym-a8", "hqq-w4-g32", "bnb-nf4-g32-dq", "bnb-fp4-g32",
                                      "bnb-int8", "int8-weight-only", "gguf-q4_0-a8", "gguf-q4_1", "gguf-q8_0",
                                      "gguf-f16", "rtn-w4-g32;blocks.*.attn.v=rtn-w8-a8;blocks.0.mlp.down=bnb-nf4-g32");
  CAPTURE(format);
  check_promise(build(load_model(models_folder() / "tiny-qwen3"), format));
}

TEST_CASE("promise P1 holds for formats that look at text, inputs in another order among them") {
  const std::string format = GENERATE("gptq-w4-g32-act", "gptq-w4-g32-act-a8", "awq-w4-g32");
  CAPTURE(format);
  const ModelFile file = load_model(models_folder() / "tiny-qwen3");
  Calibration calibration;
  calibration.length = 48;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    calibration.sequences.push_back(tokens_below(48, seed, file.weights.config.vocab_size));
  check_promise(build_transformer(file.weights, parse_format(format), active_kernels(),
                                  {.threads = 1, .calibration = &calibration}));
}

TEST_CASE("promise P1 holds for the codes of published checkpoints") {
  const std::string folder = GENERATE("gptq-w4-g32-act", "gptq-w3-g32-asym", "awq-w4-g32", "bnb-nf4-dq", "bnb-int8");
  const std::string format = GENERATE("native", "native-a8");
  CAPTURE(folder, format);
  check_promise(build(load_model(models_folder().parent_path() / "checkpoints" / folder), format));
}
