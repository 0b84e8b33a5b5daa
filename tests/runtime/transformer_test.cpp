#include "quantlens/runtime/transformer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "model_fixtures.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/text/tokenizer.hpp"

using namespace quantlens;
using namespace quantlens::testing;

namespace {

/// Tokens, sampled logits and best tokens of a text.
void check_samples(const std::string& name, const ModelFile& file) {
  const auto fixture = read_json(models_folder() / (name + "_logits.json"));
  const auto samples = SafetensorsFile::open(models_folder() / (name + "_logits.safetensors"));
  const auto expected = read_floats(samples, "logits"), last = read_floats(samples, "last");
  const auto ids = fixture["ids"].get<std::vector<std::size_t>>();
  const auto top1 = fixture["top1"].get<std::vector<std::ptrdiff_t>>();
  const auto tokens = fixture["tokens"].get<std::vector<TokenId>>();

  CHECK(Tokenizer(file.tokenizer).encode(fixture["text"].get<std::string>()) == tokens);
  const auto logits = all_logits(build(file, "full"), tokens);
  const std::size_t vocab = file.weights.config.vocab_size;
  float worst = 0.0f;
  std::size_t n_equal = 0;
  for (std::size_t p = 0; p < tokens.size(); ++p) {
    for (std::size_t i = 0; i < ids.size(); ++i)
      worst = std::max(worst, std::fabs(logits[p * vocab + ids[i]] - expected[p * ids.size() + i]));
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(p * vocab);
    n_equal += std::max_element(row, row + static_cast<std::ptrdiff_t>(vocab)) - row == top1[p];
  }
  for (std::size_t i = 0; i < vocab; ++i)
    worst = std::max(worst, std::fabs(logits[(tokens.size() - 1) * vocab + i] - last[i]));
  CHECK(worst <= 1e-4f * fixture["scale"].get<float>());
  CHECK(static_cast<double>(n_equal) >= 0.999 * static_cast<double>(tokens.size()));
}

}  // namespace

TEST_CASE("tiny models give transformers' logits") {
  const std::string name = GENERATE("tiny-llama", "tiny-llama-bf16", "tiny-qwen2");
  CAPTURE(name);
  const auto folder = models_folder() / name;
  const ModelFile file = load_model(folder);
  const Transformer model = build(file, "full");
  const auto tokens = read_json(folder / "expected_tokens.json").get<std::vector<TokenId>>();
  const auto expected = read_floats(SafetensorsFile::open(folder / "expected_logits.safetensors"), "logits");
  const auto logits = all_logits(model, tokens);
  REQUIRE(logits.size() == expected.size());

  float scale = 0.0f, worst = 0.0f;
  for (const float value : expected) scale = std::max(scale, std::fabs(value));
  for (std::size_t i = 0; i < logits.size(); ++i) worst = std::max(worst, std::fabs(logits[i] - expected[i]));
  CHECK(worst <= 1e-4f * scale);
  const auto vocab = static_cast<std::ptrdiff_t>(model.config.vocab_size);
  for (std::ptrdiff_t p = 0; p < static_cast<std::ptrdiff_t>(tokens.size()); ++p) {
    const auto best = [&](const std::vector<float>& rows) {
      return std::max_element(rows.begin() + p * vocab, rows.begin() + (p + 1) * vocab) - (rows.begin() + p * vocab);
    };
    CHECK(best(logits) == best(expected));
  }
}

TEST_CASE("the reference models give transformers' logits") {
  const std::string name = GENERATE("refworld-faithful", "refworld-unfaithful", "refworld-small");
  CAPTURE(name);
  check_samples(name, load_model(find_model(name)));
}

TEST_CASE("SmolLM2 gives transformers' logits") {
  const auto path = real_model();
  if (!path) {
    WARN("SKIPPED: scripts/fetch-model smollm2-135m-instruct has not been run");
    return;
  }
  check_samples("smollm2", load_model(*path));
}

TEST_CASE("a sequence beyond the context is refused") {
  const ModelFile file = load_model(models_folder() / "tiny-qwen2");
  const Transformer model = build(file, "full");
  CHECK_THROWS_AS(all_logits(model, std::vector<TokenId>(model.config.n_ctx + 1, 1)), InputError);
}
