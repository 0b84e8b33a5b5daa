#include "quantlens/runtime/hooks.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "model_fixtures.hpp"
#include "quantlens/io/safetensors.hpp"
#include "quantlens/runtime/activation_cache.hpp"
#include "quantlens/runtime/engine.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::string a_family() { return GENERATE("tiny-llama-bias", "tiny-qwen3", "tiny-olmo2", "tiny-gpt2"); }

std::vector<TokenId> expected_tokens(const std::string& model, std::size_t n) {
  auto tokens = read_json(models_folder() / model / "expected_tokens.json").get<std::vector<TokenId>>();
  tokens.resize(n);
  return tokens;
}

void check_near(MatrixView<const float> got, const std::vector<float>& expected) {
  REQUIRE(got.rows * got.cols == expected.size());
  float scale = 0.0f, worst = 0.0f;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    scale = std::max(scale, std::fabs(expected[i]));
    worst = std::max(worst, std::fabs(got.data[i] - expected[i]));
  }
  CHECK(worst <= 1e-5f * scale);
}

Hooks::Hook filled_with(float value) {
  return [value](std::string_view, MatrixView<float> values) {
    for (std::size_t r = 0; r < values.rows; ++r) std::ranges::fill(values.row(r), value);
  };
}

}  // namespace

TEST_CASE("residual streams and attention weights are those of transformers") {
  const std::string name = GENERATE("tiny-qwen3", "tiny-olmo2", "tiny-gpt2");
  CAPTURE(name);
  const ModelFile file = load_model(models_folder() / name);
  const Transformer model = build(file, "full");
  const auto expected = SafetensorsFile::open(models_folder() / name / "expected_insides.safetensors");
  Engine engine(model, {.threads = 2});
  Hooks hooks(model.config);
  const ActivationCache residuals(hooks, "blocks.*.hook_resid_pre"), patterns(hooks, "blocks.*.attn.hook_pattern");
  static_cast<void>(engine.run_with_hooks(expected_tokens(name, 12), hooks));
  CHECK(residuals.size() == model.config.n_layers);
  for (std::size_t i = 0; i < model.config.n_layers; ++i) {
    check_near(residuals[concat("blocks.", i, ".hook_resid_pre")].view(),
               read_floats(expected, concat("resid_pre.", i)));
    check_near(patterns[concat("blocks.", i, ".attn.hook_pattern")].view(),
               read_floats(expected, concat("pattern.", i)));
  }
}

TEST_CASE("looking at every point changes no bit, and gives the same for any number of threads") {
  const std::string name = a_family(), format = GENERATE("full", "rtn-w8-a8");
  CAPTURE(name, format);
  const Transformer model = build(load_model(models_folder() / name), format);
  const auto tokens = expected_tokens(name, 39);
  const std::vector<float> expected = all_logits(model, tokens);
  std::vector<std::vector<float>> seen;
  for (const std::size_t threads : {1u, 2u, 3u}) {
    Engine engine(model, {.threads = threads});
    Hooks hooks(model.config);
    std::vector<float> values;
    const auto look = [&](std::string_view, MatrixView<float> rows) {
      for (std::size_t r = 0; r < rows.rows; ++r) values.insert(values.end(), rows.row(r).begin(), rows.row(r).end());
    };
    const auto streams = hooks.add("blocks.*.hook_*", look), parts = hooks.add("blocks.*.*.hook_*", look),
               last = hooks.add("ln_final.*", look);
    CHECK(engine.run_with_hooks(tokens, hooks) == expected);
    seen.push_back(values);
  }
  CHECK(seen[1] == seen[0]);
  CHECK(seen[2] == seen[0]);
}

TEST_CASE("parts of the residual stream add up") {
  const std::string name = a_family();
  CAPTURE(name);
  const Transformer model = build(load_model(models_folder() / name), "full");
  Engine engine(model, {.threads = 2});
  Hooks hooks(model.config);
  const ActivationCache cache(hooks, "blocks.*.hook_*", {3, 11});
  static_cast<void>(engine.run_with_hooks(expected_tokens(name, 12), hooks, 11));
  for (std::size_t i = 0; i < model.config.n_layers; ++i) {
    const auto values = [&](const char* point) { return cache[concat("blocks.", i, ".hook_", point)].values; };
    const auto sum = [](std::vector<float> a, const std::vector<float>& b) {
      for (std::size_t c = 0; c < a.size(); ++c) a[c] += b[c];
      return a;
    };
    CHECK(values("resid_pre").size() == 2 * model.config.d_model);
    CHECK(values("resid_mid") == sum(values("resid_pre"), values("attn_out")));
    CHECK(values("resid_post") == sum(values("resid_mid"), values("mlp_out")));
    if (i > 0) CHECK(values("resid_pre") == cache[concat("blocks.", i - 1, ".hook_resid_post")].values);
  }
}

TEST_CASE("what is replaced is what the pass goes on with, also where activations are int8") {
  const std::string name = a_family(), format = GENERATE("full", "rtn-w8-a8");
  CAPTURE(name, format);
  const Transformer model = build(load_model(models_folder() / name), format);
  const auto tokens = expected_tokens(name, 12);
  Engine engine(model, {.threads = 2});
  Hooks hooks(model.config);
  const std::vector<float> unhooked = engine.run_with_hooks(tokens, hooks);
  {
    // Heads that read nothing and an MLP without inputs to its last matrix leave biases only: the same for all tokens.
    const auto no_z = hooks.add("blocks.*.attn.hook_z", filled_with(0.0f));
    const auto no_post = hooks.add("blocks.*.mlp.hook_post", filled_with(0.0f));
    const ActivationCache outs(hooks, "blocks.*.hook_*_out");
    CHECK(engine.run_with_hooks(tokens, hooks) != unhooked);
    for (std::size_t i = 0; i < model.config.n_layers; ++i)
      for (const char* point : {"attn_out", "mlp_out"}) {
        const MatrixView<const float> rows = outs[concat("blocks.", i, ".hook_", point)].view();
        for (std::size_t r = 1; r < rows.rows; ++r) CHECK(std::ranges::equal(rows.row(r), rows.row(0)));
      }
  }
  CHECK(engine.run_with_hooks(tokens, hooks) == unhooked);
}

TEST_CASE("a replaced pattern reads the values again") {
  const std::string name = a_family();
  CAPTURE(name);
  const Transformer model = build(load_model(models_folder() / name), "full");
  const auto tokens = expected_tokens(name, 20);
  const std::size_t d_head = model.config.d_head, group = model.config.n_heads / model.config.n_kv_heads;
  Engine engine(model, {.threads = 2});
  Hooks hooks(model.config);
  const ActivationCache values(hooks, "blocks.1.attn.hook_v"), z(hooks, "blocks.1.attn.hook_z");
  // Every head of every token but the first looks at the first token only.
  const auto scope = hooks.add("blocks.1.attn.hook_pattern", [&](std::string_view, MatrixView<float> pattern) {
    const std::size_t n = pattern.cols / model.config.n_heads;
    for (std::size_t r = 1; r < pattern.rows; ++r)
      for (std::size_t k = 0; k < pattern.cols; ++k) pattern(r, k) = k % n == 0 ? 1.0f : 0.0f;
  });
  static_cast<void>(engine.run_with_hooks(tokens, hooks));
  const auto v = values["blocks.1.attn.hook_v"].view(), read = z["blocks.1.attn.hook_z"].view();
  for (std::size_t r = 0; r < read.rows; ++r)
    for (std::size_t c = 0; c < read.cols; ++c)
      CHECK(read(r, c) == Approx(v(0, c / d_head / group * d_head + c % d_head)).margin(1e-6));
}

TEST_CASE("nothing that is replaced is shared with other calls") {
  const Transformer model = build(load_model(models_folder() / "tiny-llama-bias"), "full");
  const auto tokens = expected_tokens("tiny-llama-bias", 39);
  const ScoreRequest request{{tokens.begin(), tokens.begin() + 34}, {tokens.begin() + 34, tokens.end()}};
  Engine fresh(model, {.threads = 1}), engine(model, {.threads = 1});
  Hooks hooks(model.config);
  const auto scope = hooks.add("blocks.0.hook_resid_post", filled_with(0.5f));
  const std::vector<float> patched = engine.run_with_hooks(tokens, hooks);
  const double expected = fresh.score({&request, 1}).front().logprob;
  CHECK(engine.score({&request, 1}).front().logprob == expected);
  CHECK(engine.run_with_hooks(tokens, hooks) == patched);
}

TEST_CASE("hooks nest, end with their scope, and what they throw ends the pass") {
  const Transformer model = build(load_model(models_folder() / "tiny-gpt2"), "full");
  const auto tokens = expected_tokens("tiny-gpt2", 5);
  Engine engine(model, {.threads = 2});
  Hooks hooks(model.config);
  const std::vector<float> unhooked = engine.run_with_hooks(tokens, hooks);
  std::string order;
  const auto outer = hooks.add("ln_final.hook_normalized", [&](std::string_view, MatrixView<float>) { order += "a"; });
  {
    const auto inner = hooks.add("ln_final.*", [&](std::string_view, MatrixView<float>) { order += "b"; });
    static_cast<void>(engine.run_with_hooks(tokens, hooks));
    CHECK(order == "ab");
    const auto thrower = hooks.add("blocks.1.mlp.hook_pre", [](std::string_view name, MatrixView<float>) {
      throw std::runtime_error(std::string(name));
    });
    CHECK_THROWS_WITH(engine.run_with_hooks(tokens, hooks), "blocks.1.mlp.hook_pre");
  }
  CHECK(engine.run_with_hooks(tokens, hooks) == unhooked);
  CHECK(order.ends_with("a"));
}

TEST_CASE("names that a model has not are refused") {
  const Transformer model = build(load_model(models_folder() / "tiny-gpt2"), "full");
  Hooks hooks(model.config);
  const auto nothing = [](std::string_view, MatrixView<float>) {};
  CHECK_THROWS_WITH(hooks.add("blocks.1.attn.hook_zz", nothing), Catch::Contains("did you mean"));
  CHECK_THROWS_AS(hooks.add("blocks.3.attn.hook_z", nothing), InputError);
  // GPT-2's MLP has no gate.
  CHECK_THROWS_AS(hooks.add("blocks.0.mlp.hook_pre_linear", nothing), InputError);
  const ActivationCache cache(hooks, "blocks.0.hook_resid_pre", {7});
  Engine engine(model, {.threads = 1});
  CHECK_THROWS_WITH(engine.run_with_hooks(expected_tokens("tiny-gpt2", 5), hooks), Catch::Contains("token 7"));
  CHECK_THROWS_WITH(cache["blocks.0.hook_resid_post"], Catch::Contains("blocks.0.hook_resid_post"));
}
