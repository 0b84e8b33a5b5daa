#include "quantlens/runtime/engine.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "model_fixtures.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::vector<TokenId> random_tokens(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<TokenId> tokens(n);
  for (TokenId& token : tokens) token = static_cast<TokenId>(rng.below(256));
  return tokens;
}

/// Prompts of ragged length, most with a common start, some with the same context.
std::vector<ScoreRequest> requests() {
  std::vector<ScoreRequest> result;
  const auto shared = random_tokens(37, 1);
  for (std::size_t i = 0; i < 11; ++i) {
    auto context = i % 4 == 3 ? std::vector<TokenId>{} : shared;
    const auto own = random_tokens(1 + 7 * (i / 2), 100 + i / 2);
    context.insert(context.end(), own.begin(), own.end());
    result.push_back({context, random_tokens(1 + i % 3, 200 + i)});
  }
  result.push_back({{}, random_tokens(40, 300)});
  return result;
}

std::vector<std::vector<double>> scores(const Transformer& model, const EngineOptions& options) {
  Engine engine(model, options);
  std::vector<std::vector<double>> result;
  for (const ScoreResult& r : engine.score(requests())) result.push_back(r.token_logprobs);
  return result;
}

}  // namespace

TEST_CASE("the same scores, bit for bit, for any threads, batch, chunks and prefix sharing") {
  const std::string name = GENERATE("tiny-llama", "tiny-qwen2");
  const std::string format = GENERATE("full", "rtn-w4", "rtn-w4-a8", "rtn-w8-a8");
  CAPTURE(name, format);
  const ModelFile file = load_model(models_folder() / name);
  const Transformer model = build(file, format);
  const auto expected = scores(model, {.threads = 1, .batch = 1, .chunk = 256, .shared_prefix = false});
  // Every value of each option, against two of the others.
  std::vector<EngineOptions> variants;
  for (const bool shared : {false, true}) {
    for (const std::size_t threads : {1u, 2u, 3u}) variants.push_back({.threads = threads, .shared_prefix = shared});
    for (const std::size_t batch : {1u, 7u, 32u})
      variants.push_back({.threads = 1, .batch = batch, .shared_prefix = shared});
    for (const std::size_t chunk : {3u, 16u, 50u, 256u})
      variants.push_back({.threads = 1, .batch = 7, .chunk = chunk, .shared_prefix = shared});
  }
  for (const EngineOptions& options : variants) {
    CAPTURE(options.threads, options.batch, options.chunk, options.shared_prefix);
    CHECK(scores(model, options) == expected);
  }
}

TEST_CASE("shared prefixes are computed once") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "full");
  const std::vector<ScoreRequest> same(8, {random_tokens(64, 1), {5}});
  Engine apart(model, {.threads = 1, .shared_prefix = false}), shared(model, {.threads = 1});
  const auto a = apart.score(same), b = shared.score(same);
  CHECK(a[7].logprob == b[7].logprob);
  CHECK(apart.counters().prompt_tokens == 8 * 64);
  CHECK(shared.counters().prompt_tokens == 64);

  // Three whole pages of other contexts are shared; the last one holds the wanted logits.
  std::vector<ScoreRequest> similar(8, same.front());
  for (std::size_t i = 0; i < similar.size(); ++i) similar[i].context.back() = static_cast<TokenId>(i);
  Engine fresh(model, {.threads = 1});
  static_cast<void>(fresh.score(similar));
  CHECK(fresh.counters().prompt_tokens == 48 + 8 * 16);
}

TEST_CASE("continuations of one context go on from it, bit for bit as each with its own") {
  const ModelFile file = load_model(models_folder() / "tiny-qwen2");
  const Transformer model = build(file, GENERATE("full", "rtn-w4-a8"));
  std::vector<ScoreRequest> requests;
  for (const std::size_t n_context : {1u, 15u, 16u, 41u})
    for (std::size_t c = 0; c < 4; ++c)
      requests.push_back({random_tokens(n_context, n_context), random_tokens(1 + 9 * (c % 3), 70 + c)});
  Engine apart(model, {.threads = 1, .batch = 3, .shared_prefix = false}), shared(model, {.threads = 2, .batch = 3});
  const auto a = apart.score(requests), b = shared.score(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CHECK(a[i].token_logprobs == b[i].token_logprobs);
    CHECK(a[i].n_greedy == b[i].n_greedy);
  }
  // The contexts once, and all of each continuation but its last token.
  CHECK(shared.counters().prompt_tokens == 1 + 15 + 16 + 41 + 4 * (0 + 9 + 18 + 0));
}

TEST_CASE("scores are the log-probabilities of the continuation") {
  const ModelFile file = load_model(models_folder() / "tiny-qwen2");
  const Transformer model = build(file, "full");
  const auto tokens = random_tokens(20, 4);
  const auto logits = all_logits(model, tokens);
  Engine engine(model, {.threads = 1});
  const ScoreRequest request{{tokens.begin(), tokens.begin() + 15}, {tokens.begin() + 15, tokens.end()}};
  const ScoreResult result = engine.score({&request, 1})[0];
  REQUIRE(result.token_logprobs.size() == 5);
  double sum = 0.0;
  for (std::size_t i = 0; i < 5; ++i) {
    const float* row = logits.data() + (14 + i) * model.config.vocab_size;
    double total = 0.0;
    for (std::size_t v = 0; v < model.config.vocab_size; ++v) total += std::exp(static_cast<double>(row[v]));
    const double expected = row[tokens[15 + i]] - std::log(total);
    CHECK(result.token_logprobs[i] == Approx(expected).epsilon(1e-6));
    sum += result.token_logprobs[i];
  }
  CHECK(result.logprob == sum);

  const auto probs = engine.next_token_probs(std::vector<std::vector<TokenId>>{request.context})[0];
  CHECK(std::log(probs[static_cast<std::size_t>(tokens[15])]) == Approx(result.token_logprobs[0]).epsilon(1e-5));
}

TEST_CASE("generation is greedy, seeded when sampled, and the same in any batch") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "rtn-w8-a8");
  std::vector<GenerateRequest> many;
  for (std::size_t i = 0; i < 9; ++i) {
    GenerateRequest request{random_tokens(5 + 9 * i, 50 + i), 3 + 2 * i, {}};
    if (i % 2 == 1) request.sampling = {.temperature = 0.8, .top_k = 20, .top_p = 0.9, .seed = i};
    many.push_back(request);
  }
  Engine batched(model, {.threads = 2, .batch = 4, .chunk = 32});
  const auto together = batched.generate(many);
  for (std::size_t i = 0; i < many.size(); ++i) {
    Engine single(model, {.threads = 1, .batch = 1, .shared_prefix = false});
    const auto alone = single.generate(std::span(many).subspan(i, 1));
    CHECK(alone[0].tokens == together[i].tokens);
    CHECK(together[i].stopped == (together[i].tokens.size() < many[i].max_new_tokens));
  }
  // A greedy token is the one that scores best.
  Engine engine(model, {.threads = 1});
  const ScoreRequest check{many[0].prompt, {together[0].tokens[0]}};
  CHECK(engine.score({&check, 1})[0].greedy());
}

TEST_CASE("the prefix cache stays within its size and answers stay the same") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "full");
  Engine small(model, {.threads = 1, .batch = 2, .prefix_cache_mib = 0}), large(model, {.threads = 1});
  for (std::uint64_t round = 0; round < 3; ++round) {
    std::vector<ScoreRequest> asked;
    for (std::uint64_t i = 0; i < 6; ++i) asked.push_back({random_tokens(50, i), {1}});
    const auto a = small.score(asked), b = large.score(asked);
    for (std::size_t i = 0; i < asked.size(); ++i) CHECK(a[i].logprob == b[i].logprob);
  }
  CHECK(small.counters().prompt_tokens > large.counters().prompt_tokens);
}

TEST_CASE("a model whose activations overflow ends with an error, whatever it is asked for") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  Transformer model = build(file, "full");
  for (float& weight : model.final_norm) weight = 3e38f;
  Engine engine(model, {.threads = 2});
  const ScoreRequest scored{{1, 2}, {3, 4}};
  const GenerateRequest generated{{1, 2}, 4, {}};
  const auto refused = Catch::Contains("[quantlens.not_finite]");
  CHECK_THROWS_WITH(engine.score({&scored, 1}), refused);
  CHECK_THROWS_WITH(engine.generate({&generated, 1}), refused);
  CHECK_THROWS_WITH(engine.next_token_probs(std::vector<std::vector<TokenId>>{{1, 2}}), refused);
}

TEST_CASE("bad requests are refused") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "full");
  Engine engine(model, {.threads = 1});
  const GenerateRequest empty{{}, 4, {}}, unknown{{9999}, 4, {}};
  CHECK_THROWS_AS(engine.generate({&empty, 1}), InputError);
  CHECK_THROWS_AS(engine.generate({&unknown, 1}), InputError);
  CHECK_THROWS_AS(Engine(model, {.threads = 0}), InputError);
  CHECK_THROWS_AS(engine.use_threads(0), InputError);
}

TEST_CASE("an engine that is given other threads goes on with the same answers") {
  const ModelFile file = load_model(models_folder() / "tiny-llama");
  const Transformer model = build(file, "rtn-w4-a8");
  Engine engine(model, {.threads = 1});
  const GenerateRequest request{{1, 5, 9, 2}, 6, {}};
  const std::vector<TokenId> expected = engine.generate({&request, 1}).front().tokens;
  for (const std::size_t threads : {3u, 2u, 1u}) {
    engine.use_threads(threads);
    CHECK(engine.options().threads == threads);
    engine.forget_prompts();
    CHECK(engine.generate({&request, 1}).front().tokens == expected);
  }
}
