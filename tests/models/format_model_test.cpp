#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "../runtime/model_fixtures.hpp"
#include "quantlens/bench/metered_model.hpp"
#include "quantlens/models/masked_text.hpp"
#include "quantlens/models/model_session.hpp"
#include "quantlens/runtime/activation_cache.hpp"

using namespace quantlens;
using namespace quantlens::test;

namespace {

std::shared_ptr<FormatModel> tiny_model() {
  static const ModelSession session(models_folder() / "tiny-llama", {.threads = 1});
  return session.build(parse_format("rtn-w8"));
}

const Prompt the_sky{{}, "The sky"};

/// A model behind an interface that offers texts only.
class TextsOnly final : public TextModel {
 public:
  [[nodiscard]] bool can(Capability) override { return false; }
  std::vector<std::vector<ScoreResult>> score(std::span<const ContinuationRequest>) override { return {}; }
  std::vector<Completion> complete(std::span<const CompletionRequest>) override { return {}; }
  std::vector<ScoreResult> score_text(std::span<const std::string>) override { return {}; }
};

}  // namespace

TEST_CASE("a model is asked by token as it is by text") {
  const auto model = tiny_model();
  const std::vector<TokenId> prompt = model->encode(the_sky);
  CHECK(model->decode(prompt) == "The sky");

  const ContinuationRequest by_text{the_sky, {" is", " was blue"}};
  TokenRequest by_token{prompt, {}};
  for (const std::string& text : by_text.continuations) {
    const std::vector<TokenId> whole = model->encode({{}, "The sky" + text});
    by_token.continuations.emplace_back(whole.begin() + static_cast<std::ptrdiff_t>(prompt.size()), whole.end());
  }
  const auto expected = model->score({&by_text, 1}).front(), scores = model->score_tokens({&by_token, 1}).front();
  REQUIRE(scores.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK(scores[i].token_logprobs == expected[i].token_logprobs);

  const auto probabilities = model->next_token_probs(std::vector<std::vector<TokenId>>{prompt}).front();
  const auto first = static_cast<std::size_t>(by_token.continuations[0][0]);
  CHECK(std::log(probabilities.at(first)) == Approx(scores[0].token_logprobs[0]).epsilon(1e-5));

  const TokenRequest empty{prompt, {{}}};
  CHECK_THROWS_AS(model->score_tokens({&empty, 1}), ItemError);
}

TEST_CASE("masked variants of one text compute what they have in common once") {
  const auto model = tiny_model();
  MaskedRequest request;
  request.prompt = {{}, "A long beginning that no variant hides, so that all of them share it: red, green, blue"};
  const std::string& text = request.prompt.answer_prefix;
  for (const std::string word : {"red", "green", "blue"})
    request.spans.push_back({text.find(word), text.find(word) + word.size()});
  for (std::size_t hidden = 0; hidden < 8; ++hidden)
    request.variants.push_back({(hidden & 1) == 0, (hidden & 2) == 0, (hidden & 4) == 0});
  request.continuations = {" is", " was"};

  const std::vector<ContinuationRequest> requests = masked_requests(request);
  const auto together = model->score(requests);
  const std::uint64_t n_computed = model->counters().prompt_tokens;
  std::size_t n_tokens = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    n_tokens += model->encode(requests[i].prompt).size();
    model->forget_prompts();
    const auto alone = model->score({&requests[i], 1}).front();
    for (std::size_t c = 0; c < 2; ++c) CHECK(alone[c].token_logprobs == together[i][c].token_logprobs);
  }
  CHECK(n_computed < n_tokens / 2);
}

TEST_CASE("an answer from a given set is the one that greedy decoding allows") {
  const auto model = tiny_model();
  const std::vector<std::string> answers{"yes", "no", "nobody", "\x1b`xn"};
  const CompletionRequest request{the_sky, 1, answers, {}, true};
  const Completion completion = model->complete({&request, 1}).front();
  CHECK(std::ranges::find(answers, completion.text) != answers.end());
  CHECK(completion.stopped);

  // Token by token the likeliest that is left: the reference.
  std::vector<TokenId> written = model->encode(the_sky);
  const std::size_t n_prompt = written.size();
  std::vector<std::vector<TokenId>> left;
  for (const std::string& answer : answers) left.push_back(model->encode({{}, "The sky" + answer}));
  while (left.size() > 1) {
    const auto next = model->next_token_probs(std::vector<std::vector<TokenId>>{written}).front();
    const auto likelier = [&](const auto& a, const auto& b) {
      return next[static_cast<std::size_t>(a[written.size()])] < next[static_cast<std::size_t>(b[written.size()])];
    };
    written.push_back((*std::ranges::max_element(left, likelier))[written.size()]);
    std::erase_if(left, [&](const auto& answer) {
      return answer.size() <= written.size() || !std::equal(written.begin(), written.end(), answer.begin());
    });
  }
  if (left.size() == 1) written = left.front();
  CHECK(completion.text.starts_with(model->decode(std::span(written).subspan(n_prompt))));
}

TEST_CASE("a sampled answer depends on its seed alone") {
  const auto model = tiny_model();
  const auto draw = [&](std::uint64_t seed, std::size_t others) {
    std::vector<CompletionRequest> requests(others, {the_sky, 8, {}, {.temperature = 1.5, .seed = 77}});
    requests.push_back({the_sky, 8, {}, {.temperature = 1.5, .seed = seed}});
    return model->complete(requests).back().text;
  };
  CHECK(draw(1, 0) == draw(1, 5));
  CHECK(draw(1, 0) != draw(2, 0));
}

TEST_CASE("hooks reach a model behind its seam and its meter") {
  MeteredModel metered([] { return tiny_model(); });
  CHECK(metered.can(Capability::hooks));
  Hooks hooks(metered.config());
  const ActivationCache cache(hooks, "blocks.0.hook_resid_pre");
  const std::vector<TokenId> tokens = metered.encode(the_sky);
  const std::vector<float> logits = metered.run_with_hooks(tokens, hooks, tokens.size() - 1);
  CHECK(logits.size() == metered.config().vocab_size);
  CHECK(cache["blocks.0.hook_resid_pre"].n_tokens == tokens.size());
  const auto probabilities = metered.next_token_probs(std::vector<std::vector<TokenId>>{tokens}).front();
  CHECK(std::ranges::max_element(logits) - logits.begin() ==
        std::ranges::max_element(probabilities) - probabilities.begin());
  CHECK(metered.meter().seconds > 0);
  CHECK(metered.meter().counters.prompt_tokens == tokens.size());
}

TEST_CASE("what a model cannot do is an error that says so") {
  TextsOnly model;
  CHECK_THROWS_WITH(model.encode(the_sky), Catch::Contains("does not offer requests by token"));
  CHECK_THROWS_WITH(model.config(), Catch::Contains("does not offer hooks"));
  CHECK_THROWS_AS(model.next_token_probs({}), InputError);
  CHECK_THROWS_AS(model.score_tokens({}), InputError);
}
