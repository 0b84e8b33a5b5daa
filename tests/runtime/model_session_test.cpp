#include "quantlens/runtime/model_session.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "model_fixtures.hpp"

using namespace quantlens;
using namespace quantlens::testing;

namespace {

/// The tiny model with a chat template; its tokens are the bytes, <|bos|> is 256.
ModelFile chat_model(bool adds_bos) {
  ModelFile file = load_model(models_folder() / "tiny-llama");
  file.chat_template = "{{ bos_token }}{% for m in messages %}[{{ m['content'] }}]{% endfor %}";
  file.tokenizer.add_bos = adds_bos;
  return file;
}

/// The ids of a text, byte by byte: no merges, and nothing special in it.
std::vector<TokenId> plain(const ChatEncoder& encoder, const std::string& text) {
  std::vector<TokenId> ids;
  for (const char c : text) ids.push_back(encoder.tokenizer().encode(std::string(1, c)).at(0));
  return ids;
}

}  // namespace

TEST_CASE("a prompt without messages is bare text: no chat template, BOS only by the model's own rule") {
  const ChatEncoder with_bos(chat_model(true)), without_bos(chat_model(false));
  const Prompt prompt{{}, "The sky<|eos|>"};
  std::vector<TokenId> expected = plain(without_bos, "The sky<|eos|>");
  CHECK(expected.size() == 14);
  CHECK(without_bos.encode(prompt) == expected);
  expected.insert(expected.begin(), 256);
  CHECK(with_bos.encode(prompt) == expected);

  const Prompt chat{{{"user", "The sky"}}, ""};
  expected = plain(without_bos, "[The sky]");
  expected.insert(expected.begin(), 256);
  CHECK(with_bos.encode(chat) == expected);
  CHECK(without_bos.encode(chat) == expected);
}

TEST_CASE("a continuation of bare text is scored behind that text alone") {
  const ChatEncoder encoder(chat_model(false));
  const ScoreRequest request = encoder.score_request({{{}, "The sky "}, "is"});
  CHECK(request.context == plain(encoder, "The sky"));
  CHECK(request.continuation == plain(encoder, " is"));
}

// What transformers generates after "The sky" is the expectation of tests/tools/quantlens_cli_test.cpp, too.
TEST_CASE("a completion tells its first token, a score how many tokens are the greedy ones") {
  const ModelSession session(models_folder() / "tiny-llama", {.threads = 1});
  const auto model = session.build(parse_format("full"));
  const Prompt prompt{{}, "The sky"};
  const std::vector<CompletionRequest> asked{{prompt, 4}, {prompt, 0}};
  const std::vector<Completion> completions = model->complete(asked);
  CHECK(completions[0].text == "\x1b`\x0en");
  CHECK(completions[0].first_token == "\x1b");
  CHECK(completions[1].first_token.empty());

  const std::vector<ContinuationRequest> scored{{prompt, "\x1b`\x0en"}, {prompt, "\x1b`xn"}, {prompt, "x`\x0en"}};
  const std::vector<ScoreResult> scores = model->score(scored);
  CHECK(scores[0].n_greedy == 4);
  CHECK(scores[0].greedy());
  CHECK(scores[1].n_greedy == 2);
  CHECK_FALSE(scores[1].greedy());
  CHECK(scores[2].n_greedy == 0);
}
