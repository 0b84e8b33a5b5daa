#include "quantlens/runtime/transformer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "../checkpoints/tiny_model.hpp"
#include "../fetched_model.hpp"
#include "../io/gguf_builder.hpp"
#include "model_fixtures.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/io/gguf.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/text/tokenizer.hpp"

using namespace quantlens;
using namespace quantlens::test;

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
  const std::string name = GENERATE("tiny-llama", "tiny-llama-bf16", "tiny-qwen2", "tiny-llama-bias",
                                    "tiny-mistral-window", "tiny-qwen2-window", "tiny-llama-yarn", "tiny-qwen2-yarn",
                                    "tiny-llama-dynamic", "tiny-qwen3", "tiny-olmo2", "tiny-gpt2");
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

TEST_CASE("SmolLM2 gives transformers' logits", "[.model]") {
  check_samples("smollm2", load_model(fetched_model().value()));
}

TEST_CASE("windows, biases and scaled positions give the same bits in any chunks, batch and number of threads") {
  const std::string name = GENERATE("tiny-llama-bias", "tiny-mistral-window", "tiny-qwen2-window", "tiny-qwen2-yarn",
                                    "tiny-qwen3", "tiny-olmo2", "tiny-gpt2");
  CAPTURE(name);
  const ModelFile file = load_model(models_folder() / name);
  const Transformer model = build(file, "full");
  const auto tokens = read_json(models_folder() / name / "expected_tokens.json").get<std::vector<TokenId>>();
  const auto whole = all_logits(model, tokens);
  const std::size_t vocab = model.config.vocab_size;
  const std::size_t chunk = GENERATE(1u, 3u, 16u, 17u);
  // The same text twice, side by side, the second one chunk behind.
  std::vector<float> logits[2] = {std::vector<float>(whole.size()), std::vector<float>(whole.size())};
  std::vector<KvCache> caches(2, KvCache(model.kv_shape()));
  Workspace work = model.make_workspace();
  for (std::size_t begin = 0; begin < tokens.size() + chunk; begin += chunk) {
    std::vector<SequenceChunk> chunks;
    std::vector<float*> rows;
    for (std::size_t s = 0; s < 2; ++s) {
      if (begin < s * chunk || begin - s * chunk >= tokens.size()) continue;
      const std::size_t from = begin - s * chunk, n = std::min(chunk, tokens.size() - from);
      chunks.push_back({&caches[s], std::span(tokens).subspan(from, n), 0});
      for (std::size_t i = 0; i < n; ++i) rows.push_back(logits[s].data() + (from + i) * vocab);
    }
    model.forward(chunks, 3, work, [&](std::size_t row, std::span<const float> values) {
      std::copy(values.begin(), values.end(), rows[row]);
    });
  }
  CHECK(logits[0] == whole);
  CHECK(logits[1] == whole);
}

TEST_CASE("GGUF files of K types run on their own codes") {
  struct KType {
    GgmlType type;
    std::vector<std::size_t> scales_at;  ///< where a block has f16 numbers
  };
  const KType k = GENERATE(KType{GgmlType::q2_k, {80, 82}}, KType{GgmlType::q3_k, {108}}, KType{GgmlType::q4_k, {0, 2}},
                           KType{GgmlType::q5_k, {0, 2}}, KType{GgmlType::q6_k, {208}});
  CAPTURE(name(k.type));
  test::GgufBuilder builder = test::tiny_llama();
  builder.set("llama.feed_forward_length", 256u);
  for (const std::string block : {"blk.0.", "blk.1."}) {
    for (const std::string wide : {"ffn_gate", "ffn_up"}) {
      auto& tensor = builder.tensor(block + wide + ".weight");
      tensor.shape = {256, 32};
      tensor.data.clear();
      for (unsigned i = 0; i < 256 * 32; ++i) tensor.data += test::raw(static_cast<float>(i % 89) / 89.0f - 0.5f);
    }
    auto& down = builder.tensor(block + "ffn_down.weight");
    down.type = static_cast<std::uint32_t>(k.type);
    down.shape = {32, 256};
    down.data.clear();
    for (unsigned i = 0; i < 32 * block_bytes(k.type); ++i) down.data += static_cast<char>((i * i + 37 * i + 11) & 255);
    for (std::size_t row = 0; row < 32; ++row)
      for (const std::size_t at : k.scales_at) {
        down.data[row * block_bytes(k.type) + at] = '\0';
        down.data[row * block_bytes(k.type) + at + 1] = '\x14';  // 2^-10
      }
  }
  const auto bytes = test::exact_bytes(builder.build());
  const ModelFile file = load_gguf(GgufFile::parse(bytes, "k.gguf"));
  const std::vector<TokenId> tokens{1, 3, 4, 5, 7};
  const auto full = all_logits(build(file, "full"), tokens), native = all_logits(build(file, "native"), tokens);
  CHECK(*std::max_element(full.begin(), full.end()) > *std::min_element(full.begin(), full.end()));
  // Codes decode to the very floats of `full`, and both kernels add them up in the same order.
  CHECK(native == full);
  // Other numbers than those of the weights' floats: int8 activations do run on the codes.
  CHECK(all_logits(build(file, "native-a8"), tokens) != native);
}

TEST_CASE("a sequence beyond the context is refused") {
  const ModelFile file = load_model(models_folder() / "tiny-qwen2");
  const Transformer model = build(file, "full");
  CHECK_THROWS_AS(all_logits(model, std::vector<TokenId>(model.config.n_ctx + 1, 1)), InputError);
}
