#include "quantlens/bench/fidelity.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "../runtime/model_fixtures.hpp"
#include "quantlens/convert/dense_matrix.hpp"
#include "quantlens/io/data_folders.hpp"
#include "quantlens/runtime/engine.hpp"
#include "quantlens/runtime/pack.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

const ModelFile& model_file() {
  static const ModelFile file = load_model(models_folder() / "tiny-llama");
  return file;
}

/// 71 tokens, so that a window does not end with a chunk.
std::vector<std::vector<TokenId>> some_windows() {
  std::vector<std::vector<TokenId>> windows(3, std::vector<TokenId>(71));
  for (std::size_t w = 0; w < windows.size(); ++w)
    for (std::size_t i = 0; i < windows[w].size(); ++i) windows[w][i] = static_cast<TokenId>((37 * i + 11 * w) % 256);
  return windows;
}

/// Two windows, and one whose first 67 tokens are given.
std::vector<ScoreRequest> some_requests() {
  std::vector<ScoreRequest> requests;
  for (const auto& window : some_windows()) requests.push_back({{}, window});
  requests[1].context.assign(requests[1].continuation.begin(), requests[1].continuation.begin() + 67);
  requests[1].continuation.erase(requests[1].continuation.begin(), requests[1].continuation.begin() + 67);
  return requests;
}

/// Full precision in which blocks add nothing but `factor` times what their MLP makes of its inputs.
Transformer mlp_only(double factor) {
  Transformer model = build(model_file(), "full");
  const auto scaled = [&](const WeightMatrix& matrix, double by) {
    DenseMatrix dense = decode_matrix(matrix);
    for (float& value : dense.values.span()) value = static_cast<float>(value * by);
    return dense_linear(dense.view(), active_kernels());
  };
  for (std::size_t i = 0; i < model.blocks.size(); ++i) {
    model.blocks[i][BlockPart::o] = scaled(model_file().weights.blocks[i][BlockPart::o], 0.0);
    model.blocks[i][BlockPart::down] = scaled(model_file().weights.blocks[i][BlockPart::down], factor);
  }
  return model;
}

}  // namespace

TEST_CASE("a format that is full agrees with full in everything") {
  Transformer full = build(model_file(), "full"), same = build(model_file(), "full");
  const Agreement agreement = measure_agreement(full, same, some_requests(), 2);
  CHECK(agreement.n_sequences == 3);
  CHECK(agreement.n_tokens == 70 + 4 + 70);
  CHECK(agreement.perplexity == agreement.full_perplexity);
  CHECK(agreement.kl.value == 0.0);
  CHECK(agreement.nll_increase.value == 0.0);
  CHECK(agreement.top1.value == 1.0);
  CHECK_FALSE(agreement.kl.interval);
  const Distortion distortion = measure_distortion(model_file().weights, full, same, some_windows(), 2);
  CHECK(distortion.relative_error == 0.0);
  CHECK(distortion.worst_relative_error == 0.0);
  CHECK_FALSE(distortion.snr_db);
}

TEST_CASE("agreement is what the engine's own scores and probabilities say") {
  const Transformer full = build(model_file(), "full"), format = build(model_file(), "rtn-w3");
  const std::vector<ScoreRequest> requests = some_requests();
  const Agreement agreement = measure_agreement(full, format, requests, 2);

  EngineOptions options;
  options.threads = 1;
  Engine full_engine(full, options), engine(format, options);
  std::vector<std::vector<TokenId>> prompts;
  for (const ScoreRequest& request : requests) {
    std::vector<TokenId> tokens = request.context;
    if (tokens.empty()) tokens.push_back(request.continuation[0]);
    for (std::size_t i = request.context.empty() ? 1 : 0; i < request.continuation.size(); ++i) {
      prompts.push_back(tokens);
      tokens.push_back(request.continuation[i]);
    }
  }
  const auto p = full_engine.next_token_probs(prompts), q = engine.next_token_probs(prompts);
  double kl = 0, agreeing = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    for (std::size_t t = 0; t < p[i].size(); ++t)
      kl += static_cast<double>(p[i][t]) * std::log(static_cast<double>(p[i][t]) / static_cast<double>(q[i][t]));
    const auto top = [](const std::vector<float>& probs) { return std::max_element(probs.begin(), probs.end()); };
    agreeing += top(p[i]) - p[i].begin() == top(q[i]) - q[i].begin() ? 1.0 : 0.0;
  }
  const auto nll = [&](Engine& scorer) {
    double sum = 0;
    for (const ScoreResult& result : scorer.score(requests)) sum -= result.logprob;
    return sum / static_cast<double>(p.size());
  };
  const double full_nll = nll(full_engine), format_nll = nll(engine);
  CHECK(agreement.kl.value == Approx(kl / static_cast<double>(p.size())).epsilon(1e-4));
  CHECK(agreement.kl.value > 1e-4);
  REQUIRE(agreement.kl.interval);
  CHECK(agreement.kl.interval->lo <= agreement.kl.value);
  CHECK(agreement.kl.interval->hi >= agreement.kl.value);
  CHECK(agreement.top1.value == Approx(agreeing / static_cast<double>(p.size())));
  CHECK(agreement.full_perplexity == Approx(std::exp(full_nll)).epsilon(1e-9));
  CHECK(agreement.perplexity == Approx(std::exp(format_nll)).epsilon(1e-9));
  CHECK(agreement.nll_increase.value == Approx(format_nll - full_nll).epsilon(1e-6));
}

TEST_CASE("an error of half the outputs is a relative error of one half, or 6 dB") {
  Transformer full = mlp_only(1.0), format = mlp_only(1.5);
  const std::vector<float> logits = all_logits(full, some_windows()[0]);
  const Distortion distortion = measure_distortion(model_file().weights, full, format, some_windows(), 2);
  CHECK(distortion.relative_error == Approx(0.5).epsilon(1e-5));
  CHECK(distortion.worst_relative_error == Approx(0.5).epsilon(1e-5));
  REQUIRE(distortion.snr_db);
  CHECK(*distortion.snr_db == Approx(20 * std::log10(2.0)).epsilon(1e-5));
  CHECK(all_logits(full, some_windows()[0]) == logits);

  // Only the last block is off: later blocks would not see it anyway, earlier ones are exact.
  Transformer last = mlp_only(1.0);
  last.blocks.back()[BlockPart::down] = std::move(format.blocks.back()[BlockPart::down]);
  const Distortion one = measure_distortion(model_file().weights, full, last, some_windows(), 1);
  CHECK(one.relative_error == Approx(0.5 / static_cast<double>(full.blocks.size())).epsilon(1e-5));
  CHECK(one.worst_relative_error == Approx(0.5).epsilon(1e-5));
  CHECK_FALSE(one.snr_db);
}

TEST_CASE("text that predicts nothing is refused") {
  const Transformer full = build(model_file(), "full");
  const std::vector<ScoreRequest> none, single{{{}, {1}}};
  CHECK_THROWS_AS(measure_agreement(full, full, none, 1), InputError);
  CHECK_THROWS_AS(measure_agreement(full, full, single, 1), InputError);
}
